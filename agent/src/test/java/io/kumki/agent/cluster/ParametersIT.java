package io.kumki.agent.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Parameters changed in a running cluster: wrong ones, those that wait for a restart, and those
 * whose order of restarts counts.
 */
@Timeout(150)
class ParametersIT {

    private static final Duration SOON = Duration.ofSeconds(40);

    private static final List<String> LIMITS =
            List.of(
                    "max_connections",
                    "max_worker_processes",
                    "max_wal_senders",
                    "max_prepared_transactions",
                    "max_locks_per_transaction");

    private static TestCluster cluster;

    @BeforeAll
    static void start() {
        cluster = TestCluster.start(2, TestCluster.Settings.USUAL);
    }

    @AfterAll
    static void end() {
        cluster.close();
    }

    @Test
    void wrongParametersAreNamedAndKeepNoServerFromRunningOrStarting() throws Exception {
        TestNode leader = cluster.leader().orElseThrow();
        String usual = leader.query("SHOW temp_buffers");
        HttpResponse<String> answer =
                patch(
                        leader,
                        "'shared_bufers': 1, 'temp_buffers': 'lots', 'enable_seqscan': 'maybe',"
                                + " 'superuser_reserved_connections': 200, 'bad name': 1,"
                                + " 'max_worker_processes': 'abc', 'port': 1,"
                                + " 'checkpoint_timeout': '4min'");
        assertThat(answer.headers().firstValue("Warning"))
                .get()
                .asString()
                .contains("postgresql.parameters.max_worker_processes: abc")
                .contains("postgresql.parameters.port: 1");
        for (TestNode node : cluster.nodes) {
            await(node, "checkpoint_timeout", "4min");
            awaitProblems(
                    node,
                    "shared_bufers",
                    "temp_buffers",
                    "enable_seqscan",
                    "superuser_reserved_connections",
                    "bad name",
                    "max_worker_processes=abc");
            assertThat(node.query("SHOW temp_buffers")).isEqualTo(usual);
            assertThat(node.query("SHOW enable_seqscan")).isEqualTo("on");
        }
        // a start with the wrong ones in the configuration works as well
        restart(cluster.others(leader).getFirst());
        leader.killPostmaster();
        await(leader, "superuser_reserved_connections", "3");
        cluster.awaitHealthy();
        assertThat(cluster.leader()).contains(leader);
        assertThat(linesWith(leader, "shared_bufers"))
                .as("nothing else that changes repeats the warning")
                .isEqualTo(1);

        patch(
                leader,
                "'shared_bufers': null, 'temp_buffers': null, 'enable_seqscan': null,"
                        + " 'superuser_reserved_connections': null, 'bad name': null,"
                        + " 'max_worker_processes': null, 'port': null,"
                        + " 'checkpoint_timeout': null");
        for (TestNode node : cluster.nodes) {
            Await.until(
                    "no problem of " + node.name + " any more",
                    SOON,
                    () -> node.json("/patroni").path("parameter_problems").isMissingNode(),
                    () -> node.json("/patroni").toString());
        }
    }

    @Test
    void whatWaitsForARestartIsToldEverywhereAlsoByAnAgentStartedLater() throws Exception {
        TestNode leader = cluster.leader().orElseThrow();
        TestNode standby = cluster.others(leader).getFirst();
        patch(leader, "'max_files_per_process': 900");
        awaitReason(standby, "max_files_per_process", "1000", "900");
        standby.killAgent();
        standby.start();
        awaitReason(standby, "max_files_per_process", "1000", "900");
        Await.until(
                "the reason in the member's key",
                SOON,
                () ->
                        leader.json("/cluster")
                                .toString()
                                .contains(
                                        "\"max_files_per_process\":{\"old_value\":\"1000\","
                                                + "\"new_value\":\"900\"}"),
                () -> leader.json("/cluster").toString());
        restart(standby);
        assertThat(standby.query("SHOW max_files_per_process")).isEqualTo("900");
        patch(leader, "'max_files_per_process': null");
        awaitReason(standby, "max_files_per_process", "900", "1000");
        restart(standby);
        Await.until(
                "nothing to wait for any more",
                SOON,
                () ->
                        cluster.nodes.stream()
                                .noneMatch(node -> node.json("/patroni").has("pending_restart")),
                cluster::describe);
    }

