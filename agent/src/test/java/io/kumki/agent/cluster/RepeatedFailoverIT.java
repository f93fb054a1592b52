package io.kumki.agent.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The primary's machine dies again and again; what was dead comes back as a streaming replica by
 * itself.
 */
class RepeatedFailoverIT {

    private static final int ROUNDS = 10;

    @Test
    @Timeout(600)
    void tenKilledPrimariesLeaveNoNodeBehind() throws Exception {
        try (TestCluster cluster = TestCluster.start(3, TestCluster.Settings.USUAL.withTtl(5))) {
            cluster.leader().orElseThrow().execute("CREATE TABLE rows (id bigint PRIMARY KEY)");
            try (RowWriter writer = new RowWriter(cluster.nodes)) {
                for (int round = 1; round <= ROUNDS; round++) {
                    int rows = writer.acknowledgedRows();
                    Await.until(
                            "rows in round " + round,
                            Duration.ofSeconds(30),
                            () -> writer.acknowledgedRows() >= rows + 20,
                            cluster::describe);
                    TestNode old = cluster.leader().orElseThrow();
                    old.killAll();
                    TestNode next = cluster.awaitLeaderOtherThan(old, Duration.ofSeconds(40));
                    assertThat(next).isNotSameAs(old);
                    old.start();
                    cluster.awaitHealthy();
                }
            }
            String rows = cluster.leader().orElseThrow().query("SELECT count(*) FROM rows");
            for (TestNode node : cluster.nodes) {
                Await.until(
                        "all rows on " + node.name,
                        Duration.ofSeconds(20),
                        () -> node.query("SELECT count(*) FROM rows").equals(rows),
                        cluster::describe);
            }
        }
    }
}
