package io.kumki.agent.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A consumer of a permanent logical slot, and slots of others, on real servers. */
@Timeout(200)
class SlotsIT {

    private static final Duration SOON = Duration.ofSeconds(60);

    private static final String DCS =
            """
            slots:
              feed: {type: logical, database: postgres, plugin: test_decoding}
              backup: {type: physical}
              Wrong-Name: {type: physical}
            ignore_slots:
              - {name: foreign_one, type: physical}
            """;

    @Test
    void aLogicalConsumerGoesOnAfterAFailoverWithoutLossOrGap() throws SQLException {
        try (TestCluster cluster =
                TestCluster.prepare(3, new TestCluster.Settings(20, 2, 5, DCS, ""))) {
            for (TestNode node : cluster.nodes) {
                node.writeConfig(
                        cluster.yaml(node)
                                .replace(
                                        "max_connections: 50",
                                        "max_connections: 50\n        wal_level: logical"));
                node.start();
            }
            cluster.awaitHealthy();
            TestNode old = cluster.awaitLeader(SOON);
            old.execute("CREATE TABLE rows (id int)");
            old.execute("SELECT pg_create_physical_replication_slot('foreign_one')");
            old.execute("SELECT pg_create_physical_replication_slot('nobodys', true)");
            awaitText(cluster, old, "count(*)", "slot_name = 'feed'", "1");
            List<String> seen = new ArrayList<>();
            AtomicInteger rows = new AtomicInteger(1);
            old.execute("INSERT INTO rows VALUES (1)");
            consume(old, seen);
            for (TestNode standby : cluster.others(old)) {
                awaitText(cluster, standby, "count(*)", "slot_name IN ('feed', 'backup')", "2");
            }
            for (TestNode standby : cluster.others(old)) {
                Await.until(
                        "feed safe on " + standby.name,
                        SOON,
                        () -> {
                            rows.incrementAndGet();
                            old.execute("INSERT INTO rows VALUES (" + rows.get() + ")");
                            old.execute("CHECKPOINT"); // logs what decoding can begin with
                            consume(old, seen);
                            return standby.logText().contains("safe to be used after a promotion");
                        },
                        cluster::describe);
            }
            awaitText(
                    cluster,
                    old,
                    "string_agg(slot_name, ',')",
                    "slot_name IN ('foreign_one'," + " 'nobodys')",
                    "foreign_one");
            assertThat(old.logText()).contains("slots.Wrong-Name");

            old.execute("INSERT INTO rows VALUES (" + rows.incrementAndGet() + ")");
            consume(old, seen);
            old.execute("INSERT INTO rows VALUES (" + rows.incrementAndGet() + ")");
            String end = old.query("SELECT pg_current_wal_lsn()");
            String before = positions(cluster, end);
            for (TestNode standby : cluster.others(old)) {
                Await.until(
                        "replay on " + standby.name,
                        SOON,
                        () ->
                                standby.query("SELECT pg_last_wal_replay_lsn() >= '" + end + "'")
                                        .equals("t"),
                        cluster::describe);
            }
            old.killAll();
            TestNode fresh = cluster.awaitLeaderOtherThan(old, SOON);
            fresh.execute("INSERT INTO rows VALUES (" + rows.incrementAndGet() + ")");
            String after = fresh.name + ": " + fresh.query(POSITION);
            consume(fresh, seen);
            assertThat(seen.stream().distinct())
                    .as(() -> before + "; after " + after + "\n" + slotLog(fresh))
                    .containsExactlyElementsOf(
                            IntStream.rangeClosed(1, rows.get())
                                    .mapToObj(Integer::toString)
                                    .toList());

            old.start();
            cluster.awaitHealthy();
            awaitText(cluster, old, "count(*)", "slot_name IN ('feed', 'backup')", "2");
            assertThat(
                            old.query(
                                    "SELECT count(*) FROM pg_replication_slots WHERE xmin IS NOT NULL"))
                    .as("nothing holds back vacuum there")
                    .isEqualTo("0");
        }
    }

    private static final String POSITION =
            "SELECT string_agg(slot_name || ' restart ' || restart_lsn || ' confirmed '"
                    + " || confirmed_flush_lsn || ' xmin ' || catalog_xmin, ',')"
                    + " FROM pg_replication_slots WHERE slot_name = 'feed'";

    private static String positions(TestCluster cluster, String end) throws SQLException {
        StringBuilder text = new StringBuilder("end of the log " + end);
        for (TestNode node : cluster.nodes) {
            text.append("; ").append(node.name).append(": ").append(node.query(POSITION));
        }
        return text.toString();
    }

    private static String slotLog(TestNode node) {
        return node.logText()
                .lines()
                .filter(line -> line.contains("slot") || line.contains("logical"))
                .collect(java.util.stream.Collectors.joining("\n"));
    }

    private static void consume(TestNode node, List<String> seen) throws SQLException {
        String changes =
                node.query(
                        "SELECT string_agg(substring(data from 'id.integer.:(\\d+)'), ',' ORDER BY lsn)"
                                + " FROM pg_logical_slot_get_changes('feed', NULL, NULL)"
                                + " WHERE data LIKE 'table public.rows: INSERT%'");
        seen.addAll(List.of(changes.split(",")));
    }

    private static void awaitText(
            TestCluster cluster, TestNode node, String what, String where, String expected) {
        Await.until(
                what + " of " + where + " on " + node.name + " to be " + expected,
                SOON,
                () ->
                        node.query("SELECT " + what + " FROM pg_replication_slots WHERE " + where)
                                .equals(expected),
                cluster::describe);
    }
}
