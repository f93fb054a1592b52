package io.kumki.agent.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.agent.postgres.DataDirectoryCheck.Place;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(20)
class DataDirectoryCheckTest {

    @TempDir private Path dataDir;

    @Test
    void anotherMajorIsNamedWithTheRemedyOfThePlace() throws IOException {
        Files.writeString(dataDir.resolve("PG_VERSION"), "15\n");

        assertThat(DataDirectoryCheck.problem(dataDir, 17, Place.MACHINE))
                .contains(
                        "it holds a cluster of PostgreSQL 15, but the program is PostgreSQL 17: set postgresql.bin_dir to the programs of 15, or upgrade the cluster with pg_upgrade first");
        assertThat(DataDirectoryCheck.problem(dataDir, 17, Place.IMAGE))
                .contains(
                        "it holds a cluster of PostgreSQL 15, but the program is PostgreSQL 17: use an image with 15 (build argument PG_MAJOR, docs/container.md), or upgrade the cluster with pg_upgrade first");
        assertThat(DataDirectoryCheck.problem(dataDir, 15, Place.MACHINE)).isEmpty();
    }

    @Test
    void whatAHardKillLeftBehindHidesNothing() throws IOException {
        Files.writeString(dataDir.resolve("PG_VERSION"), "15\n");
        postmasterPid(999_999_999);

        assertThat(DataDirectoryCheck.problem(dataDir, 17, Place.MACHINE)).isPresent();
    }

    @Test
    void theVersionCountsAlsoWhereAServerRuns() throws IOException {
        Files.writeString(dataDir.resolve("PG_VERSION"), "15\n");
        Process server =
                new ProcessBuilder("/bin/sh", "-c", "read _").directory(dataDir.toFile()).start();
        try {
            postmasterPid(server.pid());

            assertThat(DataDirectoryCheck.problem(dataDir, 17, Place.MACHINE)).isPresent();
            assertThat(DataDirectoryCheck.problem(dataDir, 15, Place.MACHINE)).isEmpty();
        } finally {
            server.destroyForcibly();
        }
    }

    private void postmasterPid(long pid) throws IOException {
        Files.writeString(
                dataDir.resolve("postmaster.pid"),
                pid + "\n" + dataDir + "\n" + Instant.now().getEpochSecond() + "\n");
    }
}
