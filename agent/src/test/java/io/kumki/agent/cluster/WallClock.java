package io.kumki.agent.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/**
 * A wall clock of their own for an agent and its server, which a test steps: a library that stands
 * before the C library's and adds the seconds that a shared file says. Monotonic clocks stay true,
 * as on a machine whose wall clock is set.
 */
final class WallClock {

    private static final String SOURCE =
            """
            #define _GNU_SOURCE
            #include <fcntl.h>
            #include <stdint.h>
            #include <stdlib.h>
            #include <sys/mman.h>
            #include <sys/syscall.h>
            #include <sys/time.h>
            #include <time.h>
            #include <unistd.h>

            static volatile int64_t *offset;

            __attribute__((constructor)) static void begin(void) {
                const char *path = getenv("WALL_CLOCK");
                int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
                if (file >= 0) {
                    void *map = mmap(0, sizeof *offset, PROT_READ, MAP_SHARED, file, 0);
                    offset = map == MAP_FAILED ? 0 : map;
                    close(file);
                }
            }

            int clock_gettime(clockid_t clock, struct timespec *now) {
                int failed = syscall(SYS_clock_gettime, clock, now);
                if (!failed && offset && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
                    now->tv_sec += *offset;
                return failed;
            }

            int gettimeofday(struct timeval *now, void *zone) {
                int failed = syscall(SYS_gettimeofday, now, zone);
                if (!failed && now && offset)
                    now->tv_sec += *offset;
                return failed;
            }

            time_t time(time_t *now) {
                struct timespec t;
                clock_gettime(CLOCK_REALTIME, &t);
                if (now)
                    *now = t.tv_sec;
                return t.tv_sec;
            }
            """;

    private final Path library;
    private final Path offset;
    private Duration step = Duration.ZERO;

    WallClock(Path directory) {
        try {
            Files.createDirectories(directory);
            offset = directory.resolve("wall-clock");
            step(Duration.ZERO);
            Path source = Files.writeString(directory.resolve("wall-clock.c"), SOURCE);
            library = directory.resolve("wall-clock.so");
            Programs.Result made =
                    Programs.run(
                            Duration.ofMinutes(1),
                            List.of(
                                    "cc",
                                    "-shared",
                                    "-fPIC",
                                    "-O1",
                                    "-o",
                                    library.toString(),
                                    source.toString()));
            if (made.exitCode() != 0) {
                throw new AssertionError("no wall clock: " + made.output());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** For the agent that goes by it. */
    Map<String, String> environment() {
        return Map.of("LD_PRELOAD", library.toString(), "WALL_CLOCK", offset.toString());
    }

    /** From now on it is so far from the true one. */
    void step(Duration fromTruth) throws IOException {
        step = fromTruth;
        ByteBuffer seconds = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.nativeOrder());
        seconds.putLong(fromTruth.toSeconds()).flip();
        // the file is mapped: written over, never replaced
        try (var file =
                FileChannel.open(offset, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            file.write(seconds, 0);
        }
    }

    Instant now() {
        return Instant.now().plus(step);
    }
}
