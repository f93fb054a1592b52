package io.kumki.dcs.etcd;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** What the tests of the store share. */
final class StoreTests {

    /** Longer than any budget in these tests. */
    private static final int LIMIT_SECONDS = 30;

    private StoreTests() {}

    static Vertx vertx() {
        return Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1).setWorkerPoolSize(2));
    }

    /** The future's result; its failure is thrown. */
    static <T> T await(Future<T> future) {
        try {
            return future.await(LIMIT_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw new AssertionError("no result in " + LIMIT_SECONDS + " s", e);
        }
    }
}
