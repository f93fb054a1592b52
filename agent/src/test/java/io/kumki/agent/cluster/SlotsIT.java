package io.kumki.agent.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.agent.postgres.ServerFixture;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Consumers of permanent logical slots, and slots of others, on real servers. */
@Timeout(300)
class SlotsIT {

    private static final Duration SOON = Duration.ofSeconds(60);

    private static final String DCS =
            """
            slots:
              feed: {type: logical, database: postgres, plugin: test_decoding}
              sub: {type: logical, database: postgres, plugin: pgoutput}
              backup: {type: physical}
              Wrong-Name: {type: physical}
            ignore_slots:
              - {name: foreign_one, type: physical}
            """;

    /** Same rows, none twice. */
    private static final String CONTENT =
            "SELECT count(*) || ' rows, ' || count(DISTINCT id) || ' different, sum ' || sum(id)"
                    + " FROM public.rows";

    @TempDir private Path directory;

    @Test
    void logicalConsumersGoOnAfterAFailoverAndASwitchoverWithoutLossOrGap() throws SQLException {
        try (TestCluster cluster =
                        TestCluster.prepare(3, new TestCluster.Settings(12, 1, 3, DCS, ""));
                ServerFixture subscriber =
                        new ServerFixture(
                                directory,
                                "subscriber",
                                Map.of("wal_retrieve_retry_interval", "500ms"))) {
            subscriber.bootstrapped(); // alone: four servers created at once take too long
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
            awaitText(cluster, old, "count(*)", "slot_name IN ('feed', 'sub')", "2");
            old.execute("CREATE TABLE rows (id int)");
            old.execute("CREATE PUBLICATION changes FOR TABLE rows");
            old.execute("SELECT pg_create_physical_replication_slot('foreign_one')");
            old.execute("SELECT pg_create_physical_replication_slot('nobodys', true)");
            subscribe(cluster, subscriber);
            List<String> seen = new ArrayList<>();
            AtomicInteger rows = new AtomicInteger();
            insert(old, rows);
            consume(old, seen);
            for (TestNode standby : cluster.others(old)) {
                awaitText(
                        cluster,
                        standby,
                        "count(*)",
                        "slot_name IN ('feed', 'sub', 'backup')",
                        "3");
            }
            for (TestNode standby : cluster.others(old)) {
                awaitReady(
                        cluster,
                        standby,
                        List.of("feed", "sub"),
                        () -> {
                            insert(old, rows);
                            old.execute("CHECKPOINT"); // logs what decoding can begin with
                            consume(old, seen);
                        });
            }
            awaitText(
                    cluster,
                    old,
                    "string_agg(slot_name, ',')",
                    "slot_name IN ('foreign_one', 'nobodys')",
                    "foreign_one");
            assertThat(old.logText()).contains("slots.Wrong-Name");

            TestNode fresh = failover(cluster, old, subscriber, rows, seen);

            old.start();
            cluster.awaitHealthy();
            awaitText(cluster, old, "count(*)", "slot_name IN ('feed', 'sub', 'backup')", "3");
            assertThat(
                            old.query(
                                    "SELECT count(*) FROM pg_replication_slots WHERE xmin IS NOT NULL"))
                    .as("nothing holds back vacuum there")
                    .isEqualTo("0");
            awaitReady(
                    cluster,
                    old,
                    List.of("sub"),
                    () -> {
                        insert(fresh, rows);
                        fresh.execute("CHECKPOINT");
                    });
            switchover(cluster, fresh, old, subscriber, rows.get());
        }
    }

    /** The last rows before it come to both consumers from the new primary. */
    private static TestNode failover(
            TestCluster cluster,
            TestNode old,
            ServerFixture subscriber,
            AtomicInteger rows,
            List<String> seen)
            throws SQLException {
        insert(old, rows);
        consume(old, seen);
        subscriber.sql("ALTER SUBSCRIPTION sub DISABLE");
        insert(old, rows);
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
        insert(fresh, rows);
        String after = fresh.name + ": " + fresh.query(POSITION);
        consume(fresh, seen);
        assertThat(seen.stream().distinct())
                .as(() -> before + "; after " + after + "\n" + slotLog(fresh))
                .containsExactlyElementsOf(
                        IntStream.rangeClosed(1, rows.get()).mapToObj(Integer::toString).toList());
        subscriber.sql("ALTER SUBSCRIPTION sub ENABLE");
        awaitSame(cluster, fresh, subscriber);
        return fresh;
    }

    /** While rows are written; the subscriber finds the new primary by itself. */
    private static void switchover(
            TestCluster cluster, TestNode from, TestNode to, ServerFixture subscriber, int last)
            throws SQLException {
        try (RowWriter writer = new RowWriter(cluster.nodes, last)) {
            awaitAcknowledged(cluster, writer, 50);
            String asked = "{\"leader\":\"%s\",\"candidate\":\"%s\"}".formatted(from.name, to.name);
            assertThat(from.send("POST", "/switchover", asked).orElseThrow().body())
                    .as(cluster::describe)
                    .isEqualTo("Successfully switched over to \"" + to.name + "\"");
            awaitAcknowledged(cluster, writer, writer.acknowledgedRows() + 50);
            writer.stop();
            assertThat(writer.missingOn(to)).isEmpty();
        }
        awaitSame(cluster, to, subscriber);
    }

    private static void awaitAcknowledged(TestCluster cluster, RowWriter writer, int count) {
        Await.until(
                count + " acknowledged rows",
                SOON,
                () -> writer.acknowledgedRows() >= count,
                cluster::describe);
    }

    private static void awaitSame(TestCluster cluster, TestNode primary, ServerFixture subscriber)
            throws SQLException {
        String expected = primary.query(CONTENT);
        Await.until(
                "the subscriber to have " + expected,
                SOON,
                () -> subscriber.query(CONTENT).equals(expected),
                () -> subscriber.query(CONTENT) + "\n" + cluster.describe());
    }

    private static void subscribe(TestCluster cluster, ServerFixture subscriber) {
        String ports =
                cluster.nodes.stream()
                        .map(node -> Integer.toString(node.pgPort))
                        .collect(Collectors.joining(","));
        subscriber.sql(
                "CREATE TABLE public.rows (id int)",
                "CREATE SUBSCRIPTION sub CONNECTION 'host=127.0.0.1,127.0.0.1,127.0.0.1 port="
                        + ports
                        + " user=postgres dbname=postgres target_session_attrs=read-write password="
                        + TestNode.PASSWORD
                        + "' PUBLICATION changes WITH (create_slot = false, copy_data = false)");
    }

    private static void awaitReady(
            TestCluster cluster, TestNode standby, List<String> slots, Step step) {
        Await.until(
                slots + " safe on " + standby.name,
                SOON,
                () -> {
                    step.run();
                    String metrics = standby.send("GET", "/metrics", "").orElseThrow().body();
                    return slots.stream()
                            .allMatch(slot ->
                                    metrics.lines()
                                                    .anyMatch(line ->
                                                            line.startsWith(
                                                                            "kumki_slot_failover_ready{")
                                                                    && line.endsWith(
                                                                            "slot=\"" + slot
                                                                                    + "\"} 1"))
                                            && standby.json("/patroni")
                                                    .path("logical_slots_ready")
                                                    .path(slot)
                                                    .asBoolean());
                },
                cluster::describe);
    }

    private interface Step {
        void run() throws SQLException;
    }

    private static void insert(TestNode node, AtomicInteger rows) throws SQLException {
        node.execute("INSERT INTO rows VALUES (" + rows.incrementAndGet() + ")");
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
                .collect(Collectors.joining("\n"));
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
