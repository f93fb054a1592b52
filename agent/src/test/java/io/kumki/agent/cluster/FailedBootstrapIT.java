package io.kumki.agent.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.dcs.etcd.EtcdProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A member that can't create the cluster leaves the right to others, however it fails. */
@Timeout(200)
class FailedBootstrapIT {

    private static final Duration LIMIT = Duration.ofSeconds(60);

    private TestCluster cluster;
    private TestNode n1;

    @Test
    void theNextOneSucceeds() throws Exception {
        cluster =
                TestCluster.prepare(
                        2, new TestCluster.Settings(8, 1, 3, "", ""), EtcdProcess.single());
        try (TestCluster _ = cluster) {
            n1 = cluster.nodes.get(0);
            aMethodThatPrintsMegabytesAndFails();
            aScriptThatFailsOnTheNewCluster();
            TestNode n2 = cluster.nodes.get(1);
            aMethodThatHangsIsBrokenOffByTheEndOfItsAgent(n2);

            n1.writeConfig(cluster.yaml(n1));
            n1.start();
            cluster.awaitHealthy();
            assertThat(cluster.leader()).contains(n2);
        }
    }

    private void aMethodThatPrintsMegabytesAndFails() throws Exception {
        String noise = "i=0; while [ $i -lt 200 ]; do head -c 65536 /dev/zero | tr '\\0' x; ";
        String command = script("noisy", noise + "i=$((i+1)); done; echo no backup >&2; exit 3");

        bootstrapsWith("method: noisy\n  noisy:\n    command: " + command);

        givesUp("bootstrap method noisy failed: exit code 3: no backup");
        assertThat(Files.size(n1.log())).isLessThan(1_000_000);
    }

    private void aScriptThatFailsOnTheNewCluster() throws Exception {
        Files.delete(n1.log());
        String command = script("post", "echo \"$PGPASSFILE $PGOPTIONS\" > $0.seen; exit 4");

        bootstrapsWith("post_bootstrap: " + command);

        givesUp("post_bootstrap failed: exit code 4");
        assertThat(n1.dir.resolve("post.seen"))
                .content()
                .startsWith(n1.dir.toString())
                .contains("-c synchronous_commit=local");
        assertThat(n1.data()).doesNotExist();
        assertThat(n1.dir.resolve("data.failed/PG_VERSION")).exists();
        assertThat(n1.postmaster()).isEmpty();
    }

    private void aMethodThatHangsIsBrokenOffByTheEndOfItsAgent(TestNode n2) throws Exception {
        String command = script("hangs", "sleep 3600 & echo $! > $0.new; mv $0.new $0.pid; wait");
        bootstrapsWith("method: hangs\n  hangs:\n    command: " + command);
        Path child = n1.dir.resolve("hangs.pid");
        Await.until("the method", LIMIT, () -> Files.exists(child), n1::logTail);
        n2.start();
        Await.until(
                "n2 to wait",
                LIMIT,
                () -> n2.logText().contains("another member is creating the cluster"),
                cluster::describe);
        long pid = Long.parseLong(Files.readString(child).strip());

        assertThat(n1.stop()).isZero();

        assertThat(cluster.awaitLeader(LIMIT)).isSameAs(n2);
        Path status = Path.of("/proc/" + pid + "/status");
        assertThat(!Files.exists(status) || Files.readString(status).contains("State:\tZ"))
                .isTrue();
    }

    private void bootstrapsWith(String setting) {
        n1.writeConfig(
                cluster.yaml(n1).replaceFirst("(?m)^bootstrap:$", "bootstrap:\n  " + setting));
        n1.start();
    }

    private void givesUp(String why) {
        Await.until("the agent to end", LIMIT, () -> !n1.agentLives(), n1::logTail);
        assertThat(n1.exitCode()).isNotZero();
        assertThat(n1.logText()).contains("Failed to bootstrap cluster").contains(why);
    }

    private String script(String name, String body) throws IOException {
        Path file = n1.dir.resolve(name);
        Files.writeString(file, "#!/bin/sh\n" + body + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
        return file.toString();
    }
}
