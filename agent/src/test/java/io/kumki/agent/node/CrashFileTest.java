package io.kumki.agent.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.agent.ha.Crashes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What an agent counted, its successor knows. */
@Timeout(10)
class CrashFileTest {

    private static final Crashes TWO =
            new Crashes(
                    List.of(100L, 200L),
                    Optional.of(new Crashes.Life("2026-01-01 00:00:00.000000+00:00", "later")),
                    false);

    @TempDir private Path directory;

    @Test
    void theNextAgentGoesOnCounting() {
        assertThat(new CrashFile(directory).read(1_000)).isEqualTo(Crashes.NONE);
        new CrashFile(directory).write(TWO);
        assertThat(new CrashFile(directory).read(1_000)).isEqualTo(TWO);
    }

    @Test
    void whatIsForgottenIsForgottenThereToo() {
        CrashFile file = new CrashFile(directory);
        file.write(TWO);
        file.write(Crashes.NONE);
        assertThat(new CrashFile(directory).read(1_000)).isEqualTo(Crashes.NONE);
    }

    @Test
    void timesOfAnotherBootDoNotCount() {
        new CrashFile(directory).write(TWO);
        assertThat(new CrashFile(directory).read(150).atNanos()).containsExactly(100L);
    }

    @Test
    void onlyWhatIsNewIsWritten() throws IOException {
        CrashFile file = new CrashFile(directory);
        file.write(TWO);
        Files.delete(directory.resolve("crashes"));
        file.write(TWO);
        assertThat(directory.resolve("crashes")).doesNotExist();
    }

    @Test
    void aBrokenFileCountsAsNothing() throws IOException {
        Files.writeString(directory.resolve("crashes"), "at sometime\n");
        CrashFile file = new CrashFile(directory);
        assertThat(file.read(1_000)).isEqualTo(Crashes.NONE);
        file.write(TWO);
        assertThat(new CrashFile(directory).read(1_000)).isEqualTo(TWO);
    }

    @Test
    void aDirectoryThatIsGoneStopsNothing() {
        new CrashFile(directory.resolve("missing")).write(TWO);
        assertThat(directory.resolve("missing")).doesNotExist();
    }
}
