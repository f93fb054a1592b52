package io.kumki.restapi;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/** Counts durations by size, for {@code /metrics}. Recorded and read on any thread. */
public final class Histogram {

    private final long[] boundsNanos;
    private final AtomicLongArray counts;
    private final AtomicLong sumNanos = new AtomicLong();

    private Histogram(long[] boundsNanos) {
        this.boundsNanos = boundsNanos;
        this.counts = new AtomicLongArray(boundsNanos.length + 1);
    }

    /**
     * @param bounds upper ends of the buckets in seconds, ascending; what is larger than the last
     *     is counted too
     */
    public static Histogram ofSeconds(double... bounds) {
        long[] nanos = Arrays.stream(bounds).mapToLong(s -> Math.round(s * 1e9)).toArray();
        for (int i = 1; i < nanos.length; i++) {
            if (nanos[i] <= nanos[i - 1]) {
                throw new IllegalArgumentException("bounds aren't ascending");
            }
        }
        return new Histogram(nanos);
    }

    /** Counts one; a negative one as 0. */
    public void record(long nanos) {
        long counted = Math.max(0, nanos);
        int at = Arrays.binarySearch(boundsNanos, counted);
        counts.incrementAndGet(at >= 0 ? at : -at - 1);
        sumNanos.addAndGet(counted);
    }

    /**
     * What has been counted.
     *
     * @param buckets ascending; each counts all that is within its bound
     * @param count all, also beyond the last bound
     */
    public record Snapshot(List<Bucket> buckets, long count, long sumNanos) {
        public Snapshot {
            buckets = List.copyOf(buckets);
        }
    }

    /** How many were no longer than {@code boundNanos}. */
    public record Bucket(long boundNanos, long count) {}

    /** The counts now. */
    public Snapshot snapshot() {
        List<Bucket> buckets = new ArrayList<>(boundsNanos.length);
        long within = 0;
        for (int i = 0; i < boundsNanos.length; i++) {
            within += counts.get(i);
            buckets.add(new Bucket(boundsNanos[i], within));
        }
        return new Snapshot(buckets, within + counts.get(boundsNanos.length), sumNanos.get());
    }
}
