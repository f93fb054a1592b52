package io.kumki.agent.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Server parameters of the dynamic configuration, with a real server that has to take them. */
@Timeout(150)
class ParameterProblemsIT {

    private static final Duration SOON = Duration.ofSeconds(20);

    @Test
    void wrongParametersAreNamedAndKeepNoServerFromRunningOrStarting() throws Exception {
        try (TestCluster cluster = TestCluster.start(1, TestCluster.Settings.USUAL)) {
            TestNode node = cluster.nodes.getFirst();
            String usualWorkMem = node.query("SHOW work_mem");

            patch(
                    node,
                    "'shared_bufers': 1, 'work_mem': 'lots', 'max_connections': 'abc',"
                            + " 'superuser_reserved_connections': 200, 'bad name': 1,"
                            + " 'checkpoint_timeout': '4min'");
            await(node, "checkpoint_timeout", "4min");
            awaitProblems(
                    node,
                    "shared_bufers",
                    "work_mem",
                    "max_connections",
                    "superuser_reserved_connections",
                    "bad name");
            assertThat(node.query("SHOW work_mem")).isEqualTo(usualWorkMem);
            restart(node);
            assertThat(node.query("SHOW max_connections")).isEqualTo("100");
            assertThat(node.query("SHOW superuser_reserved_connections")).isEqualTo("3");

            patch(node, "'max_connections': 0, 'checkpoint_timeout': '6min'");
            await(node, "checkpoint_timeout", "6min");
            awaitProblems(node, "max_connections=0", "shared_bufers", "work_mem");
            node.killPostmaster();
            // refused until the next server is up
            await(node, "max_connections", "100");
            cluster.awaitHealthy();
            assertThat(linesWith(node, "shared_bufers", "WARN"))
                    .as("an unrelated change repeats no warning")
                    .isEqualTo(1);

            patch(
                    node,
                    "'shared_bufers': null, 'work_mem': '7MB', 'max_connections': 60,"
                            + " 'superuser_reserved_connections': null, 'bad name': null");
            await(node, "work_mem", "7MB");
            Await.until(
                    "no problem any more",
                    SOON,
                    () -> node.json("/patroni").path("parameter_problems").isMissingNode(),
                    () -> node.json("/patroni").toString());
        }
    }

    /** Lowered on the primary first, raised on the standby first: replay never stops. */
    @Test
    void standbyNeverHasLessThanItsPrimaryRanWith() throws Exception {
        try (TestCluster cluster = TestCluster.start(2, TestCluster.Settings.USUAL)) {
            TestNode primary = cluster.leader().orElseThrow();
            TestNode standby = cluster.others(primary).getFirst();
            List<String> names =
                    List.of(
                            "max_connections",
                            "max_worker_processes",
                            "max_wal_senders",
                            "max_prepared_transactions",
                            "max_locks_per_transaction");

            patch(primary, settings(names, 60, 10, 12, 5, 80));
            awaitPending(standby, names);
            restart(standby);
            assertThat(values(standby, names)).containsExactly("60", "10", "12", "5", "80");
            assertThat(standby.json("/patroni").has("pending_restart")).isFalse();
            awaitPending(primary, names);
            restart(primary);
            cluster.awaitHealthy();
            assertThat(values(primary, names)).containsExactly("60", "10", "12", "5", "80");

            patch(primary, settings(names, 40, 6, 8, 0, 64));
            awaitPending(standby, names);
            // too early: the primary still runs with the larger values
            restart(standby);
            cluster.awaitHealthy();
            assertThat(values(standby, names)).containsExactly("60", "10", "12", "5", "80");
            awaitPending(standby, names);
            restart(primary);
            cluster.awaitHealthy();
            assertThat(values(primary, names)).containsExactly("40", "6", "8", "0", "64");
            primary.execute("CREATE TABLE after_lowering (id int)");
            Await.until(
                    "the primary's new values to be replayed",
                    SOON,
                    () ->
                            standby.query("SELECT to_regclass('after_lowering')")
                                    .equals("after_lowering"),
                    cluster::describe);
            // the control file has them after the standby's next restart point or shutdown
            restart(standby);
            cluster.awaitHealthy();
            assertThat(values(standby, names)).containsExactly("40", "6", "8", "0", "64");
        }
    }

    private static String settings(List<String> names, int... values) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < values.length; i++) {
            text.append(i == 0 ? "'" : ", '").append(names.get(i)).append("': ").append(values[i]);
        }
        return text.toString();
    }

    private static List<String> values(TestNode node, List<String> names) throws SQLException {
        return List.of(
                node.query("SHOW " + names.get(0)),
                node.query("SHOW " + names.get(1)),
                node.query("SHOW " + names.get(2)),
                node.query("SHOW " + names.get(3)),
                node.query("SHOW " + names.get(4)));
    }

    private static void patch(TestNode node, String parameters) {
        String body = "{'postgresql': {'parameters': {" + parameters + "}}}";
        assertThat(
                        node.send("PATCH", "/config", body.replace('\'', '"'))
                                .orElseThrow()
                                .statusCode())
                .isEqualTo(200);
    }

    private static void restart(TestNode node) {
        assertThat(node.send("POST", "/restart", "{}").orElseThrow().body())
                .as(node.logTail())
                .isEqualTo("restarted successfully");
    }

    private static void await(TestNode node, String parameter, String value) {
        Await.until(
                parameter + " = " + value,
                SOON,
                () -> node.query("SHOW " + parameter).equals(value),
                node::logTail);
    }

    private static void awaitPending(TestNode node, List<String> names) {
        Await.until(
                "all five to wait for a restart of " + node.name,
                SOON,
                () -> {
                    JsonNode reasons = node.json("/patroni").path("pending_restart_reason");
                    return names.stream().allMatch(reasons::has);
                },
                () -> node.json("/patroni").toString());
    }

    private static void awaitProblems(TestNode node, String... named) {
        Await.until(
                "parameter_problems that name " + List.of(named),
                SOON,
                () -> {
                    String problems = node.json("/patroni").path("parameter_problems").toString();
                    return List.of(named).stream().allMatch(problems::contains);
                },
                () -> node.json("/patroni") + node.logTail());
    }

    private static long linesWith(TestNode node, String text, String level) throws IOException {
        return Files.readAllLines(node.log()).stream()
                .filter(line -> line.contains(text) && line.contains(level))
                .filter(line -> line.contains("parameters are not as configured"))
                .count();
    }
}
