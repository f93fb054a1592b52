package io.kumki.agent.node;

import io.kumki.agent.ha.Situation;
import java.time.Duration;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Rings when a clean stop must begin, whatever a turn waits for then. */
final class LeaseAlarm {

    /** Less than this before the end of a lease, only the end itself is waited for. */
    private static final Duration LAST_CALL = Duration.ofMillis(100);

    private final LoopClock clock;
    private final Supplier<Situation> now;
    private final Runnable rings;
    private LoopClock.@Nullable Timer timer;

    LeaseAlarm(LoopClock clock, Supplier<Situation> now, Runnable rings) {
        this.clock = clock;
        this.now = now;
        this.rings = rings;
    }

    /** For the lease as it is now; none without one. */
    void set() {
        cancel();
        Situation s = now.get();
        if (s.lease().leaderUntilNanos().isEmpty()) {
            return;
        }
        Duration left = s.leaseLeft().minus(s.stopMargin());
        timer = clock.schedule(left.isNegative() ? Duration.ZERO : left, rings);
    }

    /**
     * After it rang: what began then may wait as well, so that wasn't the last call. Halfway to the
     * end comes the next, and one at the end itself, when the server must be stopped hard.
     */
    void ringAgain() {
        Situation s = now.get();
        Duration untilEnd = s.leaseLeft();
        if (untilEnd.isZero()) {
            return;
        }
        Duration untilStop = untilEnd.minus(s.stopMargin());
        Duration half = untilEnd.dividedBy(2);
        Duration next = half.compareTo(LAST_CALL) > 0 ? half : untilEnd;
        timer = clock.schedule(untilStop.isPositive() ? untilStop : next, rings);
    }

    void cancel() {
        if (timer != null) {
            timer.cancel();
        }
    }
}
