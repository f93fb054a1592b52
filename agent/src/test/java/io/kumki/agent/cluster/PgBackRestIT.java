package io.kumki.agent.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * pgBackRest as docs/replica-creation.md configures it: a replica made from the repository, and a
 * new cluster bootstrapped from it at a point in time.
 */
@Timeout(170)
class PgBackRestIT {

    private static final Duration LIMIT = Duration.ofSeconds(60);

    @BeforeAll
    static void pgBackRestIsThere() throws Exception {
        assertThat(exitCode(List.of("pgbackrest", "version"), Path.of("/dev/null")))
                .as("pgbackrest is missing: tools/install-deps test installs it")
                .isZero();
    }

    private static int exitCode(List<String> command, Path output) throws Exception {
        Process process =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.appendTo(output.toFile()))
                        .start();
        if (!process.waitFor(60, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError(command + " didn't end");
        }
        return process.exitValue();
    }

    private static String conf(TestCluster cluster, TestNode node) throws IOException {
        Path home = cluster.home();
        Path file = home.resolve("pgbackrest.conf");
        Files.createDirectories(home.resolve("s"));
        Files.createDirectories(home.resolve("log"));
        Files.writeString(
                file,
                """
                [global]
                repo1-path=%1$s/repo
                log-path=%1$s/log
                lock-path=%1$s/lock
                spool-path=%1$s/spool
                start-fast=y
                log-level-console=warn

                [it]
                pg1-path=%2$s
                pg1-port=%3$d
                pg1-socket-path=%1$s/s
                """
                        .formatted(home, node.data(), node.pgPort));
        return "pgbackrest --config=" + file + " --stanza=it";
    }

    /** The server archives, and pgBackRest reaches it through a socket. */
    private static String archiving(TestCluster cluster, TestNode node, String backrest) {
        return cluster.yaml(node)
                .replace(
                        "unix_socket_directories: ''",
                        "unix_socket_directories: "
                                + cluster.home().resolve("s")
                                + "\n    archive_mode: 'on'\n    archive_command: '"
                                + backrest
                                + " --pg1-path="
                                + node.data()
                                + " archive-push %p'")
                .replace("  pg_hba:\n", "  pg_hba:\n    - local all all trust\n");
    }

    private static void backrest(TestCluster cluster, String backrest, String... arguments)
            throws Exception {
        List<String> command = new ArrayList<>(List.of(backrest.split(" ", -1)));
        command.addAll(List.of(arguments));
        Path output = cluster.home().resolve("pgbackrest.out");
        assertThat(exitCode(command, output))
                .withFailMessage(() -> command + ": " + text(output))
                .isZero();
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return e.toString();
        }
    }

    @Test
    void makesAReplicaAndBootstrapsAClusterAtAPointInTime() throws Exception {
        try (TestCluster cluster = TestCluster.prepare(1, TestCluster.Settings.USUAL);
                TestCluster restored = TestCluster.prepare(1, TestCluster.Settings.USUAL)) {
            TestNode leader = cluster.nodes.getFirst();
            String backrest = conf(cluster, leader);
            leader.writeConfig(archiving(cluster, leader, backrest));
            leader.start();
            cluster.awaitLeader(LIMIT);
            leader.execute("CREATE TABLE public.kept AS SELECT 1 AS n");
            backrest(cluster, backrest, "stanza-create");
            backrest(cluster, backrest, "--type=full", "backup");

            replicaComesFromTheRepository(cluster, backrest);

            leader.execute("INSERT INTO public.kept VALUES (2)");
            String target = leader.query("SELECT clock_timestamp()");
            leader.execute("DROP TABLE public.kept");
            leader.execute("SELECT pg_switch_wal()");
            Await.until(
                    "the archive",
                    LIMIT,
                    () ->
                            leader.query(
                                            "SELECT last_archived_wal >= pg_walfile_name(pg_current_wal_lsn()"
                                                    + " - 16777216) FROM pg_stat_archiver")
                                    .equals("t"),
                    cluster::describe);
            String system = leader.json("/patroni").path("database_system_identifier").asText();

            TestNode fresh = restored.nodes.getFirst();
            fresh.writeConfig(
                    restored.yaml(fresh)
                            .replace(
                                    "  initdb:\n",
                                    """
                                      method: pitr
                                      pitr:
                                        command: >-
                                          %s --pg1-path=%s --type=time --target="%s"
                                          --target-action=promote --archive-mode=off restore
                                        no_params: true
                                        keep_existing_recovery_conf: true
                                      initdb:
                                    """
                                            .formatted(backrest, fresh.data(), target)));
            fresh.start();
            assertThat(restored.awaitLeader(LIMIT)).isSameAs(fresh);

            assertThat(fresh.query("SELECT count(*) FROM public.kept")).isEqualTo("2");
            assertThat(fresh.json("/patroni").path("database_system_identifier").asText())
                    .isEqualTo(system);
            assertThat(fresh.json("/patroni").path("timeline").asInt()).isEqualTo(2);
            assertThat(fresh.json("/patroni").has("pending_restart")).isFalse();
            assertThat(Files.readString(fresh.data().resolve("postgresql.auto.conf")))
                    .doesNotContain("recovery_target");
            assertThat(fresh.query("SHOW hot_standby")).isEqualTo("on");
        }
    }

    private static void replicaComesFromTheRepository(TestCluster cluster, String backrest)
            throws IOException {
        TestNode replica = cluster.addNode("n2");
        String own = backrest + " --pg1-path=" + replica.data();
        replica.writeConfig(
                cluster.yaml(replica)
                        .replace(
                                "  parameters:\n    unix",
                                """
                                create_replica_methods: [pgbackrest, basebackup]
                                pgbackrest:
                                  command: %1$s --type=standby --delta restore
                                  keep_data: true
                                  no_params: true
                                basebackup: {checkpoint: fast}
                                recovery_conf:
                                  restore_command: '%1$s archive-get %%f "%%p"'
                                parameters:
                                  unix\
                                """
                                        .formatted(own)
                                        .indent(2)
                                        .stripTrailing()));
        replica.start();
        cluster.awaitHealthy();
        assertThat(Files.readString(replica.log()))
                .contains("cloned by pgbackrest")
                .doesNotContain("cloned by basebackup");

        // again over what is there: only what differs is copied
        assertThat(replica.send("POST", "/reinitialize", "{}").orElseThrow().statusCode())
                .isEqualTo(200);
        Await.until(
                "the second clone",
                LIMIT,
                () -> Files.readString(replica.log()).split("cloned by pgbackrest", -1).length > 2,
                cluster::describe);
        cluster.awaitHealthy();
    }
}
