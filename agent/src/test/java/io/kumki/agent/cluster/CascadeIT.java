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

            middle.killAll();
            streams(cluster, last, first);
            first.execute("INSERT INTO rows VALUES (2)");
            awaitRows(cluster, last, "2");
        }
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
