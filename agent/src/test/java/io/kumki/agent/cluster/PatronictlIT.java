package io.kumki.agent.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/** Debian's patronictl, a real client of the peer's, works on our cluster. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(120)
class PatronictlIT {

    private static final Path PATRONICTL = Path.of("/usr/bin/patronictl");

    private TestCluster cluster;

    @BeforeAll
    void start() throws IOException {
        assumeTrue(
                Files.isExecutable(PATRONICTL),
                "package patroni isn't installed: patronictl can't be tried");
        cluster = TestCluster.start(2, TestCluster.Settings.USUAL);
        Files.writeString(config(), "scope: it\netcd3:\n  hosts: " + cluster.etcdHosts() + "\n");
    }

    @AfterAll
    void end() {
        if (cluster != null) {
            cluster.close();
        }
    }

    @BeforeEach
    void healthy() {
        cluster.awaitHealthy();
    }

    private Path config() {
        return cluster.home().resolve("patronictl.yml");
    }

    private String ctl(String... arguments) {
        List<String> command =
                new ArrayList<>(List.of(PATRONICTL.toString(), "-c", config().toString()));
        command.addAll(List.of(arguments));
        Programs.Result result = Programs.run(Duration.ofSeconds(60), command);
        assertThat(result.exitCode()).as(command + ": " + result.output()).isZero();
        return result.output();
    }

    @Test
    void listShowsLeaderAndStreamingReplica() {
        TestNode leader = cluster.leader().orElseThrow();
        String list = ctl("list", "-f", "tsv");
        assertThat(list)
                .contains(leader.name + "\t")
                .contains("Leader\trunning")
                .containsPattern("Replica\\t(running|streaming)");
        assertThat(ctl("topology")).contains("+ " + cluster.others(leader).getFirst().name);
    }

    @Test
    void configurationIsShownAndEdited() {
        assertThat(ctl("show-config")).contains("ttl: 20").contains("use_pg_rewind: true");
        assertThat(ctl("edit-config", "--force", "-s", "maximum_lag_on_failover=2097152"))
                .contains("Configuration changed");
        assertThat(ctl("show-config")).contains("maximum_lag_on_failover: 2097152");
        assertThat(ctl("edit-config", "--force", "-s", "maximum_lag_on_failover=2097152"))
                .contains("Not changed");
    }

    @Test
    void pauseAndResumeReachAllMembers() {
        assertThat(ctl("pause", "--wait")).contains("Success: cluster management is paused");
        assertThat(ctl("list")).contains("Maintenance mode: on");
        assertThat(ctl("resume", "--wait")).contains("Success: cluster management is resumed");
    }

    @Test
    void switchoverMovesTheLeadAndHistoryTellsIt() {
        TestNode old = cluster.leader().orElseThrow();
        TestNode next = cluster.others(old).getFirst();
        assertThat(ctl("switchover", "--master", old.name, "--candidate", next.name, "--force"))
                .contains("Successfully switched over to \"" + next.name + "\"");
        Await.until("the new leader", Duration.ofSeconds(20), next::leads, cluster::describe);
        assertThat(ctl("history", "-f", "json")).contains(next.name);
    }

    @Test
    void restartAndReloadSucceed() {
        TestNode replica = cluster.others(cluster.leader().orElseThrow()).getFirst();
        long before = replica.postmaster().orElseThrow();
        assertThat(ctl("restart", "it", replica.name, "--force"))
                .contains("Success: restart on member " + replica.name);
        assertThat(replica.postmaster())
                .isPresent()
                .hasValueSatisfying(pid -> assertThat(pid).isNotEqualTo(before));
        assertThat(ctl("reload", "it", replica.name, "--force"))
                .contains("Reload request received for member " + replica.name);
    }
}
