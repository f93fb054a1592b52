package io.kumki.agent.node;

import java.time.Duration;
import java.time.Instant;

/** Time, as the loop sees it. Everything runs on the loop's one context. */
public interface LoopClock {

    /** Monotonic nanoseconds; differences only. */
    long nanos();

    /** Wall clock: for what people read or schedule. */
    Instant wall();

    /** Runs {@code task} once on the loop's context, not before {@code delay}. */
    Timer schedule(Duration delay, Runnable task);

    /** Runs {@code task} on the loop's context soon; from any thread. */
    void execute(Runnable task);

    /** A scheduled task. */
    interface Timer {
        /** No effect once it ran. */
        void cancel();
    }
}
