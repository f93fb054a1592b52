package io.kumki.agent.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.kumki.dcs.etcd.EtcdProcess;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A cluster that follows another one: from its first copy to its promotion, and back. */
@Timeout(400)
class StandbyClusterIT {

    private static final Duration SOON = Duration.ofSeconds(90);
    private static final String SLOT = "site_b";

    /** Nobody listens at the first one. */
    private static final String HOSTS = "127.0.0.9,127.0.0.1";

    private TestCluster main;
    private TestCluster site;

    @Test
    void followsIsPromotedAndFollowsAgain() throws Exception {
        String slots = "slots:\n  " + SLOT + ":\n    type: physical\n";
        main = TestCluster.start(1, settings(slots));
        try (TestCluster _ = main) {
            TestNode primary = main.nodes.getFirst();
            primary.execute("CREATE TABLE rows (id int PRIMARY KEY, origin text)");
            primary.execute("INSERT INTO rows VALUES (1, 'main')");
            primary.execute(
                    "SELECT pg_create_physical_replication_slot('%1$s', true) WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = '%1$s')"
                            .formatted(SLOT));
            site =
                    TestCluster.prepare(
                            2,
                            settings("standby_cluster: " + remote(primary)),
                            EtcdProcess.single());
            try (TestCluster _ = site) {
                TestNode first = site.nodes.get(0);
                TestNode second = site.nodes.get(1);
                createsItselfFromTheRemote(primary, first);
                cascades(primary, first, second);
                switchesOver(primary, first, second);
                failsOver(primary, first, second);
                isDelayed(primary, first, second);
                TestNode writer = isPromoted(first, second);
                followsAgain(primary, writer, writer == first ? second : first);
                isPromotedAgain();
            }
        }
    }

    private void createsItselfFromTheRemote(TestNode primary, TestNode first) throws Exception {
        first.start();
        leadsAndFollows(first, primary);
        assertThat(
                        primary.query(
                                "SELECT active FROM pg_replication_slots WHERE slot_name = '"
                                        + SLOT
                                        + "'"))
                .isEqualTo("t");
        for (String path : new String[] {"/primary", "/", "/read-write", "/replica"}) {
            assertThat(first.status(path)).as(path).isEqualTo(503);
        }
        for (String path :
                new String[] {
                    "/leader", "/standby-leader", "/read-only", "/health", "/readiness"
                }) {
            assertThat(first.status(path)).as(path).isEqualTo(200);
        }
        assertThat(first.json("/patroni").path("role").asText()).isEqualTo("standby_leader");
        assertThat(first.json("/cluster").path("members").get(0).path("role").asText())
                .isEqualTo("standby_leader");
        assertThat(first.send("GET", "/metrics", "").orElseThrow().body())
                .containsPattern("(?m)^patroni_standby_leader\\{.*} 1(\\.0)?$")
                .containsPattern("(?m)^patroni_primary\\{.*} 0(\\.0)?$");
    }

    private void cascades(TestNode primary, TestNode first, TestNode second) throws Exception {
        second.start();
        streams(second, first);
        primary.execute("INSERT INTO rows VALUES (2, 'main')");
        awaitRows(second, "2");
        Await.until( // it shows what the agent saw in its last turn
                second.name + " to count as a replica",
                SOON,
                () -> second.status("/replica") == 200,
                this::describe);
        assertThat(second.status("/standby-leader")).isEqualTo(503);
    }

    private void switchesOver(TestNode primary, TestNode first, TestNode second) throws Exception {
        var answer =
                first.send(
                                "POST",
                                "/switchover",
                                "{\"leader\":\"%s\",\"candidate\":\"%s\"}"
                                        .formatted(first.name, second.name))
                        .orElseThrow();
        assertThat(answer.body())
                .as(first.json("/decisions").toString())
                .isEqualTo("Successfully switched over to \"" + second.name + "\"");
        leadsAndFollows(second, primary);
        streams(first, second);
        primary.execute("INSERT INTO rows VALUES (3, 'main')");
        awaitRows(first, "3");
    }

    /** The lease guard stops the server that is left, which frees the slot at the remote. */
    private void failsOver(TestNode primary, TestNode first, TestNode second) throws Exception {
        second.killAgent();
        leadsAndFollows(first, primary);
        second.start();
        streams(second, first);
        primary.execute("INSERT INTO rows VALUES (4, 'main')");
        awaitRows(second, "4");
    }

