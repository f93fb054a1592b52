package io.kumki.agent.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.agent.ha.Health.Cause;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a server died of, in its own words and in the kernel's. */
@Timeout(10)
class LastWordsTest {

    private static final String FULL =
            """
            2026-01-02 03:04:05 UTC [1] LOG:  database system is ready to accept connections
            2026-01-02 03:04:06 UTC [9] FATAL:  password authentication failed for user "app"
            2026-01-02 03:04:07 UTC [7] PANIC:  could not write to file "pg_wal/xlogtemp.7": No space left on device
            2026-01-02 03:04:07 UTC [7] STATEMENT:  INSERT INTO secrets VALUES ('hunter2')
            2026-01-02 03:04:08 UTC [1] LOG:  server process (PID 7) was terminated by signal 6: Aborted
            2026-01-02 03:04:08 UTC [8] FATAL:  the database system is in recovery mode
            """;

    @Test
    void thePanicIsTheCauseAndTheStatementIsLeftOut() {
        Cause cause = LastWords.in(FULL).orElseThrow();
        assertThat(cause.kind()).isEqualTo(Cause.Kind.NO_ROOM);
        assertThat(cause.text())
                .isEqualTo(
                        "PostgreSQL said: could not write to file \"pg_wal/xlogtemp.7\": No space left on device");
    }

    @Test
    void whatWasSaidBeforeTheLastStartIsAboutAnotherEnd() {
        assertThat(LastWords.in(FULL + "LOG:  database system is ready to accept connections"))
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "FATAL:  could not write file \"x\": Disk quota exceeded | NO_ROOM",
                "PANIC:  could not fsync file \"x\": Input/output error | STORAGE",
                "FATAL:  could not create file \"x\": Read-only file system | STORAGE",
                "PANIC:  could not write to file \"x\": File too large | NO_ROOM",
                "FATAL:  could not map anonymous shared memory: Cannot allocate memory | OTHER",
                "FATAL:  the database system is starting up | ",
                "FATAL:  could not connect to the primary server: Connection refused | ",
                "FATAL:  terminating connection due to administrator command | ",
                "LOG:  all is well | "
            })
    void eachKindIsTold(String line, @org.jspecify.annotations.Nullable String kind) {
        assertThat(LastWords.in("2026 [1] " + line).map(cause -> cause.kind().name()))
                .isEqualTo(Optional.ofNullable(kind));
    }

    @Test
    void theCollectorsCurrentFileIsReadIfItIsNew(@TempDir Path dataDir) throws IOException {
        Files.createDirectory(dataDir.resolve("log"));
        Path log = Files.writeString(dataDir.resolve("log/today.log"), FULL);
        Files.writeString(dataDir.resolve("current_logfiles"), "stderr log/today.log\n");
        Instant now = Instant.now();
        assertThat(LastWords.said(dataDir, now)).isPresent();
        Files.setLastModifiedTime(log, FileTime.from(now.minusSeconds(601)));
        assertThat(LastWords.said(dataDir, now)).isEmpty();
        assertThat(dataDir.resolve(LastWords.PROBE)).doesNotExist();
    }

    @Test
    void aDirectoryThatTakesNoFileSaysWhy(@TempDir Path dataDir) {
        Cause cause = LastWords.probe(dataDir.resolve("missing")).orElseThrow();
        assertThat(cause.text()).contains("missing takes no file: ");
        assertThat(LastWords.probe(dataDir)).isEmpty();
    }
}