    /** Lowered on the primary first, raised on the standby first: replay never stops. */
    @Test
    void aStandbyNeverHasLessThanItsPrimaryRanWith() throws Exception {
        TestNode primary = cluster.leader().orElseThrow();
        TestNode standby = cluster.others(primary).getFirst();

        patch(primary, limits(60, 10, 12, 5, 80));
        awaitPending(standby);
        restart(standby);
        assertThat(values(standby)).containsExactly("60", "10", "12", "5", "80");
        assertThat(standby.json("/patroni").has("pending_restart")).isFalse();
        awaitPending(primary);
        restart(primary);
        cluster.awaitHealthy();
        assertThat(values(primary)).containsExactly("60", "10", "12", "5", "80");

        patch(primary, limits(40, 6, 8, 0, 64));
        awaitPending(standby);
        // too early: the primary still runs with the larger values
        restart(standby);
        cluster.awaitHealthy();
        assertThat(values(standby)).containsExactly("60", "10", "12", "5", "80");
        awaitPending(standby);
        restart(primary);
        cluster.awaitHealthy();
        assertThat(values(primary)).containsExactly("40", "6", "8", "0", "64");
        replayed(primary, standby, "after_lowering");
        // the control file has them after the standby's next restart point or shutdown
        restart(standby);
        cluster.awaitHealthy();
        assertThat(values(standby)).containsExactly("40", "6", "8", "0", "64");
    }

    /** PostgreSQL pauses replay then, until somebody resumes it. */
    @Test
    void aStandbyForgottenWhenThePrimaryGrewIsRestartedWithAsMuch() throws Exception {
        TestNode primary = cluster.leader().orElseThrow();
        TestNode standby = cluster.others(primary).getFirst();
        long before = standby.postmaster().orElseThrow();
        patch(primary, "'max_connections': 120");
        awaitReason(primary, "max_connections", primary.query("SHOW max_connections"), "120");
        restart(primary);

        await(standby, "max_connections", "120");
        assertThat(standby.postmaster()).isPresent().get().isNotEqualTo(before);
        replayed(primary, standby, "after_growing");
        cluster.awaitHealthy();
        assertThat(standby.logText()).contains("replay stood paused");
    }

    private static void replayed(TestNode primary, TestNode standby, String table)
            throws SQLException {
        primary.execute("CREATE TABLE " + table + " (id int)");
        Await.until(
                table + " on the standby",
                SOON,
                () -> standby.query("SELECT to_regclass('" + table + "')").equals(table),
                cluster::describe);
    }

    private static String limits(int... values) {
        List<String> settings = new ArrayList<>();
        for (int i = 0; i < values.length; i++) {
            settings.add("'" + LIMITS.get(i) + "': " + values[i]);
        }
        return String.join(", ", settings);
    }

    private static List<String> values(TestNode node) throws SQLException {
        List<String> values = new ArrayList<>();
        for (String name : LIMITS) {
            values.add(node.query("SHOW " + name));
        }
        return values;
    }

    private static HttpResponse<String> patch(TestNode node, String parameters) {
        String body = "{'postgresql': {'parameters': {" + parameters + "}}}";
        HttpResponse<String> answer =
                node.send("PATCH", "/config", body.replace('\'', '"')).orElseThrow();
        assertThat(answer.statusCode()).isEqualTo(200);
        return answer;
    }

    private static void restart(TestNode node) {
        assertThat(node.send("POST", "/restart", "{}").orElseThrow().body())
                .as(node.logTail())
                .isEqualTo("restarted successfully");
    }

    private static void await(TestNode node, String parameter, String value) {
        Await.until(
                parameter + " = " + value + " on " + node.name,
                SOON,
                () -> node.query("SHOW " + parameter).equals(value),
                node::logTail);
    }

    private static void awaitPending(TestNode node) {
        Await.until(
                "all five to wait for a restart of " + node.name,
                SOON,
                () -> {
                    JsonNode reasons = node.json("/patroni").path("pending_restart_reason");
                    return LIMITS.stream().allMatch(reasons::has);
                },
                () -> node.json("/patroni").toString());
    }

    private static void awaitReason(TestNode node, String name, String old, String fresh) {
        Await.until(
                name + " to wait for a restart of " + node.name,
                SOON,
                () -> {
                    JsonNode reason =
                            node.json("/patroni").path("pending_restart_reason").path(name);
                    return reason.path("old_value").asText().equals(old)
                            && reason.path("new_value").asText().equals(fresh);
                },
                () -> node.json("/patroni") + node.logTail());
    }

    private static void awaitProblems(TestNode node, String... named) {
        Await.until(
                "parameter_problems of " + node.name + " that name " + List.of(named),
                SOON,
                () -> {
                    String problems = node.json("/patroni").path("parameter_problems").toString();
                    return List.of(named).stream().allMatch(problems::contains);
                },
                () -> node.json("/patroni") + node.logTail());
    }

    private static long linesWith(TestNode node, String text) throws IOException {
        return Files.readAllLines(node.log()).stream()
                .filter(line -> line.contains(text) && line.contains("WARN"))
                .filter(line -> line.contains("parameters are not as configured"))
                .count();
    }
}
