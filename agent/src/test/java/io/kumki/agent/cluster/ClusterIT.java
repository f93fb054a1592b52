package io.kumki.agent.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/**
 * Three real agents, PostgreSQL and etcd: what users do to a healthy cluster, and what happens to
 * it.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(180)
class ClusterIT {

    private static final Duration FAILOVER = Duration.ofSeconds(60);

    private TestCluster cluster;

    @BeforeAll
    void start() throws Exception {
        cluster = TestCluster.start(3, TestCluster.Settings.USUAL);
        cluster.leader().orElseThrow().execute("CREATE TABLE rows (id bigint PRIMARY KEY)");
    }

    @AfterAll
    void end() {
        cluster.close();
    }

    @BeforeEach
    void healthy() {
        cluster.nodes.stream().filter(node -> !node.agentLives()).forEach(TestNode::start);
        cluster.awaitHealthy();
    }

    @Test
    void probesTellTheLeaderFromTheReplicas() {
        TestNode leader = cluster.leader().orElseThrow();
        for (String path :
                new String[] {
                    "/",
                    "/primary",
                    "/leader",
                    "/read-write",
                    "/read-only",
                    "/health",
                    "/liveness",
                    "/readiness"
                }) {
            assertThat(leader.status(path)).as(path).isEqualTo(200);
        }
        assertThat(leader.status("/replica")).isEqualTo(503);
        for (TestNode replica : cluster.others(leader)) {
            assertThat(replica.status("/primary")).isEqualTo(503);
            Await.until(
                    "/replica of " + replica.name,
                    Duration.ofSeconds(10),
                    () ->
                            replica.status("/replica?lag=1MB") == 200
                                    && replica.status("/readiness") == 200,
                    () -> replica.json("/patroni").toString());
            assertThat(replica.json("/patroni").path("role").asText()).isEqualTo("replica");
            assertThat(replica.json("/patroni").path("replication_state").asText())
                    .isEqualTo("streaming");
        }
        assertThat(leader.json("/decisions").get(0).path("rule").asText())
                .isEqualTo("leader.holds-lock");
    }

    /** Each member's keys move to a lease of the new length, the leader key within its term. */
    @Test
    void anotherTtlCostsNeitherTheLeadNorAMember() {
        TestNode leader = cluster.leader().orElseThrow();
        long postmaster = leader.postmaster().orElseThrow();
        for (int ttl : new int[] {60, 30, 20}) {
            assertThat(
                            leader.send("PATCH", "/config", "{\"ttl\":" + ttl + "}")
                                    .orElseThrow()
                                    .statusCode())
                    .isEqualTo(200);
            long until = System.nanoTime() + 4_000_000_000L;
            Await.until(
                    "two turns with ttl " + ttl,
                    Duration.ofSeconds(20),
                    () -> {
                        assertThat(leader.status("/primary")).isEqualTo(200);
                        assertThat(leader.json("/decisions").get(0).path("rule").asText())
                                .as(leader.json("/decisions").toString())
                                .isEqualTo("leader.holds-lock");
                        return System.nanoTime() > until;
                    },
                    cluster::describe);
        }
        assertThat(leader.postmaster()).contains(postmaster);
    }

    @Test
    void switchoverLosesNoAcknowledgedRow() throws Exception {
        TestNode old = cluster.leader().orElseThrow();
        TestNode candidate = cluster.others(old).getFirst();
        try (RowWriter writer = new RowWriter(cluster.nodes)) {
            awaitRows(writer, 50);
            var answer =
                    old.send(
                                    "POST",
                                    "/switchover",
                                    "{\"leader\":\"%s\",\"candidate\":\"%s\"}"
                                            .formatted(old.name, candidate.name))
                            .orElseThrow();
            assertThat(answer.body())
                    .as(old.json("/decisions").toString())
                    .isEqualTo("Successfully switched over to \"" + candidate.name + "\"");
            assertThat(answer.statusCode()).isEqualTo(200);
            awaitRows(writer, writer.acknowledgedRows() + 50);
            writer.stop();
            assertThat(writer.missingOn(candidate)).isEmpty();
            assertThat(writer.longestGapMs())
                    .as("longest time without an acknowledged row")
                    .isLessThan(15_000);
        }
        cluster.awaitHealthy();
        assertThat(cluster.leader().orElseThrow()).isSameAs(candidate);
        JsonNode history = candidate.json("/history");
        assertThat(history.get(history.size() - 1).get(4).asText()).isEqualTo(candidate.name);
    }

    @Test
    void switchoverToAnUnableCandidateIsRefusedWithTheReason() {
        TestNode leader = cluster.leader().orElseThrow();
        var answer =
                leader.send(
                                "POST",
                                "/switchover",
                                "{\"leader\":\"%s\",\"candidate\":\"nobody\"}"
                                        .formatted(leader.name))
                        .orElseThrow();
        assertThat(answer.statusCode()).isEqualTo(412);
        assertThat(answer.body()).contains("candidate does not exists");
        assertThat(cluster.leader()).contains(leader);
    }

    @Test
    void crashedPostmasterIsRestartedInPlace() throws Exception {
        TestNode leader = cluster.leader().orElseThrow();
        int timeline = leader.json("/patroni").path("timeline").asInt();
        long before = leader.postmaster().orElseThrow();
        leader.killPostmaster();
        Await.until(
                "the same node to be primary again",
                FAILOVER,
                () ->
                        leader.postmaster().filter(pid -> pid != before).isPresent()
                                && leader.query("SELECT pg_is_in_recovery()").equals("f"),
                cluster::describe);
        assertThat(cluster.leader()).contains(leader);
        cluster.awaitHealthy();
        assertThat(leader.json("/patroni").path("timeline").asInt()).isEqualTo(timeline);
    }

    @Test
    void restartedAgentAdoptsTheRunningServer() {
        for (TestNode node :
                new TestNode[] {
                    cluster.leader().orElseThrow(),
                    cluster.others(cluster.leader().orElseThrow()).getFirst()
                }) {
            boolean leads = node.leads();
            long postmaster = node.postmaster().orElseThrow();
            node.killAgent();
            node.start();
            Await.until(
                    node.name + " answers again",
                    FAILOVER,
                    () -> node.status("/health") == 200,
                    cluster::describe);
            cluster.awaitHealthy();
            assertThat(node.postmaster()).contains(postmaster);
            assertThat(node.leads()).isEqualTo(leads);
        }
    }

    @Test
    void stoppedLeaderHandsOverFirst() throws Exception {
        TestNode old = cluster.leader().orElseThrow();
        TestNode one = cluster.others(old).getFirst();
        TestNode two = cluster.others(old).getLast();
        try (RowWriter writer = new RowWriter(cluster.nodes);
                NodeEvents ofOne = NodeEvents.of(one);
                NodeEvents ofTwo = NodeEvents.of(two)) {
            awaitRows(writer, 30);
            assertThat(old.stop()).isZero();
            assertThat(old.postmaster()).isEmpty();
            TestNode next = cluster.awaitLeaderOtherThan(old, Duration.ofSeconds(10));
            tellTheHandOver(next, next.equals(one) ? ofOne : ofTwo);
            awaitRows(writer, writer.acknowledgedRows() + 30);
            writer.stop();
            assertThat(writer.missingOn(next)).isEmpty();
        }
    }

    /** In the order in which it happened, also to who comes back for it. */
    private static void tellTheHandOver(TestNode next, NodeEvents events) throws Exception {
        String[] inOrder = {
            "leader leader=null",
            "operation-begin operation=promote",
            "operation-end operation=promote outcome=done",
            "role role=primary"
        };
        events.await(FAILOVER, inOrder);
        events.await(FAILOVER, "leader leader=null", "leader leader=" + next.name);
        try (NodeEvents again = NodeEvents.after(next, events.ids.getFirst())) {
            again.await(FAILOVER, inOrder);
            assertThat(again.seen).noneMatch(event -> event.startsWith("reset"));
        }
    }

    @Test
    void restartedEtcdCausesNoFailover() throws Exception {
        TestNode leader = cluster.leader().orElseThrow();
        long postmaster = leader.postmaster().orElseThrow();
        cluster.etcd.kill(0);
        cluster.etcd.restart(0);
        long decisionsBefore = System.nanoTime();
        Await.until(
                "the leader to see etcd again",
                Duration.ofSeconds(30),
                () ->
                        leader.json("/decisions")
                                        .get(0)
                                        .path("rule")
                                        .asText()
                                        .equals("leader.holds-lock")
                                && System.nanoTime() - decisionsBefore > 5_000_000_000L,
                cluster::describe);
        assertThat(cluster.leader()).contains(leader);
        assertThat(leader.postmaster()).contains(postmaster);
    }

    @Test
    void configurationChangeReachesEveryServer() {
        TestNode leader = cluster.leader().orElseThrow();
        var answer =
                cluster.others(leader)
                        .getFirst()
                        .send(
                                "PATCH",
                                "/config",
                                "{\"postgresql\":{\"parameters\":{\"work_mem\":\"7MB\",\"max_connections\":60}}}")
                        .orElseThrow();
        assertThat(answer.statusCode()).isEqualTo(200);
        for (TestNode node : cluster.nodes) {
            Await.until(
                    "work_mem on " + node.name,
                    Duration.ofSeconds(20),
                    () -> node.query("SHOW work_mem").equals("7MB"),
                    cluster::describe);
            Await.until(
                    "pending restart on " + node.name,
                    Duration.ofSeconds(20),
                    () ->
                            node.json("/patroni")
                                    .path("pending_restart_reason")
                                    .has("max_connections"),
                    () -> node.json("/patroni").toString());
        }
        for (TestNode node : cluster.nodes) {
            assertThat(node.send("POST", "/restart", "{}").orElseThrow().body())
                    .isEqualTo("restarted successfully");
        }
        cluster.awaitHealthy();
        for (TestNode node : cluster.nodes) {
            Await.until(
                    "no pending restart on " + node.name,
                    Duration.ofSeconds(20),
                    () ->
                            !node.json("/patroni").has("pending_restart")
                                    && node.query("SHOW max_connections").equals("60"),
                    () -> node.json("/patroni").toString());
        }
        assertThat(cluster.leader()).contains(leader);
    }

    @Test
    void pausedClusterLeavesEverythingAlone() throws Exception {
        TestNode leader = cluster.leader().orElseThrow();
        leader.send("PATCH", "/config", "{\"pause\":true}");
        for (TestNode node : cluster.nodes) {
            Await.until(
                    "pause on " + node.name,
                    Duration.ofSeconds(20),
                    () -> node.json("/patroni").has("pause"),
                    cluster::describe);
        }
        long postmaster = leader.postmaster().orElseThrow();
        assertThat(leader.stop()).isZero();
        assertThat(leader.postmaster()).contains(postmaster);
        assertThat(leader.query("SELECT pg_is_in_recovery()")).isEqualTo("f");
        leader.start();
        Await.until("the leader to be back", FAILOVER, leader::leads, cluster::describe);
        leader.send("PATCH", "/config", "{\"pause\":null}");
        for (TestNode node : cluster.nodes) {
            Await.until(
                    "resume on " + node.name,
                    Duration.ofSeconds(20),
                    () -> !node.json("/patroni").has("pause"),
                    cluster::describe);
        }
        assertThat(cluster.leader()).contains(leader);
    }

    @Test
    void reinitializedReplicaStreamsAgain() throws Exception {
        TestNode replica = cluster.others(cluster.leader().orElseThrow()).getLast();
        long before = replica.postmaster().orElseThrow();
        try (NodeEvents events = NodeEvents.of(replica)) {
            assertThat(replica.send("POST", "/reinitialize", "{}").orElseThrow().body())
                    .isEqualTo("reinitialize started");
            events.await(
                    FAILOVER,
                    "operation-begin operation=reinitialize",
                    "operation-progress operation=reinitialize",
                    "operation-end operation=reinitialize outcome=done");
        }
        Await.until(
                "a fresh copy on " + replica.name,
                FAILOVER,
                () ->
                        replica.postmaster().filter(pid -> pid != before).isPresent()
                                && cluster.healthy(),
                cluster::describe);
    }

    private void awaitRows(RowWriter writer, int rows) {
        Await.until(
                rows + " acknowledged rows",
                FAILOVER,
                () -> writer.acknowledgedRows() >= rows,
                () -> writer.acknowledgedRows() + " rows; " + cluster.describe());
    }
}
