package io.kumki.agent.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;

/**
 * Synchronous replication on a real cluster: who confirms, who takes over, and when commits wait.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(180)
class SyncIT {

    private static final Duration SOON = Duration.ofSeconds(30);

    private TestCluster cluster;

    @BeforeAll
    void start() throws Exception {
        cluster =
                TestCluster.start(
                        3, new TestCluster.Settings(10, 1, 3, "synchronous_mode: true", ""));
        cluster.awaitLeader(SOON).execute("CREATE TABLE rows (id bigint PRIMARY KEY)");
    }

    @AfterAll
    void end() {
        cluster.close();
    }

    @Test
    @Order(1)
    void onlyTheSynchronousStandbyTakesOverAndHasEveryAcknowledgedRow() throws Exception {
        TestNode old = leader();
        TestNode sync = awaitStandbys("sync_standby", 1).getFirst();
        TestNode async =
                cluster.others(old).stream().filter(node -> node != sync).findFirst().orElseThrow();
        assertThat(old.query("SHOW synchronous_standby_names")).isEqualTo(sync.name);
        awaitStatus(sync, "/sync", 200);
        awaitStatus(sync, "/async", 503);
        awaitStatus(async, "/async", 200);
        awaitStatus(async, "/sync", 503);
        var refused =
                old.send(
                                "POST",
                                "/switchover",
                                "{\"leader\":\"%s\",\"candidate\":\"%s\"}"
                                        .formatted(old.name, async.name))
                        .orElseThrow();
        assertThat(refused.statusCode()).isEqualTo(412);
        assertThat(refused.body()).contains("candidate name does not match with sync_standby");
        try (RowWriter writer = new RowWriter(cluster.nodes)) {
            Await.until(
                    "50 acknowledged rows",
                    SOON,
                    () -> writer.acknowledgedRows() >= 50,
                    () -> cluster.describe());
            old.killAll();
            TestNode now = cluster.awaitLeaderOtherThan(old, Duration.ofSeconds(60));
            assertThat(now.name).as(cluster.describe()).isEqualTo(sync.name);
            int before = writer.acknowledgedRows();
            Await.until(
                    "rows acknowledged by the new leader",
                    SOON,
                    () -> writer.acknowledgedRows() > before + 10,
                    () -> cluster.describe());
            writer.stop();
            assertThat(writer.missingOn(now)).isEmpty();
        }
        old.start();
        cluster.awaitHealthy();
        awaitStandbys("sync_standby", 1);
    }

    @Test
    @Order(2)
    void inStrictModeCommitsWaitUntilThereIsAStandby() throws Exception {
        TestNode leader = leader();
        configure("{\"synchronous_mode_strict\": true}");
        for (TestNode other : cluster.others(leader)) {
            other.killAll();
        }
        Await.until(
                "a demand that nobody can meet",
                SOON,
                () -> leader.query("SHOW synchronous_standby_names").equals("*"),
                () -> cluster.describe());
        CompletableFuture<Boolean> commit =
                CompletableFuture.supplyAsync(
                        () -> commits(leader, "INSERT INTO rows VALUES (-1)"));
        Await.until(
                "the commit waits",
                SOON,
                () ->
                        leader.query(
                                        "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
                                .equals("1"),
                () -> cluster.describe());
        assertThat(commit).isNotDone();
        assertThat(leader.status("/primary")).as("it still leads").isEqualTo(200);
        leader.execute("SET synchronous_commit = local; CREATE ROLE app LOGIN PASSWORD 'app'");
        leader.execute("SET synchronous_commit = local; GRANT SELECT ON rows TO app");
        leader.killPostmaster();
        Await.until(
                "the server is back, with the row that nobody confirmed",
                SOON,
                () -> leader.query("SELECT count(*) FROM rows WHERE id = -1").equals("1"),
                () -> cluster.describe());
        assertThat(seesUnconfirmedRow(leader)).as("a client is let in").isEmpty();
        commit.get(90, TimeUnit.SECONDS);
        cluster.others(leader).forEach(TestNode::start);
        Await.until(
                "clients are let in",
                SOON,
                () -> seesUnconfirmedRow(leader).isPresent(),
                () -> cluster.describe());
        assertThat(seesUnconfirmedRow(leader)).contains("1");
        assertThat(cluster.others(leader))
                .as("it has been confirmed")
                .anyMatch(SyncIT::hasUnconfirmedRow);
        cluster.awaitHealthy();
        configure("{\"synchronous_mode_strict\": null}");
        awaitStandbys("sync_standby", 1);
    }

    @Test
    @Order(3)
    void aQuorumOfTwoConfirms() throws Exception {
        configure("{\"synchronous_mode\": \"quorum\", \"synchronous_node_count\": 2}");
        List<TestNode> voters = awaitStandbys("quorum_standby", 2);
        TestNode leader = leader();
        Await.until(
                "a quorum of both",
                SOON,
                () ->
                        leader.query("SHOW synchronous_standby_names")
                                .equals(
                                        "ANY 2 (%s,%s)"
                                                .formatted(voters.get(0).name, voters.get(1).name)),
                () -> cluster.describe());
        awaitStatus(voters.getFirst(), "/quorum", 200);
        try (RowWriter writer = new RowWriter(cluster.nodes)) {
            Await.until(
                    "rows", SOON, () -> writer.acknowledgedRows() >= 50, () -> cluster.describe());
            leader.killAll();
            TestNode now = cluster.awaitLeaderOtherThan(leader, Duration.ofSeconds(60));
            writer.stop();
            assertThat(writer.missingOn(now)).isEmpty();
        }
        leader.start();
        cluster.awaitHealthy();
        awaitStandbys("quorum_standby", 2);
    }

    @Test
    @Order(4)
    void switchedOffNobodyIsDemandedAndTheKeyIsGone() throws Exception {
        configure("{\"synchronous_mode\": null}");
        TestNode leader = leader();
        Await.until(
                "no demand",
                SOON,
                () -> leader.query("SHOW synchronous_standby_names").isEmpty(),
                () -> cluster.describe());
        assertThat(roles()).doesNotContain("quorum_standby", "sync_standby");
    }

    private TestNode leader() {
        return cluster.awaitLeader(SOON);
    }

    private void configure(String patch) {
        assertThat(leader().send("PATCH", "/config", patch).orElseThrow().statusCode())
                .isEqualTo(200);
    }

    private static boolean commits(TestNode node, String sql) {
        try {
            node.execute(sql);
            return true;
        } catch (SQLException waitedTooLong) {
            return false; // the client gives up after 5 s; the commit goes on waiting
        }
    }

    /** A member's own view may lag a turn behind what the leader's /cluster shows. */
    private void awaitStatus(TestNode node, String probe, int status) {
        Await.until(
                node.name + " answers " + status + " to " + probe,
                SOON,
                () -> node.status(probe) == status,
                () -> cluster.describe());
    }

    /** Empty if clients aren't let in. */
    private static Optional<String> seesUnconfirmedRow(TestNode node) {
        try (Connection connection = node.connect("app", "app");
                ResultSet rows =
                        connection
                                .createStatement()
                                .executeQuery("SELECT count(*) FROM rows WHERE id = -1")) {
            rows.next();
            return Optional.of(rows.getString(1));
        } catch (SQLException e) {
            return Optional.empty();
        }
    }

    private static boolean hasUnconfirmedRow(TestNode node) {
        try {
            return node.query("SELECT count(*) FROM rows WHERE id = -1").equals("1");
        } catch (SQLException stillStarting) {
            return false;
        }
    }

    private List<String> roles() {
        List<String> roles = new ArrayList<>();
        for (JsonNode member : leader().json("/cluster").path("members")) {
            roles.add(member.path("role").asText());
        }
        return roles;
    }

    private List<TestNode> awaitStandbys(String role, int count) {
        Await.until(
                count + " with the role " + role,
                SOON,
                () -> withRole(role).size() == count,
                () -> cluster.describe());
        return withRole(role);
    }

    private List<TestNode> withRole(String role) {
        List<String> names = new ArrayList<>();
        for (JsonNode member : leader().json("/cluster").path("members")) {
            if (member.path("role").asText().equals(role)) {
                names.add(member.path("name").asText());
            }
        }
        return cluster.nodes.stream().filter(node -> names.contains(node.name)).toList();
    }
}
