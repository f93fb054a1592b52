package io.kumki.agent.sim;

/** How likely work on a server fails at the moment; all zero once the faults have ended. */
final class Mishaps {

    private double failure;
    private double slowness;

    void begin(double failureProbability, double slownessProbability) {
        failure = failureProbability;
        slowness = slownessProbability;
    }

    void end() {
        begin(0, 0);
    }

    boolean fails(Chance chance) {
        return failure > 0 && chance.happens(failure);
    }

    /** A duration, in a slow phase up to ten times as long. */
    long takes(Chance chance, long leastMillis, long mostMillis) {
        return slowness > 0 && chance.happens(slowness)
                ? chance.millis(leastMillis, 10 * mostMillis)
                : chance.millis(leastMillis, mostMillis);
    }

    /** Whether a quick question to the server takes longer than anybody waits. */
    boolean silent(Chance chance) {
        return slowness > 0 && chance.happens(slowness / 4);
    }
}
