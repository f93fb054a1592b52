package io.kumki.agent.node;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.time.Instant;

/** The real clock, on one Vert.x context. The one place where the loop's time comes from. */
final class VertxClock implements LoopClock {

    private final Vertx vertx;
    private final Context context;

    VertxClock(Vertx vertx, Context context) {
        this.vertx = vertx;
        this.context = context;
    }

    @Override
    public long nanos() {
        return System.nanoTime();
    }

    @Override
    public Instant wall() {
        return Instant.now();
    }

    @Override
    public Timer schedule(Duration delay, Runnable task) {
        // Vert.x knows no timer below a millisecond, and rounding down would fire too early
        long millis = Math.max(1, delay.plusNanos(999_999).toMillis());
        long id = vertx.setTimer(millis, _ -> context.runOnContext(_ -> task.run()));
        return () -> vertx.cancelTimer(id);
    }

    @Override
    public void execute(Runnable task) {
        context.runOnContext(_ -> task.run());
    }
}
