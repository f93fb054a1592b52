package io.kumki.agent.postgres.rejoin;

import io.kumki.agent.postgres.CloneProgress;
import io.kumki.agent.postgres.Deadline;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;

/**
 * Measures how far a copy has come by what lies in its directories, whatever method makes it: on a
 * thread of its own, with pauses long enough to cost the disk nothing.
 */
final class CloneMeter {

    private static final Logger LOG = LoggerFactory.getLogger(CloneMeter.class);

    private static final Duration PAUSE = Duration.ofSeconds(1);

    /** The pause is so many times what a look takes: at most a twentieth of the time is spent. */
    private static final int REST = 20;

    private static final Duration BETWEEN_LINES = Duration.ofSeconds(30);

    /** A copy that doesn't grow for so long hangs, or works elsewhere. */
    private static final Duration STANDSTILL = Duration.ofMinutes(10);

    private final AtomicReference<Optional<CloneProgress>> progress =
            new AtomicReference<>(Optional.empty());

    Optional<CloneProgress> progress() {
        return progress.get();
    }

    /** A measurement; ends when closed. */
    final class Running implements AutoCloseable {
        private final Thread thread;

        private Running(Thread thread) {
            this.thread = thread;
        }

        @Override
        public void close() {
            thread.interrupt();
            boolean interrupted = false;
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
            progress.set(Optional.empty());
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /**
     * Begins to measure.
     *
     * @param places the data directory and the tablespaces
     */
    Running measure(String method, String source, List<Path> places, OptionalLong total) {
        progress.set(Optional.of(new CloneProgress(method, source, 0, total, 0)));
        return new Running(
                Thread.ofVirtual()
                        .name("clone-meter")
                        .start(() -> {
                            try {
                                look(method, source, places, total);
                            } catch (InterruptedException e) {
                                Thread.currentThread().interrupt();
                            }
                        }));
    }

    private void look(String method, String source, List<Path> places, OptionalLong total)
            throws InterruptedException {
        Deadline began = Deadline.in(PAUSE);
        Deadline line = Deadline.in(BETWEEN_LINES);
        Deadline standstill = Deadline.in(STANDSTILL);
        long largest = 0;
        boolean told = false;
        while (true) {
            Deadline look = Deadline.in(PAUSE);
            long bytes = bytes(places);
            CloneProgress now =
                    new CloneProgress(method, source, bytes, total, began.elapsed().toSeconds());
            progress.set(Optional.of(now));
            if (bytes > largest) {
                largest = bytes;
                standstill = Deadline.in(STANDSTILL);
                told = false;
            } else if (standstill.passed() && !told) {
                told = true;
                with(LOG.atWarn(), now)
                        .log(
                                "the copy doesn't grow; see what its method does, or cancel it with kumkictl reinit --force");
            }
            if (line.passed()) {
                line = Deadline.in(BETWEEN_LINES);
                with(LOG.atInfo(), now).log("copying");
            }
            Duration rest = look.elapsed().multipliedBy(REST);
            Duration pause = rest.compareTo(PAUSE) > 0 ? rest : PAUSE;
            Deadline.in(pause).pause(pause);
        }
    }

    static LoggingEventBuilder with(LoggingEventBuilder event, CloneProgress now) {
        LoggingEventBuilder known =
                event.addKeyValue("method", now.method())
                        .addKeyValue("bytes", now.bytes())
                        .addKeyValue("seconds", now.seconds());
        return now.totalBytes().isPresent() && now.totalBytes().getAsLong() > 0
                ? known.addKeyValue(
                        "percent", Math.min(100, now.bytes() * 100 / now.totalBytes().getAsLong()))
                : known;
    }

    private static long bytes(List<Path> places) {
        long sum = 0;
        for (Path place : places) {
            try {
                sum += CloneSpace.bytes(place);
            } catch (IOException e) {
                LOG.atDebug()
                        .addKeyValue("error", e.toString())
                        .log("a directory can't be measured");
            }
        }
        return sum;
    }
}
