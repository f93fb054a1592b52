package io.kumki.dcs.etcd;

import io.kumki.dcs.cluster.ClusterSettings.Timing;
import java.time.Duration;

/**
 * How long one try may take. The first round gives every endpoint a short chance, so that one that
 * hangs costs little; later rounds give more, so that an etcd that is only slow gets its answer in.
 */
final class CallTimes {

    /** Nothing is started with less left. */
    static final Duration MINIMUM = Duration.ofMillis(20);

    private static final Duration LONGEST_FIRST_TRY = Duration.ofSeconds(1);

    /** The first call also connects and loads classes, which takes seconds on a busy machine. */
    private static final Duration COLD_TRY = Duration.ofSeconds(3);

    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(1);
    private static final Duration SHORTEST_PAUSE = Duration.ofMillis(100);

    private CallTimes() {}

    /**
     * @param round 0 for the first time an endpoint is asked
     * @param warm whether the endpoint answered before
     * @param notAskedYet endpoints of this round that come after this one
     * @param left what is left of the budget
     */
    static Duration tryTime(
            Timing timing, int round, boolean warm, int notAskedYet, Duration left) {
        Duration share = left.dividedBy(notAskedYet + 1L);
        if (round == 0 && !warm) {
            return shorter(COLD_TRY, share);
        }
        Duration base = shorter(LONGEST_FIRST_TRY, timing.ttl().dividedBy(10));
        Duration grown = base.multipliedBy(1L << Math.min(round, 6));
        return shorter(left, round == 0 ? base : shorter(grown, longer(share, base)));
    }

    static Duration pauseBefore(int round) {
        return shorter(LONGEST_PAUSE, SHORTEST_PAUSE.multipliedBy(1L << Math.min(round - 1, 6)));
    }

    private static Duration shorter(Duration a, Duration b) {
        return a.compareTo(b) <= 0 ? a : b;
    }

    private static Duration longer(Duration a, Duration b) {
        return a.compareTo(b) >= 0 ? a : b;
    }
}
