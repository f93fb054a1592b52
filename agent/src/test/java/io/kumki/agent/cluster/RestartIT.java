package io.kumki.agent.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;

/** Restarts with conditions, at a time, with limits; and the stop of a primary that won't end. */
@Timeout(120)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class RestartIT {

    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final String STARTED = "SELECT pg_postmaster_start_time()";

    private static TestCluster cluster;
    private static final Map<TestNode, WallClock> clocks = new LinkedHashMap<>();

    @BeforeAll
    static void start() {
        cluster =
                TestCluster.prepare(
                        2,
                        new TestCluster.Settings(
                                20, 1, 3, "synchronous_mode: true\nprimary_stop_timeout: 2\n", ""));
        for (TestNode node : cluster.nodes) {
            WallClock clock = new WallClock(node.dir);
            clocks.put(node, clock);
            node.environment(clock.environment());
            node.start();
        }
        cluster.awaitHealthy();
    }

    @AfterAll
    static void end() {
        cluster.close();
    }

    @Test
    @Order(1)
    void conditionsDecideWhetherItTakesPlace() throws Exception {
        TestNode leader = cluster.leader().orElseThrow();
        String started = leader.query(STARTED);

        for (String condition :
                new String[] {
                    "\"role\":\"replica\"",
                    "\"postgres_version\":\"15.0\"",
                    "\"restart_pending\":true"
                }) {
            HttpResponse<String> answer = restart(leader, condition);
            assertThat(answer.statusCode()).as(condition).isEqualTo(503);
            assertThat(answer.body()).isEqualTo("restart conditions are not satisfied");
        }
        assertThat(leader.query(STARTED)).isEqualTo(started);

        patch(leader, "{\"postgresql\":{\"parameters\":{\"max_connections\":60}}}");
        Await.until(
                "a pending restart",
                LIMIT,
                () -> leader.json("/patroni").path("pending_restart").asBoolean(),
                cluster::describe);
        HttpResponse<String> answer =
                restart(
                        leader,
                        "\"role\":\"primary\",\"restart_pending\":true,\"postgres_version\":\"99.0\"");
        assertThat(answer.body()).isEqualTo("restarted successfully");
        assertThat(leader.query("SHOW max_connections")).isEqualTo("60");
        // a standby with less than its primary must restart; now, not while the next test runs
        TestNode standby = standby();
        Await.until(
                "the standby to have it too",
                LIMIT,
                () -> {
                    restart(standby, "");
                    return standby.query("SHOW max_connections").equals("60");
                },
                cluster::describe);
        cluster.awaitHealthy();
    }

    @Test
    @Order(2)
    void aScheduledRestartOutlivesItsAgent() throws Exception {
        TestNode standby = standby();
        String started = standby.query(STARTED);
        Instant at = Instant.now().plusSeconds(25).truncatedTo(ChronoUnit.SECONDS);
        String wish = "\"role\":\"replica\",\"timeout\":30,\"schedule\":\"" + at + "\"";
        assertThat(restart(standby, wish).body()).isEqualTo("Restart scheduled");
        JsonNode noted = awaitNoted(standby);

        standby.killAgent();
        standby.start();

        Await.until(
                "the new agent to know of it",
                LIMIT,
                () -> standby.json("/patroni").path("scheduled_restart").has("schedule"),
                cluster::describe);
        assertThat(awaitNoted(standby)).isEqualTo(noted);
        assertThat(Instant.now()).as("the test was too slow").isBefore(at);
        assertThat(restart(standby, wish).statusCode()).isEqualTo(409);
        Await.until(
                "the restart",
                LIMIT,
                () -> !standby.query(STARTED).equals(started),
                cluster::describe);
        assertThat(
                        Instant.parse(
                                standby.query(
                                        "SELECT to_char(pg_postmaster_start_time() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')")))
                .isAfterOrEqualTo(at);
        cluster.awaitHealthy();
        assertThat(standby.json("/patroni").has("scheduled_restart")).isFalse();
    }

    /**
     * Leases go by a clock that nobody sets; what people schedule goes by the one that they see.
     */
    @Test
    @Order(3)
    void aStepOfTheWallClockMovesNoLeadAndARestartComesByTheClockThatPeopleSee() throws Exception {
        TestNode leader = cluster.leader().orElseThrow();
        TestNode standby = standby();
        WallClock clock = Objects.requireNonNull(clocks.get(standby));
        long postmaster = leader.postmaster().orElseThrow();
        leader.execute("CREATE TABLE rows (id bigint PRIMARY KEY)");
        try (RowWriter writer = new RowWriter(List.of(leader))) {
            for (int hours : List.of(1, -1, 0)) {
                for (WallClock each : clocks.values()) {
                    each.step(Duration.ofHours(hours));
                }
                assertThat(Long.parseLong(leader.query("SELECT extract(epoch FROM now())::bigint")))
                        .as("the server's wall clock")
                        .isBetween(
                                clock.now().getEpochSecond() - 10,
                                clock.now().getEpochSecond() + 10);
                String started = standby.query(STARTED);
                restart(standby, "\"schedule\":\"" + clock.now().plusSeconds(3) + "\"");
                Await.until(
                        "the restart that was scheduled by the stepped clock",
                        LIMIT,
                        () -> !standby.query(STARTED).equals(started),
                        cluster::describe);
                cluster.awaitHealthy();
                assertThat(leader.status("/primary")).as(cluster.describe()).isEqualTo(200);
            }
            writer.stop();
            assertThat(writer.longestGapMs()).as("ms without a commit").isLessThan(20_000);
            assertThat(writer.missingOn(leader)).isEmpty();
        }
        assertThat(leader.postmaster()).as("never stopped").contains(postmaster);
        assertThat(leader.logText()).doesNotContain("leader.stops-before-lease-ends");
    }

    @Test
    @Order(3)
    void aScheduledRestartWhoseConditionFailsIsTriedOnce() throws Exception {
        TestNode standby = standby();
        String started = standby.query(STARTED);
        Instant at = Instant.now().plusSeconds(3);
        restart(standby, "\"role\":\"primary\",\"schedule\":\"" + at + "\"");
        awaitNoted(standby);

        Await.until(
                "the wish to be gone",
                LIMIT,
                () -> !standby.json("/patroni").has("scheduled_restart"),
                cluster::describe);

        assertThat(Instant.now()).isAfter(at);
        assertThat(standby.query(STARTED)).isEqualTo(started);
        assertThat(standby.send("DELETE", "/restart", "").orElseThrow().statusCode())
                .isEqualTo(404);
    }

    /** Its archive is slow, so it needs longer than the caller will wait. */
    @Test
    @Order(4)
    void aStartThatOutlastsItsTimeoutIsReportedAndGoesOn() throws Exception {
        TestNode standby = standby();
        patchRestoreCommand(standby, "\"sleep 3; false\"");
        Await.until(
                "the restore_command",
                LIMIT,
                () -> standby.query("SHOW restore_command").startsWith("sleep"),
                cluster::describe);

        HttpResponse<String> answer = restart(standby, "\"timeout\":1");

        assertThat(answer.statusCode()).isEqualTo(503);
        assertThat(answer.body()).isEqualTo("postgres is still starting");
        HttpResponse<String> again = restart(standby, "");
        assertThat(again.statusCode()).isEqualTo(503);
        assertThat(again.body()).isEqualTo("postgres is still starting");
        patchRestoreCommand(standby, "null");
        cluster.awaitHealthy();
        // what was refused holds up nothing; the changed setting may still be on its way
        Await.until(
                "a restart",
                LIMIT,
                () -> restart(standby, "").body().equals("restarted successfully"),
                cluster::describe);
        cluster.awaitHealthy();
    }

    /** {@code primary_stop_timeout}: a frozen session would hold a clean stop for ever. */
    @Test
    @Order(5)
    void aSwitchoverDoesNotWaitForAFrozenSession() throws Exception {
        TestNode leader = cluster.leader().orElseThrow();
        TestNode next = standby();
        isSynchronous(next);
        leader.execute("CREATE TABLE acknowledged ()");
        try (Connection session = leader.connect();
                Statement statement = session.createStatement();
                ResultSet rows = statement.executeQuery("SELECT pg_backend_pid()")) {
            rows.next();
            TestNode.signal("STOP", rows.getLong(1));

            String wish =
                    "{\"leader\":\"%s\",\"candidate\":\"%s\"}".formatted(leader.name, next.name);
            HttpResponse<String> answer = leader.send("POST", "/switchover", wish).orElseThrow();

            assertThat(answer.body())
                    .as(cluster.describe())
                    .isEqualTo("Successfully switched over to \"" + next.name + "\"");
        }
        assertThat(leader.logText()).contains("switchover.hands-over-unclean");
        assertThat(next.query("SELECT count(*) FROM acknowledged")).isEqualTo("0");
        cluster.awaitHealthy();
    }

    @Test
    @Order(5)
    void anEndingLeaderDoesNotWaitForAFrozenSession() throws Exception {
        TestNode leader = cluster.leader().orElseThrow();
        isSynchronous(standby());
        try (Connection session = leader.connect();
                Statement statement = session.createStatement();
                ResultSet rows = statement.executeQuery("SELECT pg_backend_pid()")) {
            rows.next();
            TestNode.signal("STOP", rows.getLong(1));

            leader.stop();

            assertThat(leader.postmaster()).isEmpty();
            assertThat(leader.logText()).contains("server did not stop within its limit");
        }
        TestNode next = cluster.awaitLeaderOtherThan(leader, LIMIT);
        next.execute("CREATE TABLE written_after ()");
        leader.start();
        cluster.awaitHealthy();
    }

    /** {@code primary_start_timeout: 0}: a crash costs the lead at once. */
    @Test
    @Order(6)
    void withoutTimeToStartACrashedPrimaryIsReplacedAtOnce() throws Exception {
        TestNode leader = cluster.leader().orElseThrow();
        isSynchronous(standby());
        patch(leader, "{\"primary_start_timeout\":0}");

        leader.killPostmaster();

        TestNode next = cluster.awaitLeaderOtherThan(leader, LIMIT);
        cluster.awaitHealthy();
        assertThat(leader.logText()).contains("recovery.hands-over");

        HttpResponse<String> answer = restart(next, "");
        assertThat(answer.body()).as("it is about crashes").isEqualTo("restarted successfully");
        cluster.awaitHealthy();
        assertThat(cluster.leader()).contains(next);
    }

    /** Only such a standby may take over. */
    private static void isSynchronous(TestNode node) {
        Await.until(
                node.name + " to be synchronous",
                LIMIT,
                () -> node.status("/synchronous") == 200,
                cluster::describe);
    }

    private static TestNode standby() {
        return cluster.others(cluster.leader().orElseThrow()).getFirst();
    }

    /** What the member key says, as another member sees it. */
    private static JsonNode awaitNoted(TestNode node) {
        TestNode other = cluster.others(node).getFirst();
        Await.until(
                "the schedule in the key of " + node.name,
                LIMIT,
                () -> noted(other, node).has("schedule"),
                cluster::describe);
        return noted(other, node);
    }

    private static JsonNode noted(TestNode asked, TestNode node) {
        for (JsonNode member : asked.json("/cluster").path("members")) {
            if (member.path("name").asText().equals(node.name)) {
                return member.path("scheduled_restart");
            }
        }
        throw new AssertionError(node.name + " is no member");
    }

    private static void patchRestoreCommand(TestNode node, String value) {
        patch(node, "{\"postgresql\":{\"recovery_conf\":{\"restore_command\":" + value + "}}}");
    }

    private static void patch(TestNode node, String body) {
        assertThat(node.send("PATCH", "/config", body).orElseThrow().statusCode()).isEqualTo(200);
    }

    private static HttpResponse<String> restart(TestNode node, String conditions) {
        return node.send("POST", "/restart", "{" + conditions + "}").orElseThrow();
    }
}
