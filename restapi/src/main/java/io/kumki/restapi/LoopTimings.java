package io.kumki.restapi;

import java.util.Collections;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * How long things took in the loop.
 *
 * @param turns from the begin of a turn to its end
 * @param storeRequests by kind: {@code read}, {@code renew}; those without an answer too
 * @param leaseBudget lease that was left when a renewal was sent
 * @param failoverPhases by name, of the changes of leader that this member won: {@code detected}
 *     (from the last sight of a leader to that of none), then, counted from there, {@code elected}
 *     (the leader key is ours), {@code promoted} and {@code writable}
 * @param lag how late the loop's thread ran a task that was due
 * @param lastRenewalNanos when the lease's last good renewal was sent (monotonic); empty without
 */
public record LoopTimings(
        Histogram.Snapshot turns,
        SortedMap<String, Histogram.Snapshot> storeRequests,
        Histogram.Snapshot leaseBudget,
        SortedMap<String, Histogram.Snapshot> failoverPhases,
        Histogram.Snapshot lag,
        OptionalLong lastRenewalNanos) {

    public LoopTimings {
        storeRequests = Collections.unmodifiableSortedMap(new TreeMap<>(storeRequests));
        failoverPhases = Collections.unmodifiableSortedMap(new TreeMap<>(failoverPhases));
    }
}
