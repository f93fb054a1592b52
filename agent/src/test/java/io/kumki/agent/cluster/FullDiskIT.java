package io.kumki.agent.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A primary whose storage takes no more log, and one that crashes again and again: each hands over
 * to the standby, which is better off.
 *
 * <p>A test may not mount a small volume, so a limit of the process on the size of its files stands
 * in for a full one: PostgreSQL can't write a new segment and panics with the kernel's own error.
 */
class FullDiskIT {

    private static final Duration LIMIT = Duration.ofSeconds(60);

    private static final String COLLECTOR =
            """
                logging_collector: "on"
                log_filename: server.log
            """;

    @Test
    @Timeout(240)
    void aLeaderWithoutRoomAndOneInACrashLoopHandOver() throws Exception {
        TestCluster.Settings settings =
                new TestCluster.Settings(20, 2, 5, "", COLLECTOR.indent(0).stripTrailing());
        try (TestCluster cluster = TestCluster.prepare(2, settings)) {
            for (TestNode node : cluster.nodes) {
                node.writeConfig(
                        cluster.yaml(node)
                                .replace(
                                        "/usr/lib/postgresql/15/bin",
                                        limitedPrograms(node).toString()));
                node.start();
            }
            cluster.awaitHealthy();
            TestNode full = cluster.awaitLeader(LIMIT);
            TestNode other = cluster.others(full).getFirst();
            assertThat(other.json("/patroni").at("/volumes/wal/free_bytes").asLong()).isPositive();

            Files.writeString(full.dir.resolve("limit"), "4096"); // blocks of 1 KiB
            full.killPostmaster();
            fillsUp(cluster, full);
            assertThat(cluster.awaitLeaderOtherThan(full, LIMIT)).isEqualTo(other);
            assertThat(handOver(full)).contains("File too large");

            Files.delete(full.dir.resolve("limit"));
            full.killAgent(); // the next one has counted no crash yet
            full.start();
            cluster.awaitHealthy();
            for (int crash = 1; crash <= 3; crash++) {
                long before = other.postmaster().orElseThrow();
                other.killPostmaster();
                Await.until(
                        "the end of the server, and the next start or leader",
                        LIMIT,
                        () ->
                                full.leads()
                                        || other.leads()
                                                && other.postmaster()
                                                        .filter(pid -> pid != before)
                                                        .isPresent()
                                                && accepts(other),
                        cluster::describe);
                assertThat(full.leads()).as("after crash " + crash).isEqualTo(crash == 3);
            }
            assertThat(handOver(other)).contains("its server crashed 3 times within 600 s");
            cluster.awaitHealthy();
            assertThat(other.json("/patroni").path("crashes").asInt()).isEqualTo(3);
            assertThat(other.json("/patroni").path("impaired").asText()).contains("3 times");
        }
    }

    private static boolean accepts(TestNode node) {
        try {
            // the agent has seen it up as well, so that its next end is a crash
            return node.query("SELECT pg_is_in_recovery()").equals("f")
                    && node.json("/patroni").path("role").asText().equals("primary")
                    && node.json("/patroni").path("state").asText().equals("running");
        } catch (SQLException e) {
            return false;
        }
    }

    /** Writes until the server can't. */
    private static void fillsUp(TestCluster cluster, TestNode node) {
        Await.until(
                "the server to panic, or the standby to lead",
                LIMIT,
                () -> {
                    try {
                        node.execute("CREATE TABLE IF NOT EXISTS filler (text text)");
                        node.execute("SELECT pg_switch_wal()");
                        node.execute(
                                "INSERT INTO filler SELECT repeat(md5(random()::text), 100)"
                                        + " FROM generate_series(1, 1000)");
                        return false;
                    } catch (SQLException e) {
                        return !node.leads();
                    }
                },
                cluster::describe);
    }

    private static String handOver(TestNode node) {
        for (var decision : node.json("/decisions")) {
            String rule = decision.path("rule").asText();
            if (rule.equals("recovery.hands-over") || rule.equals("crashes.stops-primary")) {
                return decision.path("reason").asText();
            }
        }
        return "";
    }

    /** PostgreSQL's programs, its server with the limit that stands in a file. */
    private static Path limitedPrograms(TestNode node) throws IOException {
        Path real = Path.of("/usr/lib/postgresql/15/bin");
        Path directory = Files.createDirectories(node.dir.resolve("bin"));
        try (Stream<Path> programs = Files.list(real)) {
            for (Path program : List.copyOf(programs.toList())) {
                if (!program.endsWith("postgres")) {
                    Files.createSymbolicLink(directory.resolve(program.getFileName()), program);
                }
            }
        }
        Path server = directory.resolve("postgres");
        Files.writeString(
                server,
                """
                #!/bin/bash
                [ -f %1$s/limit ] && ulimit -f "$(cat %1$s/limit)"
                exec %2$s/postgres "$@"
                """
                        .formatted(node.dir, real));
        Files.setPosixFilePermissions(server, PosixFilePermissions.fromString("rwxr-xr-x"));
        return directory;
    }
}
