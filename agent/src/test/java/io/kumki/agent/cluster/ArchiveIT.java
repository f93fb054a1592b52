package io.kumki.agent.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What members take from an archive, and what in it must not harm them. */
@Timeout(150)
class ArchiveIT {

    private static final Duration LIMIT = Duration.ofSeconds(40);

    @Test
    void feedsWhoMayNotStreamAndAHistoryFileOfNobodyStopsNoOne() throws Exception {
        try (TestCluster cluster =
                TestCluster.prepare(2, new TestCluster.Settings(20, 1, 3, "", ""))) {
            Path archive = Files.createDirectory(cluster.home().resolve("archive"));
            for (TestNode node : cluster.nodes) {
                node.writeConfig(archiving(cluster.yaml(node), archive));
                node.start();
            }
            cluster.awaitHealthy();
            TestNode leader = cluster.leader().orElseThrow();
            TestNode standby = cluster.others(leader).getFirst();
            leader.execute("CREATE TABLE rows (id int)");
            feedsWhoMayNotStream(cluster, leader, standby, archive);
            // of a member that was promoted and lost, or of an earlier life of the cluster
            Files.writeString(
                    archive.resolve("00000002.history"),
                    "1\t0/1500000\tno recovery target specified\n");
            startsInSpiteOfIt(cluster, leader, standby);
            isPromotedAroundIt(cluster, leader, standby);
            goesRoundInTheHistory(cluster, standby);
        }
    }

    /** Tagged {@code nostream}: it receives nothing, and gets everything. */
    private static void feedsWhoMayNotStream(
            TestCluster cluster, TestNode leader, TestNode standby, Path archive) throws Exception {
        tag(cluster, standby, archive, "nostream: true");
        Await.until(
                "the end of the stream",
                LIMIT,
                () -> standby.query("SELECT count(*) FROM pg_stat_wal_receiver").equals("0"),
                cluster::describe);
        leader.execute("INSERT INTO rows VALUES (0)");
        leader.execute("SELECT pg_switch_wal()");
        awaitRows(cluster, standby, "1");
        assertThat(standby.query("SELECT count(*) FROM pg_stat_wal_receiver")).isEqualTo("0");
        tag(cluster, standby, archive, "");
        cluster.awaitHealthy();
    }

    private static void tag(TestCluster cluster, TestNode node, Path archive, String tag)
            throws Exception {
        node.writeConfig(archiving(cluster.yaml(node), archive) + "\ntags: {" + tag + "}\n");
        TestNode.signal("HUP", node.agentPid());
    }

    /** Its log went beyond where that timeline began, so PostgreSQL refuses to look for it. */
    private static void startsInSpiteOfIt(TestCluster cluster, TestNode leader, TestNode standby)
            throws Exception {
        standby.killAll();
        leader.execute("INSERT INTO rows VALUES (1)");
        standby.start();
        Await.until(
                "a start on the leader's timeline",
                LIMIT,
                () -> standby.logText().contains("rule=rejoin.starts-on-leaders-timeline"),
                cluster::describe);
        cluster.awaitHealthy();
        assertThat(standby.logText())
                .contains("requested timeline 2 is not a child of this server's history")
                .doesNotContain("rule=rejoin.clones");
        awaitRows(cluster, standby, "2");
    }

    private static void isPromotedAroundIt(TestCluster cluster, TestNode leader, TestNode standby)
            throws Exception {
        HttpResponse<String> answer =
                leader.send(
                                "POST",
                                "/switchover",
                                "{\"leader\":\"%s\",\"candidate\":\"%s\"}"
                                        .formatted(leader.name, standby.name))
                        .orElseThrow();
        assertThat(answer.body())
                .isEqualTo("Successfully switched over to \"" + standby.name + "\"");
        cluster.awaitHealthy();
        standby.execute("INSERT INTO rows VALUES (2)");
        awaitRows(cluster, leader, "3");
        assertThat(standby.json("/patroni").path("timeline").asInt()).isEqualTo(3);
        assertThat(leader.logText()).doesNotContain("rule=rejoin.clones");
    }

    private static void awaitRows(TestCluster cluster, TestNode node, String count) {
        Await.until(
                count + " rows on " + node.name,
                LIMIT,
                () -> node.query("SELECT count(*) FROM rows").equals(count),
                cluster::describe);
    }

    /** The key "history" tells of both numbers, and isn't written anew each turn. */
    private static void goesRoundInTheHistory(TestCluster cluster, TestNode leader) {
        Await.until(
                "both numbers in the history",
                LIMIT,
                () ->
                        leader.json("/history").size() == 2
                                && leader.json("/history").get(1).get(0).asInt() == 2,
                () -> leader.json("/history") + cluster.describe());
        assertThat(leader.json("/history").get(1).get(1))
                .as("both ended where the new one began")
                .isEqualTo(leader.json("/history").get(0).get(1));
        String written = revision(cluster);
        long until = System.nanoTime() + 3_000_000_000L;
        Await.until(
                "three turns",
                LIMIT,
                () -> {
                    assertThat(revision(cluster)).isEqualTo(written);
                    return System.nanoTime() > until;
                },
                cluster::describe);
    }

    private static String revision(TestCluster cluster) {
        return cluster.etcd
                .ctl("get", "-w", "fields", "/service/it/history")
                .lines()
                .filter(line -> line.contains("ModRevision"))
                .findFirst()
                .orElseThrow();
    }

    private static String archiving(String yaml, Path archive) {
        String connections = "        max_connections: 50\n";
        return yaml.replace(
                connections,
                connections
                        + "        archive_mode: \"on\"\n"
                        + "        archive_command: 'test ! -f ARCHIVE/%f && cp %p ARCHIVE/%f'\n"
                                .replace("ARCHIVE", archive.toString())
                        + "      recovery_conf:\n"
                        + "        restore_command: 'cp ARCHIVE/%f %p'\n"
                                .replace("ARCHIVE", archive.toString()));
    }
}
