package io.kumki.agent.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Parameters changed in a running cluster: wrong ones, and those whose order of restarts counts.
 */
@Timeout(120)
class ParametersIT {

    private static final Duration LIMIT = Duration.ofSeconds(40);

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
    void wrongParametersAreNamedAndNoServerStopsForThem() throws Exception {
        TestNode leader = cluster.leader().orElseThrow();
        HttpResponse<String> answer =
                patch(
                        leader,
                        "\"work_mem\":\"7MB\",\"no_such_parameter\":1,\"enable_seqscan\":\"maybe\","
                                + "\"temp_buffers\":\"lots\",\"max_wal_senders\":1,\"port\":1");
        assertThat(answer.headers().firstValue("Warning"))
                .get()
                .asString()
                .contains("postgresql.parameters.max_wal_senders: 1")
                .contains("postgresql.parameters.port: 1");
        for (TestNode node : cluster.nodes) {
            until(node, "has the right parameter", "SHOW work_mem", "7MB");
            assertThat(node.query("SHOW enable_seqscan")).isEqualTo("on");
            assertThat(Files.readString(node.log()))
                    .contains("postgresql parameter no_such_parameter = 1 is left out")
                    .contains("postgresql parameter enable_seqscan = maybe is left out")
                    .contains("postgresql parameter temp_buffers = lots is left out");
        }
        // a start with the wrong ones in the configuration works as well
        restart(cluster.others(leader).getFirst());
        restart(leader);
        cluster.awaitHealthy();
        assertThat(cluster.leader()).contains(leader);
        patch(
                leader,
                "\"no_such_parameter\":null,\"enable_seqscan\":null,\"temp_buffers\":null,"
                        + "\"max_wal_senders\":null,\"port\":null");
    }

    @Test
    void loweredLimitsWaitForThePrimaryAndRaisedOnesGoToTheStandbyFirst() throws Exception {
        TestNode leader = cluster.leader().orElseThrow();
        TestNode standby = cluster.others(leader).getFirst();
        patch(leader, "\"max_connections\":40");
        awaitPending(standby);
        awaitPending(leader);

        restart(standby);
        assertThat(standby.query("SHOW max_connections"))
                .as("a standby with less than its primary could not replay")
                .isEqualTo("50");
        awaitPending(standby);

        restart(leader);
        assertThat(leader.query("SHOW max_connections")).isEqualTo("40");
        // the standby learns of it by replay, and writes it into its control file at a restartpoint
        Await.until(
                "the standby to take the lower limit",
                LIMIT,
                () -> {
                    leader.execute("CHECKPOINT");
                    restart(standby);
                    return standby.query("SHOW max_connections").equals("40");
                },
                standby::logTail);

        patch(leader, "\"max_connections\":90");
        awaitPending(standby);
        restart(standby);
        assertThat(standby.query("SHOW max_connections")).isEqualTo("90");
        restart(leader);
        assertThat(leader.query("SHOW max_connections")).isEqualTo("90");
        cluster.awaitHealthy();
        assertThat(standby.query("SELECT pg_is_wal_replay_paused()")).isEqualTo("f");
    }

    private static HttpResponse<String> patch(TestNode node, String parameters) {
        Optional<HttpResponse<String>> answer =
                node.send(
                        "PATCH",
                        "/config",
                        "{\"postgresql\":{\"parameters\":{" + parameters + "}}}");
        assertThat(answer.orElseThrow().statusCode()).isEqualTo(200);
        return answer.get();
    }

    private static void restart(TestNode node) {
        HttpResponse<String> answer = node.send("POST", "/restart", "{}").orElseThrow();
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    }

    private static void awaitPending(TestNode node) {
        Await.until(
                node.name + " to say that max_connections waits for a restart",
                LIMIT,
                () -> node.json("/patroni").path("pending_restart_reason").has("max_connections"),
                node::logTail);
    }

    private static void until(TestNode node, String what, String sql, String expected) {
        Await.until(
                node.name + " " + what,
                LIMIT,
                () -> node.query(sql).equals(expected),
                node::logTail);
    }
}
