package io.kumki.agent.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ControlFileIT {

    @Test
    void readsTheSameAsPgControldata(@TempDir Path directory) throws IOException {
        try (ServerFixture pg = new ServerFixture(directory, "pg-1").bootstrapped()) {
            PgPrograms programs = new PgPrograms(pg.config::files);

            ControlFile own = ControlFileLayout.read(pg.dataDir()).orElseThrow();

            assertThat(ControlFile.print(programs, pg.dataDir()).values())
                    .containsAllEntriesOf(own.values());
        }
    }

    @Test
    void aFileThatFailsItsChecksumIsLeftToPgControldata(@TempDir Path directory)
            throws IOException {
        try (ServerFixture pg = new ServerFixture(directory, "pg-1").bootstrapped()) {
            Path copy = Files.createDirectories(directory.resolve("copy/global"));
            byte[] bytes = Files.readAllBytes(pg.dataDir().resolve("global/pg_control"));
            bytes[16] ^= 1;
            Files.write(copy.resolve("pg_control"), bytes);

            assertThat(ControlFileLayout.read(directory.resolve("copy"))).isEmpty();
        }
    }
}
