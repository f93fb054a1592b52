package io.kumki.agent.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A restore_command that never returns holds up its server, and nothing else. */
@Timeout(150)
class RestoreHangsIT {

    private static final Duration LIMIT = Duration.ofSeconds(60);

    @Test
    void theAgentAnswersAndStopsTheServerAndTheNextStartWithoutItStreams() throws Exception {
        try (TestCluster cluster = TestCluster.start(1, TestCluster.Settings.USUAL)) {
            TestNode leader = cluster.nodes.getFirst();
            leader.execute("CREATE TABLE t AS SELECT 1 AS n");
            TestNode node = cluster.addNode("n2");
            Path pid = cluster.home().resolve("restore-pid");
            String usual = cluster.yaml(node);
            node.writeConfig(
                    usual.replace(
                            "  pgpass:",
                            "  recovery_conf: {restore_command: 'echo $$ > "
                                    + pid
                                    + "; exec sleep 600'}\n  pgpass:"));
            node.start();
            Await.until("the hanging command", LIMIT, () -> Files.size(pid) > 0, cluster::describe);
            long hanging = Long.parseLong(Files.readString(pid).strip());

            // the loop turns on, and the probes know where this node is
            long turns = node.turns();
            Await.until("turns", LIMIT, () -> node.turns() > turns + 3, cluster::describe);
            assertThat(node.status("/liveness")).isEqualTo(200);
            assertThat(node.status("/replica")).isEqualTo(503);
            assertThat(node.json("/patroni").path("state").asText()).isEqualTo("starting");
            assertThat(leader.leads()).isTrue();

            assertThat(node.stop()).isZero();
            assertThat(node.postmaster()).isEmpty();
            Await.until(
                    "the command's end",
                    Duration.ofSeconds(10),
                    () -> ProcessHandle.of(hanging).filter(ProcessHandle::isAlive).isEmpty(),
                    cluster::describe);

            node.writeConfig(usual);
            node.start();
            cluster.awaitHealthy();
            assertThat(node.query("SELECT n FROM t")).isEqualTo("1");
        }
    }
}
