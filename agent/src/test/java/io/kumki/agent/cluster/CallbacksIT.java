package io.kumki.agent.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.dcs.etcd.EtcdProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the configured callbacks are told in the life of a cluster, and in which order. */
@Timeout(200)
class CallbacksIT {

    private static final Duration LIMIT = Duration.ofSeconds(60);

    private TestCluster cluster;

    @Test
    void tellTheWholeLifeOfACluster() throws Exception {
        cluster =
                TestCluster.prepare(
                        2, new TestCluster.Settings(8, 1, 3, "", ""), EtcdProcess.single());
        try (TestCluster _ = cluster) {
            TestNode n1 = cluster.nodes.get(0);
            TestNode n2 = cluster.nodes.get(1);
            withCallbacks(n1);
            withCallbacks(n2);
            n1.start();
            cluster.awaitLeader(LIMIT);
            heard(n1, "on_start primary");
            n2.start();
            cluster.awaitHealthy();
            heard(n2, "on_start replica");

            restartsAndReloads(n1, n2);
            switchesOver(n1, n2);
            failsOver(n1, n2);
            aHangingOneIsKilledByTheNext(n1);
            theLastOneOutlivesItsAgent(n1);
        }
    }

    private void restartsAndReloads(TestNode n1, TestNode n2) {
        assertThat(send(n2, "POST", "/restart", "{}")).isEqualTo("restarted successfully");
        heard(n2, "on_start replica", "on_restart replica");
        int before = reloads(n1, "primary");
        int behind = reloads(n2, "replica");
        send(n1, "PATCH", "/config", "{\"postgresql\":{\"parameters\":{\"work_mem\":\"5MB\"}}}");
        Await.until(
                "on_reload on both",
                LIMIT,
                () -> reloads(n1, "primary") > before && reloads(n2, "replica") > behind,
                cluster::describe);
    }

    private void switchesOver(TestNode n1, TestNode n2) {
        send(
                n1,
                "POST",
                "/switchover",
                "{\"leader\":\"%s\",\"candidate\":\"%s\"}".formatted(n1.name, n2.name));
        cluster.awaitHealthy();
        heard(n1, "on_start primary", "on_stop primary", "on_role_change replica");
        heard(n2, "on_start replica", "on_restart replica", "on_role_change primary");
    }

    private void failsOver(TestNode n1, TestNode n2) {
        n2.killAll();
        cluster.awaitLeaderOtherThan(n2, LIMIT);
        heard(
                n1,
                "on_start primary",
                "on_stop primary",
                "on_role_change replica",
                "on_role_change primary");
        forget(n2);
        n2.start();
        cluster.awaitHealthy();
        heard(n2, "on_start replica");
    }

    private void aHangingOneIsKilledByTheNext(TestNode n1) throws IOException {
        forget(n1);
        Files.writeString(n1.dir.resolve("hang"), "on_restart");
        assertThat(send(n1, "POST", "/restart", "{}")).isEqualTo("restarted successfully");
        heard(n1, "on_restart primary");
        Path child = n1.dir.resolve("child");
        Await.until("the child", LIMIT, () -> Files.exists(child), cluster::describe);
        long pid = Long.parseLong(Files.readString(child).strip());
        assertThat(runs(pid)).isTrue();

        Files.delete(n1.dir.resolve("hang"));
        assertThat(send(n1, "POST", "/restart", "{}")).isEqualTo("restarted successfully");

        heard(n1, "on_restart primary", "on_restart primary");
        assertThat(runs(pid)).isFalse();
    }

    /** A dead process that nobody has reaped doesn't run. */
    private static boolean runs(long pid) throws IOException {
        Path status = Path.of("/proc/" + pid + "/status");
        return Files.exists(status) && !Files.readString(status).contains("State:\tZ");
    }

    /** Such as one that takes an address away. */
    private void theLastOneOutlivesItsAgent(TestNode leader) throws IOException {
        forget(leader);
        Files.writeString(leader.dir.resolve("slow"), "on_stop");
        assertThat(leader.stop()).isZero();
        Await.until(
                "the end of on_stop",
                LIMIT,
                () -> calls(leader).contains("on_stop primary it done"),
                cluster::describe);
    }

    private void withCallbacks(TestNode node) throws IOException {
        Path script = node.dir.resolve("callback");
        Files.writeString(
                script,
                """
                #!/bin/sh
                echo "$2 $3 $4" >> %1$s/calls
                if [ "$2" = "$(cat %1$s/hang 2>/dev/null)" ]; then
                  trap '' TERM
                  (trap '' TERM; exec sleep 3600) & echo $! > %1$s/child.new
                  mv %1$s/child.new %1$s/child
                  wait; sleep 3600
                fi
                if [ "$2" = "$(cat %1$s/slow 2>/dev/null)" ]; then
                  sleep 1; echo working; sleep 6; echo "$2 $3 $4 done" >> %1$s/calls
                fi
                """
                        .formatted(node.dir));
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwx------"));
        StringBuilder section = new StringBuilder("  callbacks:\n");
        for (String name :
                List.of("on_start", "on_stop", "on_restart", "on_reload", "on_role_change")) {
            section.append("    %s: %s 'two words'\n".formatted(name, script));
        }
        node.writeConfig(cluster.yaml(node) + section);
    }

    private static String send(TestNode node, String method, String path, String body) {
        return node.send(method, path, body).orElseThrow().body();
    }

    /** All calls so far but those of {@code on_reload}, which have a lane of their own. */
    private void heard(TestNode node, String... expected) {
        List<String> wanted = List.of(expected).stream().map(call -> call + " it").toList();
        Await.until(
                node.name + " to call " + wanted,
                LIMIT,
                () ->
                        calls(node).stream()
                                .filter(call -> !call.startsWith("on_reload"))
                                .toList()
                                .equals(wanted),
                () -> calls(node) + cluster.describe());
    }

    private static int reloads(TestNode node, String role) {
        return (int)
                calls(node).stream()
                        .filter(call -> call.equals("on_reload " + role + " it"))
                        .count();
    }

    private static void forget(TestNode node) {
        try {
            Files.deleteIfExists(node.dir.resolve("calls"));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static List<String> calls(TestNode node) {
        try {
            Path file = node.dir.resolve("calls");
            return Files.exists(file) ? Files.readAllLines(file) : List.of();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
