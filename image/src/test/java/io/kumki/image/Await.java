package io.kumki.image;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

/** Awaitility, which also says what was seen instead: mostly a container's log. */
final class Await {

    private Await() {}

    /**
     * A look that fails, as while a container starts, counts as "not yet"; the last one is told.
     */
    static void until(
            String what, Duration limit, Callable<Boolean> condition, Supplier<String> seen) {
        try {
            Awaitility.await(what)
                    .atMost(limit)
                    .pollInterval(Duration.ofMillis(100))
                    .pollInSameThread()
                    .ignoreExceptions()
                    .until(condition);
        } catch (ConditionTimeoutException e) {
            throw new AssertionError(e.getMessage() + "; seen: " + seen.get(), e);
        }
    }
}
