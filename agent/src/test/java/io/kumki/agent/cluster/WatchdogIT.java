package io.kumki.agent.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The watchdog through a cluster's life; its device is a named pipe, see docs/watchdog.md. */
class WatchdogIT {

    private static final Duration LIMIT = Duration.ofSeconds(40);

    private static String section(Path device) {
        return "watchdog: {mode: required, driver: testing, device: " + device + "}\n";
    }

    private static Path device(TestNode node) {
        return node.dir.resolve("watchdog");
    }

    @Test
    @Timeout(180)
    void isArmedWhereTheLeaderIsAndNowhereElse() throws Exception {
        try (TestCluster cluster = TestCluster.prepare(2, TestCluster.Settings.USUAL);
                WatchdogPipe first = WatchdogPipe.at(device(cluster.nodes.getFirst()));
                WatchdogPipe second = WatchdogPipe.at(device(cluster.nodes.getLast()))) {
            for (TestNode node : cluster.nodes) {
                node.writeConfig(cluster.yaml(node) + section(device(node)));
            }
            cluster.nodes.forEach(TestNode::start);
            cluster.awaitHealthy();
            TestNode old = cluster.leader().orElseThrow();
            TestNode next = cluster.others(old).getFirst();
            WatchdogPipe oldPipe = old == cluster.nodes.getFirst() ? first : second;
            WatchdogPipe nextPipe = oldPipe == first ? second : first;

            assertThat(oldPipe.told()).startsWith("Ctimeout=15\n1");
            assertThat(nextPipe.told()).isEmpty();
            long before = oldPipe.keepAlives();
            await(cluster, "keep-alives", () -> oldPipe.keepAlives() >= before + 2);
            assertThat(body(old, "/metrics"))
                    .contains("kumki_watchdog_timeout_seconds")
                    .containsPattern("kumki_watchdog_armed\\{[^}]*} 1\n");

            old.send("PATCH", "/config", "{\"pause\": true}");
            await(cluster, "pause to disarm", oldPipe::disarmed);
            old.send("PATCH", "/config", "{\"pause\": null}");
            await(cluster, "the end of pause to arm", () -> oldPipe.told().endsWith("1"));

            old.send("POST", "/switchover", "{\"leader\": \"" + old.name + "\"}");
            cluster.awaitLeaderOtherThan(old, LIMIT);
            assertThat(nextPipe.told()).startsWith("Ctimeout=15\n1");
            await(cluster, "the old leader to disarm", oldPipe::disarmed);
            cluster.awaitHealthy();

            assertThat(next.stop()).isZero();
            assertThat(nextPipe.disarmed()).isTrue();
            cluster.awaitLeader(LIMIT);
            old.killAgent();
            assertThat(oldPipe.disarmed()).as("told nothing by an agent that was killed").isFalse();
        }
    }

    @Test
    @Timeout(180)
    void aMemberWithoutItsRequiredWatchdogDoesNotLead() throws Exception {
        try (TestCluster cluster = TestCluster.prepare(1, TestCluster.Settings.USUAL)) {
            TestNode node = cluster.nodes.getFirst();
            node.writeConfig(cluster.yaml(node) + section(device(node)));
            node.start();
            await(
                    cluster,
                    "a decision to wait",
                    () -> body(node, "/decisions").contains("bootstrap.unfit-waits"));
            assertThat(node.json("/patroni").path("watchdog_failed").asBoolean()).isTrue();
            assertThat(node.postmaster()).isEmpty();

            try (WatchdogPipe pipe = WatchdogPipe.at(device(node))) {
                cluster.awaitLeader(LIMIT);
                assertThat(pipe.told()).startsWith("Ctimeout=15\n1");
                assertThat(node.json("/patroni").has("watchdog_failed")).isFalse();

                node.writeConfig(cluster.yaml(node) + section(node.dir.resolve("none")));
                TestNode.signal("HUP", node.agentPid());
                await(
                        cluster,
                        "the primary's end",
                        () -> body(node, "/decisions").contains("leader.unguarded-stops"));
                await(cluster, "the old device to be disarmed", pipe::disarmed);
                await(
                        cluster,
                        "the member to say so",
                        () -> node.json("/patroni").path("watchdog_failed").asBoolean());
                await(
                        cluster,
                        "a standby",
                        () -> node.query("SELECT pg_is_in_recovery()").equals("t"));

                node.writeConfig(cluster.yaml(node) + section(device(node)));
                TestNode.signal("HUP", node.agentPid());
                cluster.awaitLeader(LIMIT);
                assertThat(pipe.disarmed()).isFalse();
            }
        }
    }

    private static String body(TestNode node, String path) {
        return node.send("GET", path, "").map(HttpResponse::body).orElse("");
    }

    private static void await(TestCluster cluster, String what, Await.Condition reached) {
        Await.until(what, LIMIT, reached, cluster::describe);
    }
}
