package io.kumki.agent.postgres.rejoin;

import io.kumki.agent.postgres.Deadline;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.function.Predicate;

/** Waits until something has come true; says what was seen instead. */
final class Await {

    private static final Duration LIMIT = Duration.ofSeconds(40);

    private Await() {}

    static <T> T until(String what, Callable<T> look, Predicate<T> wanted) throws Exception {
        Deadline deadline = Deadline.in(LIMIT);
        T seen = look.call();
        while (!wanted.test(seen)) {
            if (deadline.passed()) {
                throw new AssertionError(what + ": not within " + LIMIT + ", but " + seen);
            }
            deadline.pause(Duration.ofMillis(50));
            seen = look.call();
        }
        return seen;
    }
}
