package io.kumki.agent.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A standby that streams from another standby. */
@Timeout(200)
class CascadeIT {

    private static final Duration SOON = Duration.ofSeconds(60);

    @Test
    void goesOnFromTheLeaderWhenItsUpstreamDies() throws SQLException {
        try (TestCluster cluster = TestCluster.prepare(3, TestCluster.Settings.USUAL)) {
            TestNode first = cluster.nodes.get(0);
            TestNode middle = cluster.nodes.get(1);
            TestNode last = cluster.nodes.get(2);
            last.writeConfig(cluster.yaml(last) + "\ntags:\n  replicatefrom: n2\n");
            first.start();
            cluster.awaitLeader(TestCluster.HEALTHY);
            middle.start();
            last.start();
            cluster.awaitHealthy();
            streams(cluster, last, middle);
            first.execute("CREATE TABLE rows (id int)");
            first.execute("INSERT INTO rows VALUES (1)");
            awaitRows(cluster, last, "1");
            assertThat(
                            middle.query(
                                    "SELECT active FROM pg_replication_slots WHERE slot_name = 'n3'"))
                    .isEqualTo("t");
            changesWithItsTag(cluster, first, middle, last);
            isCopiedFromTheTaggedOne(cluster, middle, last);

            middle.killAll();
            streams(cluster, last, first);
            first.execute("INSERT INTO rows VALUES (2)");
            awaitRows(cluster, last, "2");
        }
    }

    /** Read again while agent and server run. */
    private static void changesWithItsTag(
            TestCluster cluster, TestNode first, TestNode middle, TestNode last)
            throws SQLException {
        String started = last.query("SELECT pg_postmaster_start_time()");
        tag(cluster, last, "");
        streams(cluster, last, first);
        tag(cluster, last, "replicatefrom: n2");
        streams(cluster, last, middle);
        assertThat(last.query("SELECT pg_postmaster_start_time()"))
                .as("without a restart")
                .isEqualTo(started);
    }

    private static void isCopiedFromTheTaggedOne(
            TestCluster cluster, TestNode middle, TestNode last) {
        tag(cluster, middle, "clonefrom: true");
        Await.until(
                "the tag in the member key",
                SOON,
                () ->
                        last.json("/cluster")
                                .path("members")
                                .findPath("tags")
                                .path("clonefrom")
                                .asBoolean(),
                cluster::describe);
        assertThat(last.send("POST", "/reinitialize", "").orElseThrow().statusCode())
                .isEqualTo(200);
        Await.until(
                "a copy of " + middle.name,
                SOON,
                () -> last.logText().contains("cloned by basebackup from " + middle.name),
                cluster::describe);
        streams(cluster, last, middle);
    }

    private static void tag(TestCluster cluster, TestNode node, String tag) {
        node.writeConfig(cluster.yaml(node) + "\ntags: {" + tag + "}\n");
        TestNode.signal("HUP", node.agentPid());
    }

    private static void awaitRows(TestCluster cluster, TestNode node, String count) {
        Await.until(
                count + " rows on " + node.name,
                SOON,
                () -> node.query("SELECT count(*) FROM rows").equals(count),
                cluster::describe);
    }

    private static void streams(TestCluster cluster, TestNode node, TestNode from) {
        Await.until(
                node.name + " to stream from " + from.name,
                SOON,
                () ->
                        node.query(
                                        "SELECT sender_port FROM pg_stat_wal_receiver WHERE status = 'streaming'")
                                .equals(Integer.toString(from.pgPort)),
                cluster::describe);
    }
}
