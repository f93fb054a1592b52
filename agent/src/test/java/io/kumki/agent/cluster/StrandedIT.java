package io.kumki.agent.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A standby that gets nothing is copied anew only with the proof that nothing else can help. */
@Timeout(300)
class StrandedIT {

    private static void keepsLog(TestNode leader, String size, String slots) throws Exception {
        leader.send(
                "PATCH",
                "/config",
                "{\"postgresql\": {\"parameters\": {\"wal_keep_size\": \""
                        + size
                        + "\", \"max_slot_wal_keep_size\": \""
                        + slots
                        + "\", \"min_wal_size\": \"32MB\"}}}");
        Await.until(
                "wal_keep_size " + size,
                Duration.ofSeconds(30),
                () -> leader.query("SHOW wal_keep_size").equals(size),
                leader::logTail);
    }

    @Test
    void goneLogMeansACopyAndABlockedStreamNever() throws Exception {
        try (TestCluster cluster = TestCluster.start(3, TestCluster.Settings.USUAL)) {
            TestNode leader = cluster.leader().orElseThrow();
            TestNode gone = cluster.others(leader).getFirst();
            TestNode blocked = cluster.others(leader).getLast();
            leader.execute("CREATE TABLE t AS SELECT 1 AS n");
            keepsLog(leader, "16MB", "16MB");
            gone.killAll();
            for (int i = 0; i < 8; i++) {
                leader.execute("INSERT INTO t VALUES (" + i + ")");
                leader.execute("SELECT pg_switch_wal()");
            }
            leader.execute("CHECKPOINT");
            keepsLog(leader, "128MB", "-1");
            blocked.killAll();
            // somebody else uses its slot: its stream is refused, our questions are answered
            Process thief = receive(cluster, leader, blocked.name);
            try {
                Await.until(
                        "the slot in other hands",
                        Duration.ofSeconds(20),
                        () -> active(leader, blocked.name),
                        cluster::describe);
                leader.execute("INSERT INTO t VALUES (9)");
                blocked.start();
                gone.start();

                Await.until(
                        "a copy of the one whose log is gone",
                        Duration.ofSeconds(130),
                        () -> gone.logText().contains("rule=rejoin.clones"),
                        cluster::describe);
                assertThat(gone.logText()).contains("the leader doesn't have the log from");
                assertThat(blocked.json("/patroni").path("rejoin").path("rule").asText())
                        .startsWith("rejoin.");
                Await.until(
                        "its rows",
                        Duration.ofSeconds(40),
                        () -> gone.query("SELECT count(*) FROM t").equals("10"),
                        cluster::describe);
                // stalled for longer than the other one, which is copied by now
                Await.until(
                        "what the blocked one waits for",
                        Duration.ofSeconds(20),
                        () ->
                                blocked.json("/decisions")
                                        .toString()
                                        .contains("the leader has the log"),
                        cluster::describe);
                assertThat(blocked.status("/replica")).as("it stands still").isEqualTo(503);
                assertThat(blocked.json("/patroni").path("standstill").path("reason").asText())
                        .contains("nothing is received or replayed since");
                assertThat(stalledSeconds(blocked)).isGreaterThan(30);
                assertThat(stalledSeconds(gone)).isZero();
                Await.until(
                        "the copied one to be healthy",
                        Duration.ofSeconds(20),
                        () -> gone.status("/replica") == 200,
                        cluster::describe);
                heldBackByHandItIsNoStandstill(cluster, leader, blocked);
                assertThat(blocked.logText())
                        .contains("rule=rejoin.stalled")
                        .doesNotContain("rejoin.clones");
            } finally {
                thief.destroyForcibly();
            }
            cluster.awaitHealthy();
            assertThat(blocked.logText()).doesNotContain("rejoin.clones");
        }
    }

    /**
     * In maintenance mode replay that an operator has paused stays so; else the agent resumes it.
     */
    private static void heldBackByHandItIsNoStandstill(
            TestCluster cluster, TestNode leader, TestNode blocked) throws Exception {
        leader.send("PATCH", "/config", "{\"pause\": true}");
        Await.until(
                "maintenance mode",
                Duration.ofSeconds(20),
                () -> blocked.json("/patroni").path("pause").asBoolean(),
                cluster::describe);
        blocked.execute("SELECT pg_wal_replay_pause()");
        Await.until(
                "health while replay is paused by hand",
                Duration.ofSeconds(20),
                () -> blocked.status("/replica") == 200 && stalledSeconds(blocked) == 0,
                cluster::describe);
        assertThat(blocked.query("SELECT pg_is_wal_replay_paused()")).isEqualTo("t");
        assertThat(blocked.json("/patroni").has("standstill")).isFalse();

        leader.send("PATCH", "/config", "{\"pause\": null}");
        Await.until(
                "its replay to go on",
                Duration.ofSeconds(20),
                () -> blocked.query("SELECT pg_is_wal_replay_paused()").equals("f"),
                cluster::describe);
    }

    private static double stalledSeconds(TestNode node) {
        return node.send("GET", "/metrics", "")
                .orElseThrow()
                .body()
                .lines()
                .filter(line -> line.startsWith("kumki_standby_stalled_seconds{"))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.indexOf(' ') + 1)))
                .sum();
    }

    private static boolean active(TestNode leader, String slot) throws java.sql.SQLException {
        return leader.query(
                        "SELECT active FROM pg_replication_slots WHERE slot_name = '" + slot + "'")
                .equals("t");
    }

    private static Process receive(TestCluster cluster, TestNode leader, String slot)
            throws java.io.IOException {
        ProcessBuilder builder =
                new ProcessBuilder(
                        "/usr/lib/postgresql/15/bin/pg_receivewal",
                        "-h",
                        "127.0.0.1",
                        "-p",
                        Integer.toString(leader.pgPort),
                        "-U",
                        "replicator",
                        "-D",
                        java.nio.file.Files.createDirectory(cluster.home().resolve("stolen"))
                                .toString(),
                        "-S",
                        slot);
        builder.environment().put("PGPASSWORD", TestNode.PASSWORD);
        return builder.redirectErrorStream(true)
                .redirectOutput(cluster.home().resolve("stolen.log").toFile())
                .start();
    }
}
