package io.kumki.agent.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** {@code failsafe_mode}, commits confirmed by a quorum: etcd is away for longer than a lease. */
class FailsafeIT {

    private static final int TTL = 8;
    private static final Duration LIMIT = Duration.ofSeconds(60);

    @Test
    @Timeout(240)
    void aPrimaryGoesOnWithoutEtcdWhileAllMembersAgreeAndNoLonger() throws Exception {
        TestCluster.Settings settings =
                new TestCluster.Settings(
                        TTL, 1, 3, "failsafe_mode: true\nsynchronous_mode: quorum", "");
        try (TestCluster cluster = TestCluster.start(3, settings)) {
            TestNode leader = cluster.leader().orElseThrow();
            TestNode other = cluster.others(leader).getFirst();
            long postmaster = leader.postmaster().orElseThrow();
            leader.execute("CREATE TABLE rows (id bigint PRIMARY KEY)");
            Await.until(
                    "all three to be named",
                    LIMIT,
                    () -> leader.status("/failsafe") == 200 && leader.json("/failsafe").size() == 3,
                    cluster::describe);
            try (RowWriter writer = new RowWriter(cluster.nodes)) {
                Await.until("rows", LIMIT, () -> writer.acknowledgedRows() > 50, cluster::describe);

                cluster.etcd.freeze(0);
                long frozen = System.nanoTime();
                Await.until(
                        "two leases' time to pass",
                        LIMIT,
                        () -> System.nanoTime() - frozen > 2L * TTL * 1_000_000_000L,
                        cluster::describe);
                assertThat(leader.status("/primary")).as(cluster.describe()).isEqualTo(200);
                assertThat(leader.status("/liveness")).as("the loop turns").isEqualTo(200);
                assertThat(leader.postmaster()).contains(postmaster);
                assertThat(writer.longestGapMs()).isLessThan(2_000);
                assertThat(leader.json("/patroni").path("failsafe_mode_is_active").asBoolean())
                        .isTrue();
                assertThat(other.json("/patroni").path("failsafe_mode_is_active").asBoolean())
                        .isTrue();

                // one member that doesn't agree is enough
                other.freezeAgent();
                Await.until(
                        "the primary to stop taking writes",
                        Duration.ofSeconds(2L * TTL),
                        () -> System.nanoTime() - writer.lastAckNanos() > 2_000_000_000L,
                        cluster::describe);
                assertThat(leader.status("/primary")).isEqualTo(503);
                other.thawAgent();

                cluster.etcd.thaw(0);
                cluster.awaitHealthy();
                writer.stop();
                assertThat(writer.missingOn(cluster.leader().orElseThrow())).isEmpty();
                SyncAgreement.await(cluster, 2);
            }
        }
    }
}
