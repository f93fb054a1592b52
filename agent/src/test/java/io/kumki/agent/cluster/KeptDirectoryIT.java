package io.kumki.agent.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A data directory whose log went its own way is removed only where a setting allows it. */
@Timeout(200)
class KeptDirectoryIT {

    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final String REMOVES = "      remove_data_directory_on_";

    /** A cluster that removes nothing, and the lines of its configuration that matter here. */
    private static TestCluster cluster(boolean rewind) throws Exception {
        TestCluster cluster = TestCluster.prepare(2, TestCluster.Settings.USUAL);
        Path broken = Files.writeString(cluster.home().resolve("rewind"), BROKEN_REWIND);
        Files.setPosixFilePermissions(broken, PosixFilePermissions.fromString("rwx------"));
        for (TestNode node : cluster.nodes) {
            node.writeConfig(
                    cluster.yaml(node)
                            .replace(REMOVES + "rewind_failure: true\n", "")
                            .replace(REMOVES + "diverged_timelines: true\n", "")
                            .replace("use_pg_rewind: true", "use_pg_rewind: " + rewind)
                            .replace(
                                    "  pgpass:",
                                    "  bin_name: {pg_rewind: " + broken + "}\n  pgpass:"));
            node.start();
        }
        cluster.awaitHealthy();
        return cluster;
    }

    private static final String BROKEN_REWIND =
            """
            #!/bin/sh
            case " $* " in *" --help "*) exit 0;; esac
            echo 'pg_rewind: error: broken on purpose' >&2
            exit 1
            """;

    @Test
    void afterAFailedRewindTheDirectoryStaysUntilTheSettingAllowsACopy() throws Exception {
        staysUntilAllowed(true, "remove_data_directory_on_rewind_failure", "rejoin.rewinds");
    }

    @Test
    void aDivergedDirectoryStaysUntilTheSettingAllowsACopy() throws Exception {
        staysUntilAllowed(
                false, "remove_data_directory_on_diverged_timelines", "rejoin.compares-logs");
    }

    private static void staysUntilAllowed(boolean rewind, String setting, String firstRule)
            throws Exception {
        try (TestCluster cluster = cluster(rewind)) {
            TestNode old = cluster.leader().orElseThrow();
            old.execute("CREATE TABLE t AS SELECT 1 AS n");
            old.killAll();
            TestNode leader = cluster.awaitLeaderOtherThan(old, LIMIT);
            divergedBy(old, "INSERT INTO t VALUES (2)");
            Path mine = Files.writeString(old.data().resolve("mine"), "precious");
            Map<String, Long> before = relations(old);
            old.start();

            Await.until(
                    "what stands in the way",
                    LIMIT,
                    () -> old.logText().contains("rule=" + firstRule) && givenUp(old),
                    cluster::describe);
            // for several turns more nothing happens to it
            long turns = old.turns();
            Await.until("turns", LIMIT, () -> old.turns() > turns + 5, cluster::describe);
            assertThat(old.logText()).doesNotContain("rule=rejoin.clones");
            assertThat(mine).hasContent("precious");
            assertThat(relations(old).keySet()).containsAll(before.keySet());

            leader.send("PATCH", "/config", "{\"postgresql\": {\"" + setting + "\": true}}");
            cluster.awaitHealthy();
            assertThat(old.logText()).contains("rule=rejoin.clones");
            assertThat(mine).doesNotExist();
            assertThat(old.query("SELECT count(*) FROM t")).isEqualTo("1");
        }
    }

    /** It says that only an operator can go on, or follows in vain. */
    private static boolean givenUp(TestNode node) {
        return node.json("/decisions").toString().contains("rejoin.needs-hand")
                || node.json("/decisions").toString().contains("nothing else is allowed");
    }

    /** The crashed server runs once more without an agent, and writes what nobody else has. */
    private static void divergedBy(TestNode node, String sql) throws Exception {
        control(node, "start");
        node.execute(sql);
        control(node, "stop");
    }

    private static void control(TestNode node, String command) throws Exception {
        Process program =
                new ProcessBuilder(
                                "/usr/lib/postgresql/15/bin/pg_ctl",
                                "-w",
                                "-D",
                                node.data().toString(),
                                "-o",
                                "-p " + node.pgPort,
                                "-l",
                                node.dir.resolve("by-hand.log").toString(),
                                command)
                        .redirectErrorStream(true)
                        .redirectOutput(node.dir.resolve("pg_ctl.log").toFile())
                        .start();
        assertThat(program.waitFor()).as(command).isZero();
    }

    /** Files of tables, by path. */
    private static Map<String, Long> relations(TestNode node) throws Exception {
        Map<String, Long> sizes = new TreeMap<>();
        try (Stream<Path> files = Files.walk(node.data().resolve("base"))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                sizes.put(node.data().relativize(file).toString(), Files.size(file));
            }
        }
        return sizes;
    }
}
