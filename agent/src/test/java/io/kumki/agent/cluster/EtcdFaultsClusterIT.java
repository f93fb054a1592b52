package io.kumki.agent.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.kumki.dcs.etcd.EtcdProcess;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What trouble in etcd costs a cluster: nothing while the lease proves the lead, and never more
 * than the lease allows.
 */
class EtcdFaultsClusterIT {

    private static final Duration LIMIT = Duration.ofSeconds(60);

    private static final TestCluster.Settings SYNCHRONOUS =
            new TestCluster.Settings(20, 2, 5, "synchronous_mode: true", "");

    private static final TestCluster.Settings STRICT =
            new TestCluster.Settings(
                    20, 2, 5, "synchronous_mode: true\nsynchronous_mode_strict: true", "");

    /** Twenty by hand: {@code -Detcdfaults.rounds=20}. */
    private static final int ROUNDS = Integer.getInteger("etcdfaults.rounds", 1);

    /** Well under the ttl of 20 s, of which 10 s may be over when it begins. */
    private static final Duration FROZEN = Duration.ofSeconds(6);

    /** Longer than the {@code retry_timeout} of 5 s, and shorter than what is left of a lease. */
    private static final Duration SILENT = Duration.ofSeconds(8);

    @Test
    @Timeout(200 + 2 * 60 * 20)
    void troubleWithinTheLeaseCausesNoFailover() throws Exception {
        try (TestCluster cluster = TestCluster.start(2, SYNCHRONOUS, EtcdProcess.three());
                RowWriter writer = writerAt(cluster)) {
            TestNode leader = cluster.leader().orElseThrow();
            long postmaster = leader.postmaster().orElseThrow();
            int timeline = leader.json("/patroni").path("timeline").asInt();

            for (int round = 1; round <= ROUNDS; round++) {
                slowDisk(cluster);
                leader.freezeAgent();
                pause(FROZEN);
                leader.thawAgent();
                goesOnLeading(cluster, leader);

                int dead = cluster.etcd.leader();
                cluster.etcd.kill(dead); // a change of leader, and an endpoint that is gone
                goesOnLeading(cluster, leader);
                cluster.etcd.restart(dead);

                int old = cluster.etcd.leader();
                cluster.etcd.freeze(old); // and one that doesn't answer
                goesOnLeading(cluster, leader);
                cluster.etcd.thaw(old); // a former leader that wakes may revoke leases
                goesOnLeading(cluster, leader);
                assertThat(leader.postmaster()).as("round " + round).contains(postmaster);
                System.out.println("trouble in etcd, round " + round + ": no failover");
            }

            for (int member = 0; member < 3; member++) {
                cluster.etcd.freeze(member);
            }
            pause(SILENT); // turns fail, and the lease still proves the lead
            for (int member = 0; member < 3; member++) {
                cluster.etcd.thaw(member);
            }
            goesOnLeading(cluster, leader);

            for (int member = 0; member < 3; member++) {
                cluster.etcd.kill(member);
            }
            for (int member = 0; member < 3; member++) {
                cluster.etcd.relaunch(member);
            }
            goesOnLeading(cluster, leader);

            cluster.awaitHealthy();
            assertThat(writer.longestGapMs()).as("ms without a commit").isLessThan(5_000);
            writer.stop();
            assertThat(writer.missingOn(cluster.others(leader).getFirst())).isEmpty();
            SyncAgreement.await(cluster, 1);
            assertThat(cluster.leader()).contains(leader);
            assertThat(leader.postmaster()).contains(postmaster);
            assertThat(leader.json("/patroni").path("timeline").asInt()).isEqualTo(timeline);
        }
    }

    @Test
    @Timeout(300)
    void silentEtcdStopsThePrimaryBeforeItsLeaseEnds() throws Exception {
        int ttl = 6;
        try (TestCluster cluster = TestCluster.start(2, STRICT.withTtl(ttl))) {
            TestNode leader = cluster.leader().orElseThrow();
            int timeline = leader.json("/patroni").path("timeline").asInt();
            try (RowWriter writer = writerAt(cluster)) {
                Await.until("rows", LIMIT, () -> writer.acknowledgedRows() > 50, cluster::describe);
                cluster.etcd.freeze(0);
                long frozen = System.nanoTime();
                Await.until(
                        "the primary to stop taking writes",
                        Duration.ofSeconds(3L * ttl),
                        () -> System.nanoTime() - writer.lastAckNanos() > 3_000_000_000L,
                        cluster::describe);
                // the last renewal was sent before the freeze, so its lease ends within a ttl after
                // it
                assertThat(TimeUnit.NANOSECONDS.toMillis(writer.lastAckNanos() - frozen))
                        .as("milliseconds of writing after etcd fell silent")
                        .isLessThan(ttl * 1_000L);
                assertThat(leader.status("/primary")).isEqualTo(503);
                Await.until(
                        "a server for reads, and no primary anywhere",
                        LIMIT,
                        () -> cluster.nodes.stream().allMatch(EtcdFaultsClusterIT::servesReads),
                        cluster::describe);
                cluster.etcd.thaw(0);
                cluster.awaitHealthy();
                writer.stop();
                TestNode now = cluster.leader().orElseThrow();
                assertThat(writer.missingOn(now)).isEmpty();
                assertThat(now.json("/patroni").path("timeline").asInt())
                        .as("one promotion, and not two")
                        .isEqualTo(timeline + 1);
                SyncAgreement.await(cluster, 1);
                restartedPrimaryWaitsForItsStandby(cluster, now);
            }
            secondPrimaryIsNoticed(cluster);
        }
    }

