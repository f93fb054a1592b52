package io.kumki.agent.postgres;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;

/**
 * When a volume is full if it goes on as in the last minutes: the straight line that fits the
 * measured free bytes best. Says nothing before {@link #LEAST}, so that one large file isn't taken
 * for a stream of them. Not thread-safe.
 */
final class Forecast {

    /** Long enough for a checkpoint at its usual distance to give log back. */
    private static final Duration WINDOW = Duration.ofMinutes(10);

    private static final Duration LEAST = Duration.ofMinutes(1);

    /** Farther ahead than this a line of ten minutes says nothing. */
    private static final Duration FARTHEST = Duration.ofDays(2);

    private static final int MOST = 256;

    private record Sample(long nanos, long freeBytes) {}

    private final Deque<Sample> samples = new ArrayDeque<>();

    /** Takes in what is free at an instant; instants only grow. */
    void add(long nanos, long freeBytes) {
        samples.addLast(new Sample(nanos, freeBytes));
        while (samples.size() > MOST || nanos - samples.getFirst().nanos() > WINDOW.toNanos()) {
            samples.removeFirst();
        }
    }

    /** How long the room lasts; empty if it doesn't shrink, or that isn't known yet. */
    Optional<Duration> fullIn() {
        if (samples.isEmpty()) {
            return Optional.empty();
        }
        long base = samples.getFirst().nanos();
        if (samples.getLast().nanos() - base < LEAST.toNanos()) {
            return Optional.empty();
        }
        double slope = slope(base);
        double seconds = samples.getLast().freeBytes() / -slope;
        return slope >= 0 || seconds > FARTHEST.toSeconds()
                ? Optional.empty()
                : Optional.of(Duration.ofSeconds((long) seconds));
    }

    /** Bytes a second, by least squares. */
    private double slope(long base) {
        double meanTime =
                samples.stream().mapToDouble(s -> (s.nanos() - base) / 1e9).average().orElse(0);
        double meanFree = samples.stream().mapToDouble(Sample::freeBytes).average().orElse(0);
        double both = 0;
        double square = 0;
        for (Sample sample : samples) {
            double time = (sample.nanos() - base) / 1e9 - meanTime;
            both += time * (sample.freeBytes() - meanFree);
            square += time * time;
        }
        return square == 0 ? 0 : both / square;
    }
}
