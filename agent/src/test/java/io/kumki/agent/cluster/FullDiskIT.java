package io.kumki.agent.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A primary whose storage takes no more log, and one that crashes again and again: each hands over
 * to the standby, which is better off.
 *
 * <p>The full one is a volume of its own: {@code tools/test-jvm} mounts a small one for this JVM
 * and its children where it may.
 */
class FullDiskIT {

    private static final Duration LIMIT = Duration.ofSeconds(60);

    private static final String COLLECTOR =
            """
                logging_collector: "on"
                log_filename: server.log
            """;

    /** What else is on the volume; removed, there is room again. */
    private static final int BALLAST_BYTES = 128 << 20;

    @Test
    @Timeout(300)
    void aLeaderWithoutRoomAndOneInACrashLoopHandOver() throws Exception {
        Optional<Path> volume = Optional.ofNullable(System.getenv("SMALL_VOLUME")).map(Path::of);
        assumeTrue(
                volume.isPresent(),
                "no small volume: tools/test-jvm mounts one if root runs it and may mount");
        TestCluster.Settings settings =
                new TestCluster.Settings(20, 2, 5, "", COLLECTOR.indent(0).stripTrailing());
        try (TestCluster cluster = TestCluster.prepare(2, settings)) {
            TestNode full = cluster.nodes.getFirst();
            TestNode other = cluster.nodes.getLast();
            Path ballast = volume.get().resolve("ballast");
            Files.write(ballast, new byte[BALLAST_BYTES]);
            full.writeConfig(
                    cluster.yaml(full)
                            .replace(
                                    "- no-sync",
                                    "- no-sync\n    - waldir: " + volume.get().resolve("wal")));
            full.start();
            assertThat(cluster.awaitLeader(LIMIT)).isEqualTo(full);
            other.start();
            cluster.awaitHealthy();
            long total = full.json("/patroni").at("/volumes/wal/total_bytes").asLong();
            assertThat(total).isEqualTo(Files.getFileStore(volume.get()).getTotalSpace());
            assertThat(other.json("/patroni").at("/volumes/wal/free_bytes").asLong()).isPositive();

            fillsUp(cluster, full);
            assertThat(cluster.awaitLeaderOtherThan(full, LIMIT)).isEqualTo(other);
            assertThat(handOver(full)).contains("No space left on device");
            Files.delete(ballast);
            cluster.awaitHealthy();

            for (int crash = 1; crash <= 3; crash++) {
                String started = crashes(other, crash == 2);
                boolean last = crash == 3;
                Await.until(
                        "the next start or leader",
                        LIMIT,
                        () -> full.leads() || !last && other.leads() && accepts(other, started),
                        cluster::describe);
                assertThat(full.leads()).as("after crash " + crash).isEqualTo(crash == 3);
            }
            assertThat(handOver(other)).contains("its server crashed 3 times within 600 s");
            cluster.awaitHealthy();
            assertThat(other.json("/patroni").path("crashes").asInt()).isEqualTo(3);
            assertThat(other.json("/patroni").path("impaired").asText()).contains("3 times");

            stopsWithoutFlapping(cluster, full, other);
        }
    }

    /** Both are as bad by now: the lead isn't handed to and fro, and no start is tried. */
    private static void stopsWithoutFlapping(TestCluster cluster, TestNode leader, TestNode other) {
        for (int crash = 1; crash <= 3 && !staysDown(leader); crash++) {
            String started = crashes(leader, false);
            Await.until(
                    "the next start, or none any more",
                    LIMIT,
                    () -> staysDown(leader) || accepts(leader, started),
                    cluster::describe);
        }
        assertThat(staysDown(leader)).as(cluster.describe()).isTrue();
        assertThat(leader.json("/decisions").get(0).path("reason").asText())
                .contains("its server crashed 3 times within 600 s")
                .contains("no other member is better off: " + other.name);
        long begun = System.nanoTime();
        Await.until(
                "four turns in which nobody tries anything",
                LIMIT,
                () -> {
                    assertThat(leader.postmaster()).isEmpty();
                    assertThat(other.leads()).isFalse();
                    return System.nanoTime() - begun > 8_000_000_000L;
                },
                cluster::describe);
        assertThat(staysDown(leader)).isTrue();
        assertThat(other.status("/replica")).as("reads are served on").isEqualTo(200);
    }

    private static boolean staysDown(TestNode node) {
        return node.json("/decisions")
                .get(0)
                .path("rule")
                .asText()
                .equals("recovery.crash-loop-everywhere-stays-down");
    }

    /**
     * With its agent, whose successor must go on counting, or alone.
     *
     * @return when the server had been started
     */
    private static String crashes(TestNode node, boolean withAgent) {
        String started = node.json("/patroni").path("postmaster_start_time").asText();
        long before = node.postmaster().orElseThrow();
        if (withAgent) {
            node.killAll();
            node.start();
        } else {
            node.killPostmaster();
        }
        Await.until(
                "the end of the server",
                LIMIT,
                () -> node.postmaster().filter(pid -> pid == before).isEmpty(),
                node::logTail);
        return started;
    }

    /** The agent has seen it up again as well, so that its next end is a crash. */
    private static boolean accepts(TestNode node, String before) throws SQLException {
        JsonNode seen = node.json("/patroni");
        return node.query("SELECT pg_is_in_recovery()").equals("f")
                && seen.path("role").asText().equals("primary")
                && seen.path("state").asText().equals("running")
                && !seen.path("postmaster_start_time").asText().equals(before);
    }

    /** Writes until the server can't. */
    private static void fillsUp(TestCluster cluster, TestNode node) {
        Await.until(
                "the server to panic, or the standby to lead",
                LIMIT,
                () -> {
                    try {
                        node.execute("CREATE TABLE IF NOT EXISTS filler (text text)");
                        node.execute("SELECT pg_switch_wal()");
                        node.execute(
                                "INSERT INTO filler SELECT repeat(md5(random()::text), 100)"
                                        + " FROM generate_series(1, 1000)");
                        return false;
                    } catch (SQLException e) {
                        return !node.leads();
                    }
                },
                cluster::describe);
    }

    private static String handOver(TestNode node) {
        for (var decision : node.json("/decisions")) {
            String rule = decision.path("rule").asText();
            if (rule.equals("recovery.hands-over") || rule.equals("crashes.stops-primary")) {
                return decision.path("reason").asText();
            }
        }
        return "";
    }
}
