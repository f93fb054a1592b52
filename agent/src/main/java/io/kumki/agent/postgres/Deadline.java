package io.kumki.agent.postgres;

import java.time.Duration;

/**
 * A moment on the monotonic clock by which something must be over. The only place of this package
 * (and those below it) that reads the monotonic clock and pauses.
 */
public final class Deadline {

    private final long start;
    private final long nanos;

    private Deadline(long start, long nanos) {
        this.start = start;
        this.nanos = nanos;
    }

    /**
     * @param limit from now on; anything above a year counts as a year
     */
    public static Deadline in(Duration limit) {
        Duration bounded = limit.compareTo(Duration.ofDays(365)) > 0 ? Duration.ofDays(365) : limit;
        return new Deadline(System.nanoTime(), Math.max(0, bounded.toNanos()));
    }

    public boolean passed() {
        return System.nanoTime() - start >= nanos;
    }

    /** What is left; zero once passed. */
    public Duration left() {
        return Duration.ofNanos(Math.max(0, nanos - (System.nanoTime() - start)));
    }

    /** What has gone by since this deadline was made. */
    public Duration elapsed() {
        return Duration.ofNanos(System.nanoTime() - start);
    }

    /**
     * Sleeps for {@code duration}, or less if this deadline comes first.
     *
     * @throws InterruptedException if the thread was interrupted
     */
    public void pause(Duration duration) throws InterruptedException {
        Duration left = left();
        Thread.sleep(duration.compareTo(left) < 0 ? duration : left);
    }
}