    /** The standby leader alone waits before it applies; it is told without a restart. */
    private void isDelayed(TestNode primary, TestNode first, TestNode second) throws Exception {
        String started = first.query("SELECT pg_postmaster_start_time()");
        patch(first, "{\"standby_cluster\":{\"recovery_min_apply_delay\":\"1h\"}}");
        Await.until(
                "the delay",
                SOON,
                () -> first.query("SHOW recovery_min_apply_delay").equals("1h"),
                this::describe);
        primary.execute("INSERT INTO rows VALUES (5, 'main')");
        awaitRows(second, "5");
        assertThat(first.query("SELECT count(*) FROM rows")).isEqualTo("4");
        assertThat(first.query("SELECT pg_postmaster_start_time()")).isEqualTo(started);
        assertThat(second.query("SHOW recovery_min_apply_delay")).isEqualTo("0");
    }

    /** A delayed server applies what it has received before it takes writes. */
    private TestNode isPromoted(TestNode first, TestNode second) throws Exception {
        assertThat(kumkictl("promote-cluster", "--force"))
                .contains("cluster is successfully promoted");
        TestNode writer = site.awaitLeader(SOON);
        TestNode reader = writer == first ? second : first;
        writer.execute("INSERT INTO rows VALUES (6, 'site')");
        awaitRows(reader, "6");
        awaitRows(writer, "6");
        JsonNode patroni = writer.json("/patroni");
        assertThat(patroni.path("role").asText()).isEqualTo("primary");
        assertThat(patroni.path("timeline").asInt()).isEqualTo(2);
        return writer;
    }

    /** What was written here since the promotion is lost: the remote is the truth again. */
    private void followsAgain(TestNode primary, TestNode writer, TestNode reader) throws Exception {
        String answer =
                kumkictl(
                        "demote-cluster",
                        "--force",
                        "--host",
                        HOSTS,
                        "--port",
                        Integer.toString(primary.pgPort),
                        "--primary-slot-name",
                        SLOT);
        assertThat(answer).contains("cluster is successfully demoted", "Standby Leader");
        primary.execute("INSERT INTO rows VALUES (7, 'main')");
        for (TestNode node : new TestNode[] {writer, reader}) {
            Await.until(
                    "the remote's rows on " + node.name,
                    SOON,
                    () ->
                            node.query("SELECT string_agg(id::text, ',' ORDER BY id) FROM rows")
                                    .equals("1,2,3,4,5,7"),
                    this::describe);
        }
        assertThat(site.nodes).noneMatch(TestNode::leads);
        assertThat(site.nodes).filteredOn(node -> node.status("/standby-leader") == 200).hasSize(1);
    }

    /** A second time, on a timeline of its own that nobody here had. */
    private void isPromotedAgain() throws Exception {
        assertThat(kumkictl("promote-cluster", "--force"))
                .contains("cluster is successfully promoted");
        TestNode writer = site.awaitLeader(SOON);
        writer.execute("INSERT INTO rows VALUES (8, 'site')");
        for (TestNode node : site.nodes) {
            awaitRows(node, "7");
        }
        site.awaitHealthy();
        assertThat(writer.query("SELECT string_agg(id::text, ',' ORDER BY id) FROM rows"))
                .isEqualTo("1,2,3,4,5,7,8");
    }

    private String kumkictl(String... arguments) {
        Programs.Result result = Programs.kumkictl(site, SOON, arguments);
        assertThat(result.exitCode()).as(result.output() + describe()).isZero();
        return result.output();
    }

    private static TestCluster.Settings settings(String extraDcs) {
        return new TestCluster.Settings(8, 1, 3, extraDcs, "");
    }

    private static String remote(TestNode primary) {
        return "{\"host\": \"%s\", \"port\": %d, \"primary_slot_name\": \"%s\"}"
                .formatted(HOSTS, primary.pgPort, SLOT);
    }

    private void patch(TestNode node, String config) {
        assertThat(node.send("PATCH", "/config", config).orElseThrow().statusCode()).isEqualTo(200);
    }

    private void leadsAndFollows(TestNode node, TestNode primary) {
        Await.until(
                node.name + " to lead the standby cluster",
                SOON,
                () -> node.status("/standby-leader") == 200,
                this::describe);
        streams(node, primary);
    }

    private void streams(TestNode node, TestNode from) {
        Await.until(
                node.name + " to stream from " + from.pgPort,
                SOON,
                () -> node.streamsFrom(from),
                this::describe);
    }

    private void awaitRows(TestNode node, String count) {
        Await.until(
                count + " rows on " + node.name,
                SOON,
                () -> node.query("SELECT count(*) FROM rows").equals(count),
                this::describe);
    }

    private String describe() {
        return main.describe() + site.describe();
    }
}
