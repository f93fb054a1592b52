package io.kumki.agent.node;

import io.kumki.agent.config.LeaseGuardMode;
import io.kumki.dcs.cluster.ClusterSettings.Timing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the process {@code kumki-lease-guard} running and tells it the deadline of the lease; see
 * {@code guard/lease-guard.c} for its files and docs/architecture.md for why. The files are on
 * tmpfs: reading and writing them doesn't wait for a disk, so it is done on the loop's context, and
 * a deadline is on file before the loop goes on.
 */
final class LeaseGuard implements Guard {

    private static final Logger LOG = LoggerFactory.getLogger(LeaseGuard.class);

    /** The guard writes its sign of life five times a second. */
    private static final Duration OLDEST_SIGN = Duration.ofSeconds(2);

    private static final Duration BETWEEN_STARTS = Duration.ofSeconds(1);

    /** So much of the lease is left for stopping the server. */
    private static final Duration LONGEST_MARGIN = Duration.ofSeconds(1);

    private final boolean required;
    private final Path program;
    private final Path directory;
    private final Path dataDir;
    private final LoopClock clock;
    private final DeadlineFile deadline;
    private @Nullable Order written;
    private boolean unwritable;
    private long lastStart;
    private boolean started;
    private boolean warned;

    /** What the guard was told last. */
    private record Order(String state, long nanos) {}

    private LeaseGuard(
            boolean required, Path program, Path directory, Path dataDir, LoopClock clock) {
        this.required = required;
        this.program = program;
        this.directory = directory;
        this.dataDir = dataDir;
        this.clock = clock;
        this.deadline = new DeadlineFile(directory, clock);
    }

    /**
     * @param program the guard's executable; empty if this installation has none
     * @param runtime a directory on tmpfs
     * @throws IOException if the mode is {@code required} and it can't work here: why
     */
    static Guard of(
            LeaseGuardMode mode,
            Optional<Path> program,
            Path runtime,
            Path dataDir,
            LoopClock clock)
            throws IOException {
        if (mode == LeaseGuardMode.OFF) {
            return Guard.NONE;
        }
        boolean required = mode == LeaseGuardMode.REQUIRED;
        try {
            Path executable =
                    program.filter(Files::isExecutable)
                            .orElseThrow(() ->
                                    new IOException(
                                            "no program at "
                                                    + program.map(Path::toString)
                                                            .orElse("(not installed)")));
            Path directory = RuntimeDirectory.of(runtime, dataDir);
            return new LeaseGuard(required, executable, directory, dataDir, clock);
        } catch (IOException e) {
            String why = "the lease guard can't run: " + e.getMessage();
            if (required) {
                throw new IOException(
                        "lease_guard: required, and "
                                + why
                                + "; install it (make build), or set lease_guard: automatic",
                        e);
            }
            LOG.atWarn().addKeyValue("lease_guard", "automatic").log(why);
            return Guard.NONE;
        }
    }

    @Override
    public void armed(long untilNanos, Timing timing) {
        Duration tenth = timing.ttl().dividedBy(10);
        Duration margin = tenth.compareTo(LONGEST_MARGIN) < 0 ? tenth : LONGEST_MARGIN;
        tell(new Order("armed", untilNanos - margin.toNanos()));
    }

    @Override
    public void armedAsReader(long untilNanos, Timing timing) {
        armed(untilNanos, timing);
    }

    @Override
    public void idle() {
        tell(new Order("idle", 0));
    }

    @Override
    public void end() {
        write(new Order("end", 0));
    }

    @Override
    public Optional<String> missing() {
        if (!required) {
            return Optional.empty();
        }
        if (unwritable) {
            return Optional.of("lease_guard is required, and can't be told the deadline");
        }
        return lives()
                ? Optional.empty()
                : Optional.of("lease_guard is required, and its process gives no sign of life");
    }

    private void tell(Order order) {
        if (!order.equals(written)) {
            write(order);
        }
        reportFired();
        if (lives()) {
            warned = false;
        } else if (unwritable) {
            // one that knows no deadline guards nothing
            return;
        } else if (!started || clock.nanos() - lastStart > BETWEEN_STARTS.toNanos()) {
            start();
        }
    }

    private void write(Order order) {
        try {
            deadline.write(order.state(), order.nanos());
            written = order;
            if (unwritable) {
                unwritable = false;
                LOG.atInfo()
                        .addKeyValue("file", deadline.path())
                        .log("the lease guard is told the deadline again");
            }
        } catch (IOException e) {
            // the guard keeps the deadline before: too early is safe
            written = null;
            if (!unwritable) {
                unwritable = true;
                LOG.atError()
                        .addKeyValue("file", deadline.path())
                        .addKeyValue("error", e.toString())
                        .log(
                                "the lease guard can't be told the deadline, so it stops a primary when the last one it knows"
                                        + " is over: make room in that file system (\"df\"), or see to the directory's owner and mode");
            }
        }
    }

    private boolean lives() {
        try {
            String[] sign = Files.readString(directory.resolve("guard")).strip().split(" +", 2);
            return sign.length == 2
                    && clock.nanos() - Long.parseLong(sign[1]) < OLDEST_SIGN.toNanos();
        } catch (NoSuchFileException e) {
            return false;
        } catch (IOException | NumberFormatException e) {
            LOG.atWarn()
                    .addKeyValue("file", directory.resolve("guard"))
                    .addKeyValue("error", e.toString())
                    .log("the lease guard's sign of life can't be read");
            return false;
        }
    }

    /** It detaches itself and outlives this process; a second one of a directory ends at once. */
    private void start() {
        if (started && !warned) {
            warned = true;
            LOG.atWarn().log("the lease guard gives no sign of life; it is started again");
        }
        started = true;
        lastStart = clock.nanos();
        ProcessBuilder process =
                new ProcessBuilder(
                                List.of(
                                        program.toString(),
                                        directory.toString(),
                                        dataDir.toAbsolutePath().toString()))
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .redirectError(ProcessBuilder.Redirect.INHERIT);
        process.environment().clear();
        Thread.ofVirtual()
                .start(() -> {
                    try {
                        process.start().getOutputStream().close();
                    } catch (IOException e) {
                        LOG.atError()
                                .addKeyValue("error", e.toString())
                                .log("the lease guard can't be started");
                    }
                });
    }

    private void reportFired() {
        Path fired = directory.resolve("fired");
        if (!Files.exists(fired)) {
            return;
        }
        try {
            LOG.atError().log("lease guard: " + Files.readString(fired).strip());
            Files.delete(fired);
        } catch (IOException e) {
            LOG.atWarn()
                    .addKeyValue("file", fired)
                    .addKeyValue("error", e.toString())
                    .log("the lease guard's report can't be read");
        }
    }
}
