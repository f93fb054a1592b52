package io.kumki.agent.node;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.function.Supplier;

/**
 * A limit on waiting, on the loop's own clock. It ends the waiting, not the work: a late result is
 * dropped.
 */
final class Within {

    private Within() {}

    static <T> Future<T> limit(
            Future<T> work, Duration limit, LoopClock clock, Supplier<Throwable> tooLate) {
        if (work.isComplete()) {
            return work;
        }
        Promise<T> promise = Promise.promise();
        LoopClock.Timer timer =
                clock.schedule(
                        limit.isNegative() ? Duration.ZERO : limit,
                        () -> promise.tryFail(tooLate.get()));
        work.onComplete(result -> {
            timer.cancel();
            if (result.succeeded()) {
                promise.tryComplete(result.result());
            } else {
                promise.tryFail(result.cause());
            }
        });
        return promise.future();
    }
}
