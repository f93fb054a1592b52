package io.kumki.agent.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.regex.Pattern;
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

    /**
     * PostgreSQL's own lines: when the leader's demand changed, and when a standby began to stop.
     */
    private static final Pattern DEMAND =
            Pattern.compile(
                    "(?m)^(\\S+ \\S+) UTC .*\"synchronous_standby_names\" changed to \"(.*)\"$");

    private static final Pattern STOP =
            Pattern.compile("(?m)^(\\S+ \\S+) UTC .*received (?:fast|immediate) shutdown request$");

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
        TestNode async = otherStandby(old, sync);
        assertThat(old.query("SHOW synchronous_standby_names")).isEqualTo(sync.name);
        awaitStatuses(sync, 200, "/sync", "/read-only-sync");
        awaitStatuses(sync, 503, "/async", "/quorum", "/read-only-quorum");
        awaitStatuses(async, 200, "/async");
        awaitStatuses(async, 503, "/sync", "/read-only-sync", "/quorum");
        awaitStatuses(old, 200, "/read-only-sync", "/read-only-quorum");
        awaitStatuses(old, 503, "/sync", "/async", "/quorum");
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
            awaitRows(writer);
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

    /** One of two standbys must confirm: a commit never waits for one that is known to go. */
    @Test
    @Order(2)
    void whoStopsRestartsOrIsCopiedAnewLeavesDutyFirst() throws Exception {
        TestNode leader = leader();
        // without leaving, a change of members would wake the leader only when the server is down
        configure("{\"ttl\": 20, \"loop_wait\": 4, \"retry_timeout\": 5}");
        try (RowWriter writer = new RowWriter(List.of(leader), 100_000)) {
            awaitRows(writer);
            goes(leader, "stops", TestNode::stop);
            cluster.nodes.stream().filter(node -> !node.agentLives()).forEach(TestNode::start);
            cluster.awaitHealthy();
            goes(leader, "restarts", node -> post(node, "/restart"));
            cluster.awaitHealthy();
            goes(leader, "is copied anew", node -> post(node, "/reinitialize"));
            cluster.awaitHealthy();
            writer.stop();
            assertThat(writer.missingOn(leader)).isEmpty();
        }
        configure("{\"ttl\": 10, \"loop_wait\": 1, \"retry_timeout\": 3}");
    }

    /** PostgreSQL alone would wait for {@code wal_sender_timeout}, 60 s. */
    @Test
    @Order(3)
    void aSilentStandbyLosesItsDutyToOneThatConfirms() throws Exception {
        TestNode leader = leader();
        TestNode silent = awaitStandbys("sync_standby", 1).getFirst();
        TestNode other = otherStandby(leader, silent);
        long receiver = Long.parseLong(silent.query("SELECT pid FROM pg_stat_wal_receiver"));
        try (RowWriter writer = new RowWriter(List.of(leader), 200_000)) {
            awaitRows(writer);
            int before = writer.acknowledgedRows();
            TestNode.signal("STOP", receiver);
            Await.until(
                    "commits that the other confirms",
                    SOON,
                    () ->
                            leader.query("SHOW synchronous_standby_names").equals(other.name)
                                    && writer.acknowledgedRows() >= before + 50,
                    () -> cluster.describe());
            assertThat(awaitStandbys("sync_standby", 1)).containsExactly(other);
            assertThat(
                            leader.query(
                                    "SELECT state FROM pg_stat_replication WHERE application_name = '"
                                            + silent.name
                                            + "'"))
                    .as("PostgreSQL hasn't missed it yet")
                    .isEqualTo("streaming");
            writer.stop();
            assertThat(writer.longestGapMs()).as("ms without a commit").isLessThan(20_000);
            assertThat(writer.missingOn(other)).isEmpty();
        } finally {
            TestNode.signal("CONT", receiver);
        }
        cluster.awaitHealthy();
        awaitStandbys("sync_standby", 1);
    }

    /** They are read again while agents and servers run. */
    @Test
    @Order(4)
    void tagsDecideWhoIsSynchronous() throws Exception {
        TestNode leader = leader();
        TestNode sync = awaitStandbys("sync_standby", 1).getFirst();
        TestNode other = otherStandby(leader, sync);
        String started = sync.query("SELECT pg_postmaster_start_time()");

        tag(sync, "nosync: true");
        awaitSynchronous(leader, other);
        awaitStatuses(sync, 503, "/sync");

        tag(sync, "sync_priority: 2");
        awaitSynchronous(leader, sync);
        tag(other, "sync_priority: 3");
        awaitSynchronous(leader, other);

        tag(sync, "");
        tag(other, "");
        assertThat(sync.query("SELECT pg_postmaster_start_time()")).isEqualTo(started);
    }

    private void tag(TestNode node, String tag) {
        node.writeConfig(cluster.yaml(node) + "\ntags: {" + tag + "}\n");
        TestNode.signal("HUP", node.agentPid());
    }

    private void awaitSynchronous(TestNode leader, TestNode standby) {
        Await.until(
                standby.name + " to be synchronous",
                SOON,
                () ->
                        leader.query("SHOW synchronous_standby_names").equals(standby.name)
                                && withRole("sync_standby").equals(List.of(standby)),
                () -> cluster.describe());
    }

    @Test
    @Order(5)
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
    @Order(6)
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
        for (TestNode voter : voters) {
            awaitStatuses(voter, 200, "/quorum", "/read-only-quorum");
            awaitStatuses(voter, 503, "/sync", "/read-only-sync", "/async");
        }
        try (RowWriter writer = new RowWriter(cluster.nodes)) {
            awaitRows(writer);
            voters.getFirst().stop();
            assertThat(demandWhenStopped(leader, voters.getFirst()))
                    .as("commits waited for both until it had left")
                    .isEqualTo("ANY 1 (%s)".formatted(voters.get(1).name));
            assertThat(leader.query("SHOW synchronous_standby_names"))
                    .isEqualTo("ANY 1 (%s)".formatted(voters.get(1).name));
            voters.getFirst().start();
            awaitStandbys("quorum_standby", 2);
            leader.killAll();
            TestNode now = cluster.awaitLeaderOtherThan(leader, Duration.ofSeconds(60));
            writer.stop();
            assertThat(writer.missingOn(now)).isEmpty();
        }
        leader.start();
        cluster.awaitHealthy();
        awaitStandbys("quorum_standby", 2);
    }

    /**
     * The backup's key names a standby that has left duty since. It comes back, and the leader is
     * lost together with etcd.
     */
    @Test
    @Order(7)
    void aStandbyThatARestoredEtcdNamesDoesNotTakeOver() throws Exception {
        configure("{\"synchronous_mode\": true, \"synchronous_node_count\": null}");
        TestNode named = awaitStandbys("sync_standby", 1).getFirst();
        TestNode lost = leader();
        TestNode other = otherStandby(lost, named);
        Path backup = cluster.etcd.backup();
        named.killAll();
        Await.until(
                other.name + " in duty",
                SOON,
                () -> withRole("sync_standby").contains(other),
                () -> cluster.describe());
        try (RowWriter writer = new RowWriter(List.of(lost), 200_000)) {
            awaitRows(writer);
            cluster.etcd.kill(0);
            lost.killAll();
            writer.stop();
            cluster.etcd.restore(backup);
            named.start();
            for (TestNode standby : List.of(named, other)) {
                Await.until(
                        standby.name + " to wait for " + lost.name,
                        SOON,
                        () -> waitsFor(lost, standby),
                        () -> cluster.describe());
            }
            assertThat(cluster.leader()).isEmpty();
            post(other, "/failover", "{\"candidate\":\"%s\"}".formatted(other.name));
            TestNode now = cluster.awaitLeader(SOON);
            assertThat(now).isEqualTo(other);
            assertThat(writer.missingOn(now)).isEmpty();
        }
        lost.start();
        cluster.awaitHealthy();
        awaitStandbys("sync_standby", 1);
    }

    private static boolean waitsFor(TestNode lost, TestNode standby) {
        return standby.logText()
                .lines()
                .anyMatch(line ->
                        line.contains("election.set-back-waits")
                                && line.contains(lost.name + ": not reachable"));
    }

    @Test
    @Order(8)
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

    private void awaitRows(RowWriter writer) {
        Await.until("rows", SOON, () -> writer.acknowledgedRows() >= 50, () -> cluster.describe());
    }

    private TestNode otherStandby(TestNode leader, TestNode one) {
        return cluster.others(leader).stream()
                .filter(node -> node != one)
                .findFirst()
                .orElseThrow();
    }

    private void configure(String patch) {
        assertThat(leader().send("PATCH", "/config", patch).orElseThrow().statusCode())
                .isEqualTo(200);
    }

    /** The synchronous standby goes, and the leader's server has let go of it before. */
    private void goes(TestNode leader, String how, Consumer<TestNode> goes) {
        TestNode standby = awaitStandbys("sync_standby", 1).getFirst();
        long before = STOP.matcher(standby.logText()).results().count();
        goes.accept(standby);
        Await.until(
                "another in duty when " + standby.name + " " + how,
                SOON,
                () -> !withRole("sync_standby").contains(standby),
                () -> cluster.describe());
        Await.until(
                standby.name + " to stop",
                SOON,
                () -> STOP.matcher(standby.logText()).results().count() > before,
                () -> cluster.describe());
        assertThat(demandWhenStopped(leader, standby))
                .as("what commits waited for when " + standby.name + " " + how)
                .doesNotContain(standby.name);
    }

    /** What the leader demanded when the standby's server last began to stop. */
    private static String demandWhenStopped(TestNode leader, TestNode standby) {
        String stopped =
                STOP.matcher(standby.logText())
                        .results()
                        .map(found -> found.group(1))
                        .reduce("", (_, last) -> last);
        return DEMAND.matcher(leader.logText())
                .results()
                .filter(found -> found.group(1).compareTo(stopped) < 0)
                .map(found -> found.group(2))
                .reduce((_, last) -> last)
                .orElseThrow();
    }

    private static void post(TestNode node, String path) {
        post(node, path, "{}");
    }

    private static void post(TestNode node, String path, String body) {
        assertThat(node.send("POST", path, body).orElseThrow().statusCode()).isEqualTo(200);
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
    private void awaitStatuses(TestNode node, int status, String... probes) {
        for (String probe : probes) {
            Await.until(
                    node.name + " answers " + status + " to " + probe,
                    SOON,
                    () -> node.status(probe) == status,
                    () -> cluster.describe());
        }
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
