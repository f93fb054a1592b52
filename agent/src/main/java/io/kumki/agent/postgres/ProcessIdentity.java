package io.kumki.agent.postgres;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * One process, told apart from a later one with the same number by its start time.
 *
 * @param startTicks field {@code starttime} of {@code /proc/PID/stat}
 */
record ProcessIdentity(long pid, long startTicks) {

    /** The process that has this number now; empty if none, or only its zombie is left. */
    static Optional<ProcessIdentity> of(long pid) {
        return pid <= 0
                ? Optional.empty()
                : Stat.read(pid).map(s -> new ProcessIdentity(pid, s.startTicks));
    }

    /** Whether it still runs; a zombie doesn't. Costs one read of a file in {@code /proc}. */
    boolean alive() {
        return Stat.read(pid).filter(stat -> stat.startTicks == startTicks).isPresent();
    }

    /** When it started, as exact as the kernel's boot time (about a second). */
    Optional<Instant> startedAt() {
        return ProcessHandle.of(pid).flatMap(handle -> handle.info().startInstant());
    }

    /**
     * Whether it started at {@code instant}, give or take {@code tolerance}; unknown counts as yes.
     */
    boolean startedAbout(Instant instant, Duration tolerance) {
        return startedAt()
                .map(at -> Duration.between(at, instant).abs().compareTo(tolerance) <= 0)
                .orElse(true);
    }

    private record Stat(long startTicks) {

        /** Empty if there is no such process, or it is a zombie. */
        static Optional<Stat> read(long pid) {
            String text;
            try {
                text =
                        new String(
                                Files.readAllBytes(Path.of("/proc/" + pid + "/stat")),
                                StandardCharsets.ISO_8859_1);
            } catch (IOException e) {
                return Optional.empty();
            }
            // the name stands in parentheses and may hold anything, also blanks and parentheses
            String[] fields = text.substring(text.lastIndexOf(')') + 2).split(" ", -1);
            char state = fields[0].charAt(0);
            return state == 'Z' || state == 'X'
                    ? Optional.empty()
                    : Optional.of(new Stat(Long.parseLong(fields[19])));
        }
    }
}
