package io.kumki.agent.watchdog;

import java.time.Duration;
import java.util.Optional;

/**
 * How long a watchdog counts, in whole seconds.
 *
 * @param wanted from a keep-alive to the reset, while renewals come as they should
 * @param loopWait a keep-alive comes this often
 */
record WatchdogTiming(int wanted, int loopWait) {

    /** Of a {@code ttl} that isn't set off by a margin, half is used: see docs/watchdog.md. */
    private static final int HALF = -1;

    /** The driver takes no more. */
    static final int LONGEST = 65_534;

    /**
     * @param safetyMarginSeconds between the reset and the end of the lease; -1: the wanted time is
     *     half of {@code ttl}
     */
    static WatchdogTiming of(Duration ttl, Duration loopWait, int safetyMarginSeconds) {
        long seconds = ttl.toSeconds();
        long wanted =
                safetyMarginSeconds == HALF ? seconds / 2 : seconds - (long) safetyMarginSeconds;
        return new WatchdogTiming(
                Math.clamp(wanted, Integer.MIN_VALUE, LONGEST), (int) ceilSeconds(loopWait));
    }

    private static long ceilSeconds(Duration time) {
        return time.plus(Duration.ofSeconds(1).minusNanos(1)).toSeconds();
    }

    /**
     * Why no watchdog can be used with these times. With nothing left over after {@code loop_wait}
     * it would reset a healthy machine, because keep-alives come a little later than {@code
     * loop_wait} apart.
     */
    Optional<String> impossible() {
        return wanted > loopWait
                ? Optional.empty()
                : Optional.of(
                        "ttl less watchdog.safety_margin leaves a time-out of "
                                + wanted
                                + " s, and keep-alives come every "
                                + loopWait
                                + " s (loop_wait): raise ttl, or lower loop_wait or"
                                + " watchdog.safety_margin");
    }

    /**
     * The time-out to set now: not longer than the lease lasts, however long the renewal's answer
     * took. Below 1 there is none.
     */
    int within(Duration leaseLeft) {
        return (int) Math.min(wanted, leaseLeft.toSeconds());
    }
}
