package io.kumki.agent.sim;

import java.util.List;
import java.util.SplittableRandom;

/**
 * A source of chance. Each part of the world forks its own, so that parts don't disturb each other.
 */
final class Chance {

    private static final long NANOS_PER_MILLI = 1_000_000;

    private final SplittableRandom random;

    Chance(long seed) {
        this.random = new SplittableRandom(seed * 0x9E37_79B9_7F4A_7C15L + 0x632B_E59B_D9B4_E019L);
    }

    private Chance(SplittableRandom random) {
        this.random = random;
    }

    Chance fork() {
        return new Chance(random.split());
    }

    boolean happens(double probability) {
        return random.nextDouble() < probability;
    }

    /** Between both, both included. */
    int between(int least, int most) {
        return random.nextInt(least, most + 1);
    }

    double between(double least, double most) {
        return least + random.nextDouble() * (most - least);
    }

    /** Nanoseconds of so many milliseconds, both included. */
    long millis(long least, long most) {
        long from = least * NANOS_PER_MILLI;
        long to = most * NANOS_PER_MILLI;
        return from == to ? from : random.nextLong(from, to + 1);
    }

    <T> T oneOf(List<T> choices) {
        return choices.get(random.nextInt(choices.size()));
    }
}
