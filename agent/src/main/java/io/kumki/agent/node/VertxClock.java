package io.kumki.agent.node;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.time.Instant;

/**
 * The real clock, on one Vert.x context. The one place where the loop's time comes from. It counts
 * the time that the machine is suspended, because leases do.
 */
final class VertxClock implements LoopClock {

    /**
     * Timers don't run while the machine is suspended: a long wait looks at the clock this often.
     */
    private static final Duration LOOK_AGAIN = Duration.ofSeconds(1);

    private final Vertx vertx;
    private final Context context;

    VertxClock(Vertx vertx, Context context) {
        this.vertx = vertx;
        this.context = context;
    }

    @Override
    public long nanos() {
        return BootTime.nanos();
    }

    @Override
    public Instant wall() {
        return Instant.now();
    }

    @Override
    public Timer schedule(Duration delay, Runnable task) {
        Wait wait = new Wait(nanos() + delay.toNanos(), task);
        wait.next();
        return wait;
    }

    private final class Wait implements Timer {
        private final long until;
        private final Runnable task;
        private volatile long id;
        private volatile boolean cancelled;

        Wait(long until, Runnable task) {
            this.until = until;
            this.task = task;
        }

        void next() {
            Duration left = Duration.ofNanos(until - nanos());
            // Vert.x knows no timer below a millisecond, and rounding down would fire too early
            long millis = Math.max(1, left.plusNanos(999_999).toMillis());
            id =
                    vertx.setTimer(
                            Math.min(millis, LOOK_AGAIN.toMillis()),
                            _ -> context.runOnContext(_ -> look()));
        }

        private void look() {
            if (cancelled) {
                return;
            }
            if (until - nanos() <= 0) {
                task.run();
            } else {
                next();
            }
        }

        @Override
        public void cancel() {
            cancelled = true;
            vertx.cancelTimer(id);
        }
    }

    @Override
    public void execute(Runnable task) {
        context.runOnContext(_ -> task.run());
    }
}
