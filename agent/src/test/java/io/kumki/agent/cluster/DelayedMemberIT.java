package io.kumki.agent.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.dcs.etcd.EtcdProcess;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A member of a standby cluster with a delay of its own, which may not lead. */
@Timeout(200)
class DelayedMemberIT {

    private static final Duration SOON = Duration.ofSeconds(60);
    private static final TestCluster.Settings MAIN = new TestCluster.Settings(8, 1, 3, "", "");
    private static final String DELAY_RULE = "rejoin.delayed";
    private static final String DELAYED =
            """
              recovery_conf:
                recovery_min_apply_delay: 1h
            tags:
              nofailover: true
            """;

    private TestCluster main;
    private TestCluster site;

    @Test
    void receivesAtOnceAppliesLateAndFollowsTheRemoteWhileNobodyLeads() throws Exception {
        main = TestCluster.start(1, MAIN);
        try (TestCluster _ = main) {
            TestNode primary = main.nodes.getFirst();
            primary.execute("CREATE TABLE rows (id int)");
            String remote =
                    "standby_cluster: {host: 127.0.0.1, port: %d}".formatted(primary.pgPort);
            site =
                    TestCluster.prepare(
                            2, new TestCluster.Settings(8, 1, 3, remote, ""), EtcdProcess.single());
            try (TestCluster _ = site) {
                follow(primary, site.nodes.get(0), site.nodes.get(1));
            }
        }
    }

    private void follow(TestNode primary, TestNode first, TestNode delayed) throws Exception {
        first.start();
        leads(first, primary);
        delayed.writeConfig(site.yaml(delayed) + DELAYED);
        delayed.start();
        streams(delayed, first);

        isDelayed(primary, first, delayed, 1);
        standsStillOnPurpose(primary, first, delayed);

        first.killAll();
        // it opens no new stream before it has applied what it has
        losesItsDelay(delayed);
        streams(delayed, primary);
        assertThat(delayed.status("/standby-leader")).isEqualTo(503);
        assertThat(delayed.json("/patroni").path("role").asText()).isEqualTo("replica");
        assertThat(delayed.logText()).contains("election.follows-remote");
        primary.execute("INSERT INTO rows VALUES (3)");
        receives(delayed, primary);

        first.start();
        leads(first, primary);
        streams(delayed, first);
    }

    /**
     * Without its stream it receives nothing before its delay is over, and lacks what others have.
     */
    private void standsStillOnPurpose(TestNode primary, TestNode first, TestNode delayed)
            throws Exception {
        TestNode.signal(
                "TERM", Long.parseLong(delayed.query("SELECT pid FROM pg_stat_wal_receiver")));
        primary.execute("INSERT INTO rows VALUES (2)");
        Await.until(
                "the row on the one without delay",
                SOON,
                () -> first.query("SELECT count(*) FROM rows").equals("2"),
                this::describe);
        Await.until(
                "the reason in the decisions",
                SOON,
                () -> delayed.json("/decisions").get(0).path("rule").asText().equals(DELAY_RULE),
                this::describe);
        assertThat(delayed.query("SELECT count(*) FROM pg_stat_wal_receiver"))
                .as("it streams nothing")
                .isEqualTo("0");
        assertThat(delayed.send("GET", "/metrics", "").orElseThrow().body())
                .containsPattern("(?m)^kumki_standby_stalled_seconds\\{.*} 0(\\.0+)?$");
        assertThat(delayed.json("/patroni").has("standstill")).isFalse();
        assertThat(delayed.status("/replica")).isEqualTo(200);
    }

    private void losesItsDelay(TestNode delayed) {
        delayed.writeConfig(site.yaml(delayed) + DELAYED.replace("1h", "0"));
        assertThat(delayed.send("POST", "/reload", "").orElseThrow().statusCode()).isEqualTo(202);
        Await.until(
                "the delay to be gone",
                SOON,
                () -> delayed.query("SHOW recovery_min_apply_delay").equals("0"),
                this::describe);
    }

    private void isDelayed(TestNode primary, TestNode first, TestNode delayed, int rows)
            throws Exception {
        assertThat(delayed.query("SHOW recovery_min_apply_delay")).isEqualTo("1h");
        assertThat(first.query("SHOW recovery_min_apply_delay")).isEqualTo("0");
        String before = delayed.query("SELECT count(*) FROM rows");
        primary.execute("INSERT INTO rows VALUES (%d)".formatted(rows));
        receives(delayed, primary);
        Await.until(
                "the rows on the one without delay",
                SOON,
                () -> first.query("SELECT count(*) FROM rows").equals("" + rows),
                this::describe);
        assertThat(delayed.query("SELECT count(*) FROM rows")).isEqualTo(before);
    }

    private void receives(TestNode node, TestNode primary) throws Exception {
        String position = primary.query("SELECT pg_current_wal_flush_lsn()");
        Await.until(
                node.name + " to have " + position,
                SOON,
                () ->
                        node.query("SELECT pg_last_wal_receive_lsn() >= '" + position + "'")
                                .equals("t"),
                this::describe);
    }

    private void leads(TestNode node, TestNode primary) {
        Await.until(
                node.name + " to lead the standby cluster",
                SOON,
                () -> node.status("/standby-leader") == 200,
                this::describe);
        streams(node, primary);
    }

    private void streams(TestNode node, TestNode from) {
        Await.until(
                node.name + " to stream from " + from.name + " at " + from.pgPort,
                SOON,
                () -> node.streamsFrom(from),
                this::describe);
    }

    private String describe() {
        return main.describe() + site.describe();
    }
}
