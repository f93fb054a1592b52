package io.kumki.agent.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.kumki.dcs.cluster.Lsn;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * One node runs the peer's daemon, two run ours: the lead moves between them, and WAL piles up on
 * neither side.
 */
class MixedClusterIT {

    private static final Path PATRONI = Path.of("/var/cache/kumki/patroni-trixie/bin/patroni");
    private static final int SEGMENT_BYTES = 16 << 20;

    /**
     * {@code wal_keep_size} of the contract's default (128 MB), and as much again for checkpoints.
     */
    private static final int MAX_SEGMENTS = 16;

    @Test
    @Timeout(280)
    void leadMovesBothWaysAndWalDoesNotPileUp() throws Exception {
        assumeTrue(
                Files.isExecutable(PATRONI),
                "no Patroni 4 at "
                        + PATRONI
                        + ": tools/fetch-patroni4 makes it, where Debian's mirror is reached");
        try (TestCluster cluster = TestCluster.prepare(3, TestCluster.Settings.USUAL)) {
            TestNode ours = cluster.nodes.get(0);
            TestNode theirs = cluster.nodes.get(2);
            ours.start();
            cluster.awaitLeader(Duration.ofSeconds(60));
            cluster.nodes.get(1).start();
            theirs.start(List.of(PATRONI.toString(), theirs.config().toString()));
            cluster.awaitHealthy();
            ours.execute("CREATE TABLE rows (id bigint PRIMARY KEY)");

            switchOver(cluster, ours, theirs);
            theirs.execute("INSERT INTO rows VALUES (1)");
            awaitRows(cluster, 1);
            writeWal(theirs);

            switchOver(cluster, theirs, cluster.nodes.get(1));
            cluster.nodes.get(1).execute("INSERT INTO rows VALUES (2)");
            awaitRows(cluster, 2);
            writeWal(cluster.nodes.get(1));

            TestNode primary = cluster.nodes.get(1);
            for (TestNode node : cluster.nodes) {
                Await.until(
                        "pg_wal of " + node.name + " to be small",
                        Duration.ofSeconds(40),
                        () -> {
                            // a standby's restartpoint is no newer than the primary's checkpoint
                            primary.execute("CHECKPOINT");
                            node.execute("CHECKPOINT");
                            return segments(node) <= MAX_SEGMENTS;
                        },
                        () -> cluster.describe() + segmentsText(node));
            }
        }
    }

    private static void switchOver(TestCluster cluster, TestNode from, TestNode to) {
        Await.until(
                to.name + " to have all WAL",
                Duration.ofSeconds(30),
                () ->
                        to.json("/patroni").path("xlog").path("received_location").asLong()
                                >= from.json("/patroni").path("xlog").path("location").asLong(),
                () -> to.json("/patroni") + " " + from.json("/patroni"));
        var answer =
                from.send(
                                "POST",
                                "/switchover",
                                "{\"leader\":\"%s\",\"candidate\":\"%s\"}"
                                        .formatted(from.name, to.name))
                        .orElseThrow();
        assertThat(answer.body())
                .as(cluster.describe())
                .contains("Successfully switched over to \"" + to.name + "\"");
        cluster.awaitHealthy();
        assertThat(cluster.leader()).contains(to);
    }

    private static void awaitRows(TestCluster cluster, int rows) {
        for (TestNode node : cluster.nodes) {
            Await.until(
                    rows + " rows on " + node.name,
                    Duration.ofSeconds(20),
                    () -> node.query("SELECT count(*) FROM rows").equals(Integer.toString(rows)),
                    cluster::describe);
        }
    }

    /** More WAL than may be kept: 40 segments, each switched. */
    private static void writeWal(TestNode node) throws Exception {
        for (int i = 0; i < 40; i++) {
            node.execute("CREATE TABLE IF NOT EXISTS filler (t text)");
            node.execute("INSERT INTO filler VALUES ('x')");
            node.execute("SELECT pg_switch_wal()");
        }
    }

    /** Segments behind the current one: those ahead of it are recycled ones, kept for later use. */
    private static long segments(TestNode node) throws Exception {
        String lsn =
                node.query(
                        "SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()"
                                + " ELSE pg_current_wal_lsn() END");
        long current = Lsn.parse(lsn).bytes() / SEGMENT_BYTES;
        try (Stream<Path> files = Files.list(node.data().resolve("pg_wal"))) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.matches("[0-9A-F]{24}"))
                    .filter(name -> number(name) < current)
                    .count();
        }
    }

    /** {@code TTTTTTTTXXXXXXXXYYYYYYYY}: segment YY of log file XX, 256 segments of 16 MB each. */
    private static long number(String name) {
        return Long.parseLong(name.substring(8, 16), 16) * 256
                + Long.parseLong(name.substring(16), 16);
    }

    private static String segmentsText(TestNode node) {
        try {
            return segments(node)
                    + " segments\n"
                    + node.query("SELECT string_agg(s::text, E'\\n') FROM pg_replication_slots s")
                    + "\n";
        } catch (Exception e) {
            return e + "\n";
        }
    }
}