    /** Strict after the outage as before it: clients are held off until a standby has all. */
    private static void restartedPrimaryWaitsForItsStandby(TestCluster cluster, TestNode primary)
            throws Exception {
        primary.execute("CREATE ROLE app LOGIN PASSWORD 'app'");
        TestNode standby = cluster.others(primary).getFirst();
        String before = primary.query("SELECT pg_postmaster_start_time()");
        standby.killAll();
        primary.killPostmaster();
        Await.until(
                "the server to be back for its agent",
                LIMIT,
                () ->
                        primary.query("SELECT pg_is_in_recovery()").equals("f")
                                && !primary.query("SELECT pg_postmaster_start_time()")
                                        .equals(before),
                cluster::describe);
        assertThat(letsClientsIn(primary)).isFalse();
        standby.start();
        Await.until("clients to be let in", LIMIT, () -> letsClientsIn(primary), cluster::describe);
        cluster.awaitHealthy();
    }

    private static boolean letsClientsIn(TestNode node) {
        try (Connection connection = node.connect("app", "app")) {
            return connection.isValid(1);
        } catch (SQLException heldOff) {
            return false;
        }
    }

    private static boolean servesReads(TestNode node) {
        try {
            return node.query("SELECT pg_is_in_recovery()").equals("t");
        } catch (SQLException stillStarting) {
            return false;
        }
    }

    /**
     * In maintenance mode nobody is fenced: an operator promotes the standby by hand, while etcd is
     * silent too. All who can be asked say so.
     */
    private static void secondPrimaryIsNoticed(TestCluster cluster) throws Exception {
        TestNode leader = cluster.leader().orElseThrow();
        TestNode second = cluster.others(leader).getFirst();
        pauses(leader, true);
        Await.until(
                "both to know of it",
                LIMIT,
                () -> cluster.nodes.stream().allMatch(EtcdFaultsClusterIT::paused),
                cluster::describe);
        cluster.etcd.freeze(0);
        second.execute("SELECT pg_promote()");
        for (TestNode node : cluster.nodes) {
            Await.until(
                    node.name + " to raise the alarm without etcd",
                    LIMIT,
                    () -> alarm(node).equals("[\"n1\",\"n2\"]"),
                    cluster::describe);
        }
        assertThat(leader.logText()).contains("more than one primary takes writes");
        assertThat(leader.send("GET", "/metrics", "").orElseThrow().body())
                .containsPattern("kumki_multiple_primaries(\\{[^}]*})? 2");
        cluster.etcd.thaw(0);
        long thawed = System.nanoTime();
        Await.until(
                "the alarm to go on with etcd back",
                LIMIT,
                () ->
                        System.nanoTime() - thawed > 4_000_000_000L
                                && leader.json("/cluster").path("members").size() == 2
                                && !alarm(leader).isEmpty(),
                cluster::describe);
        pauses(leader, false);
        cluster.awaitHealthy();
        Await.until(
                "the end of the alarm",
                LIMIT,
                () -> cluster.nodes.stream().allMatch(node -> alarm(node).isEmpty()),
                cluster::describe);
        assertThat(leader.logText()).contains("there is one primary at most again");
    }

    private static String alarm(TestNode node) {
        JsonNode names = node.json("/patroni").path("multiple_primaries");
        return names.isMissingNode() ? "" : names.toString();
    }

    private static boolean paused(TestNode node) {
        return node.json("/patroni").path("pause").asBoolean();
    }

    private static void pauses(TestNode node, boolean pause) {
        assertThat(
                        node.send("PATCH", "/config", "{\"pause\": " + pause + "}")
                                .orElseThrow()
                                .statusCode())
                .isEqualTo(200);
    }

    private static RowWriter writerAt(TestCluster cluster) throws Exception {
        cluster.leader().orElseThrow().execute("CREATE TABLE rows (id bigint PRIMARY KEY)");
        RowWriter writer = new RowWriter(cluster.nodes);
        Await.until("rows", LIMIT, () -> writer.acknowledgedRows() > 50, cluster::describe);
        return writer;
    }

    /** Each member in turn answers only now and then, as one whose disk is slow to sync. */
    private static void slowDisk(TestCluster cluster) {
        for (int times = 0; times < 12; times++) {
            int member = times % 3;
            cluster.etcd.freeze(member);
            pause(Duration.ofMillis(700));
            cluster.etcd.thaw(member);
            pause(Duration.ofMillis(100));
        }
    }

    /** A fault of this length: what it does is asked afterwards. */
    private static void pause(Duration length) {
        long end = System.nanoTime() + length.toNanos();
        Await.until(
                "the end of a fault",
                LIMIT,
                () -> System.nanoTime() - end >= 0,
                () -> "the clock stands still");
    }

    /** Two turns and more: the leader answers as one, and renews its lease again. */
    private static void goesOnLeading(TestCluster cluster, TestNode leader) {
        long begun = System.nanoTime();
        Await.until(
                leader.name + " to renew its lease",
                LIMIT,
                () -> {
                    assertThat(leader.status("/primary")).as(cluster.describe()).isEqualTo(200);
                    return System.nanoTime() - begun > 6_000_000_000L
                            && leader.json("/decisions")
                                    .get(0)
                                    .path("rule")
                                    .asText()
                                    .equals("leader.holds-lock");
                },
                cluster::describe);
    }
}
