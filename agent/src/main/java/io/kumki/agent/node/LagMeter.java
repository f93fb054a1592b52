package io.kumki.agent.node;

import java.time.Duration;
import java.util.function.LongConsumer;

/** Measures how late the loop's thread runs what is due: whatever blocks it shows here. */
final class LagMeter {

    private static final Duration INTERVAL = Duration.ofMillis(500);

    private final LoopClock clock;
    private final LongConsumer lag;
    private boolean ended;

    private LagMeter(LoopClock clock, LongConsumer lag) {
        this.clock = clock;
        this.lag = lag;
    }

    /**
     * @param lag told nanoseconds, twice a second
     */
    static LagMeter start(LoopClock clock, LongConsumer lag) {
        LagMeter meter = new LagMeter(clock, lag);
        meter.next();
        return meter;
    }

    private void next() {
        long due = clock.nanos() + INTERVAL.toNanos();
        clock.schedule(
                INTERVAL,
                () -> {
                    if (!ended) {
                        lag.accept(clock.nanos() - due);
                        next();
                    }
                });
    }

    void end() {
        ended = true;
    }
}
