package io.kumki.image;

import java.time.Duration;
import java.util.function.Supplier;

/** Waits for a condition with a deadline, and says what was seen instead. */
final class Await {

    private Await() {}

    @FunctionalInterface
    interface Condition {
        boolean reached() throws Exception;
    }

    static void until(String what, Duration limit, Condition condition, Supplier<String> seen) {
        long deadline = System.nanoTime() + limit.toNanos();
        Exception last = null;
        while (true) {
            try {
                if (condition.reached()) {
                    return;
                }
                last = null;
            } catch (Exception e) {
                last = e;
            }
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError(
                        "not within " + limit.toSeconds() + " s: " + what + "; seen: " + seen.get(),
                        last);
            }
            try {
                Thread.sleep(100); // polling pause of the awaiting itself
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new AssertionError("interrupted while waiting for " + what, e);
            }
        }
    }
}
