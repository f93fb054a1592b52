package io.kumki.agent.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;

/**
 * The primary's machine dies again and again; what was dead comes back as a streaming replica by
 * itself.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class RepeatedFailoverIT {

    private static final int ROUNDS = 10;
    private static final Duration SOON = Duration.ofSeconds(40);

    private TestCluster cluster;

    @BeforeAll
    void start() {
        cluster = TestCluster.start(3, TestCluster.Settings.USUAL.withTtl(5));
    }

    @AfterAll
    void end() {
        cluster.close();
    }

    @Test
    @Order(1)
    @Timeout(600)
    void tenKilledPrimariesLeaveNoNodeBehind() throws Exception {
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
                TestNode next = cluster.awaitLeaderOtherThan(old, SOON);
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

    /**
     * Two members lead one after the other, the second without having seen the first: their
     * timelines have one number and one history, and other content. A standby that follows without
     * a look would get the leader's log laid over its own.
     */
    @Test
    @Order(2)
    @Timeout(180)
    void whoWasPromotedToTheLeadersTimelineNumberIsComparedBeforeItFollows() throws Exception {
        TestNode dead = cluster.leader().orElseThrow();
        TestNode former = cluster.others(dead).getFirst();
        TestNode next = cluster.others(dead).getLast();
        dead.execute("CREATE TABLE whose (name text)");
        dead.execute("CHECKPOINT");
        next.killAgent(); // its server goes on as a standby
        Await.until(
                "both standbys to have the whole log",
                SOON,
                () -> {
                    String end = dead.query("SELECT pg_current_wal_flush_lsn()");
                    return has(former, end) && has(next, end);
                },
                cluster::describe);
        dead.killAll();
        assertThat(cluster.awaitLeader(SOON)).isSameAs(former);
        former.execute("INSERT INTO whose VALUES ('former')");
        int timeline = timeline(former);
        former.stop();
        next.start();
        assertThat(cluster.awaitLeader(SOON)).isSameAs(next);
        next.execute("INSERT INTO whose VALUES ('next')");
        assertThat(timeline(next)).isEqualTo(timeline);
        assertThat(history(next, timeline)).isEqualTo(history(former, timeline));

        // as after a demotion whose agent died before it knew whom to follow
        Files.createFile(former.data().resolve("standby.signal"));
        former.start();
        dead.start();
        cluster.awaitHealthy();

        assertThat(former.logText())
                .contains(
                        "its log of timeline " + timeline + " may not be the leader's",
                        "two members were promoted to it",
                        "rule=rejoin.clones");
        for (TestNode node : cluster.nodes) {
            assertThat(node.query("SELECT string_agg(name, ',') FROM whose")).isEqualTo("next");
        }
    }

    private static boolean has(TestNode node, String position) throws Exception {
        return node.query("SELECT pg_last_wal_replay_lsn() >= '" + position + "'").equals("t");
    }

    /** Of a primary, by itself: /patroni may be a second old. */
    private static int timeline(TestNode node) throws Exception {
        return Integer.parseInt(
                node.query(
                        "SELECT ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))"
                                + "::bit(32)::int"));
    }

    private static List<String> history(TestNode node, int timeline) throws Exception {
        String name = String.format(Locale.ROOT, "%08X.history", timeline);
        return Files.readAllLines(node.data().resolve("pg_wal").resolve(name));
    }
}
