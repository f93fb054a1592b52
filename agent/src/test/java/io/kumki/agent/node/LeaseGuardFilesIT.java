package io.kumki.agent.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.kumki.agent.config.LeaseGuardMode;
import io.kumki.dcs.cluster.ClusterSettings.Timing;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What the agent writes, the guard reads: also where the file system is full. */
@Timeout(60)
class LeaseGuardFilesIT {

    private static final Duration AWAY = Duration.ofHours(1);

    private static Vertx vertx;

    /** The clock that the guard has. */
    private static LoopClock clock;

    private static Path program;

    @TempDir private Path directory;
    private Optional<Process> guard = Optional.empty();

    @BeforeAll
    static void compile(@TempDir Path programs) throws Exception {
        program = programs.resolve("kumki-lease-guard");
        assertThat(
                        new ProcessBuilder("../tools/make-lease-guard", program.toString())
                                .inheritIO()
                                .start()
                                .waitFor())
                .isZero();
        vertx = Vertx.vertx();
        clock = new VertxClock(vertx, vertx.getOrCreateContext());
    }

    @AfterAll
    static void close() {
        vertx.close().await();
    }

    @AfterEach
    void end() {
        guard.ifPresent(Process::destroyForcibly);
    }

    @Test
    void theNewestWholeSlotCounts() throws Exception {
        DeadlineFile deadline = new DeadlineFile(directory, clock);
        deadline.write("armed", clock.nanos() + AWAY.toNanos());
        Process started = startGuard(directory);
        awaitSign(directory, clock.nanos());

        byte[] late = Files.readAllBytes(deadline.path());
        deadline.write("end", 0);
        byte[] end = Files.readAllBytes(deadline.path());
        assertThat(started.waitFor(10, TimeUnit.SECONDS)).isTrue();
        assertThat(started.exitValue()).isZero();

        // the second slot newer than the first, as after a write that broke off, and the first torn
        Files.write(deadline.path(), joined(late, end));
        assertThat(startGuard(directory).waitFor(10, TimeUnit.SECONDS)).isTrue();
        byte[] torn = late.clone();
        torn[12]++;
        Files.write(deadline.path(), joined(torn, end));
        assertThat(startGuard(directory).waitFor(10, TimeUnit.SECONDS)).isTrue();

        // nothing whole: as if there were no file, while its agent lives
        byte[] broken = end.clone();
        broken[DeadlineFile.SLOT + 12]++;
        Files.write(deadline.path(), joined(torn, joined(late, broken)));
        Process blind = startGuard(directory);
        awaitSign(directory, clock.nanos());
        assertThat(blind.isAlive()).isTrue();
        assertThat(Files.size(deadline.path())).isEqualTo(2L * DeadlineFile.SLOT);
        new DeadlineFile(directory, clock).write("end", 0);
        assertThat(blind.waitFor(10, TimeUnit.SECONDS)).isTrue();
    }

    /** A guard that isn't told of renewals stops a primary whose lease is good. */
    @Test
    void aFullFileSystemTakesRenewalsAndTheWayBackToIdle() throws Exception {
        Path full = smallVolume().resolve("full");
        Files.createDirectories(full);
        Path ballast = full.resolve("ballast");
        try {
            DeadlineFile deadline = new DeadlineFile(full, clock);
            deadline.write("armed", clock.nanos());
            fill(ballast);

            deadline.write("armed", clock.nanos() + AWAY.toNanos());
            Process started = startGuard(full);
            assertThat(started.waitFor(2, TimeUnit.SECONDS))
                    .as("the first deadline fired")
                    .isFalse();
            deadline.write("end", 0);
            assertThat(started.waitFor(10, TimeUnit.SECONDS)).isTrue();
        } finally {
            Files.deleteIfExists(ballast);
        }
    }

    @Test
    void aGuardThatCannotBeToldIsMissing() throws Exception {
        Path full = smallVolume().resolve("new");
        Files.createDirectories(full);
        Path ballast = full.resolve("ballast");
        Guard told =
                LeaseGuard.of(
                        LeaseGuardMode.REQUIRED, Optional.of(program), full, directory, clock);
        try {
            fill(ballast);
            told.armed(clock.nanos() + AWAY.toNanos(), Timing.DEFAULT);
            assertThat(told.missing()).get().asString().contains("can't be told the deadline");
        } finally {
            Files.deleteIfExists(ballast);
        }
        while (told.missing().isPresent()) {
            told.armed(clock.nanos() + AWAY.toNanos(), Timing.DEFAULT);
            Thread.onSpinWait();
        }
        told.end();
    }

    private static Path smallVolume() {
        Optional<Path> volume = Optional.ofNullable(System.getenv("SMALL_VOLUME")).map(Path::of);
        assumeTrue(
                volume.isPresent(),
                "no small volume: tools/test-jvm mounts one if root runs it and may mount");
        return volume.orElseThrow();
    }

    private static void fill(Path ballast) throws IOException {
        byte[] block = new byte[1 << 16];
        try (OutputStream out = Files.newOutputStream(ballast)) {
            while (true) {
                out.write(block);
            }
        } catch (IOException e) {
            assertThat(e).hasMessageContaining("No space left");
        }
    }

    private Process startGuard(Path place) throws IOException {
        Process started =
                new ProcessBuilder(program.toString(), place.toString(), directory.toString())
                        .inheritIO()
                        .start();
        guard = Optional.of(started);
        return started;
    }

    private static void awaitSign(Path place, long after) throws IOException {
        Path sign = place.resolve("guard");
        while (true) {
            String[] words =
                    Files.exists(sign)
                            ? Files.readString(sign, StandardCharsets.US_ASCII).strip().split(" +")
                            : new String[0];
            if (words.length == 2 && Long.parseLong(words[1]) > after) {
                return;
            }
            Thread.onSpinWait();
        }
    }

    private static byte[] joined(byte[] first, byte[] second) {
        byte[] whole = new byte[2 * DeadlineFile.SLOT];
        System.arraycopy(first, 0, whole, 0, DeadlineFile.SLOT);
        System.arraycopy(second, DeadlineFile.SLOT, whole, DeadlineFile.SLOT, DeadlineFile.SLOT);
        return whole;
    }
}
