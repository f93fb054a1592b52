package io.kumki.agent.node;

import io.kumki.dcs.cluster.Leadership;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.restapi.Histogram;
import io.kumki.restapi.LoopTimings;
import io.vertx.core.Future;
import java.util.Collections;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Measures the loop: turns, the store, leases, changes of leader. Told on the loop's context, read
 * on any thread.
 *
 * <p>A change of leader is measured by the member that wins it: {@code detected} from the last
 * sight of a leader to the first view without one; from there on {@code elected} until the leader
 * key is ours, {@code promoted} until the promotion is done, {@code writable} until the server was
 * seen to take writes under a proven lease.
 */
final class LoopMeter {

    private static final String DETECTED = "detected";
    private static final String ELECTED = "elected";
    private static final String PROMOTED = "promoted";
    private static final String WRITABLE = "writable";

    private final LoopClock clock;
    private final MemberName me;
    private final Histogram turns = Histogram.ofSeconds(0.005, 0.02, 0.1, 0.5, 1, 2, 5, 10, 30);
    private final Histogram leaseBudget = Histogram.ofSeconds(1, 2, 5, 8, 10, 15, 20, 25, 30, 60);
    private final Histogram lag = Histogram.ofSeconds(0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5);
    private final SortedMap<String, Histogram> store = new TreeMap<>();
    private final SortedMap<String, Histogram> phases = new TreeMap<>();

    private volatile OptionalLong renewedNanos = OptionalLong.empty();
    private OptionalLong ledNanos = OptionalLong.empty();
    private OptionalLong vacantNanos = OptionalLong.empty();
    private boolean elected;
    private boolean promoted;

    LoopMeter(LoopClock clock, MemberName me) {
        this.clock = clock;
        this.me = me;
        for (String request : new String[] {"read", "renew"}) {
            store.put(
                    request,
                    Histogram.ofSeconds(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10));
        }
        for (String phase : new String[] {DETECTED, ELECTED, PROMOTED, WRITABLE}) {
            phases.put(phase, Histogram.ofSeconds(0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 20, 30, 60));
        }
    }

    void turned(long nanos) {
        turns.record(nanos);
    }

    /** Measures a request to the store until its answer, or until it isn't waited for any more. */
    <T> Future<T> timed(String request, Future<T> answer) {
        long sent = clock.nanos();
        return answer.onComplete(_ -> times(store, request).record(clock.nanos() - sent));
    }

    private static Histogram times(SortedMap<String, Histogram> histograms, String name) {
        Histogram histogram = histograms.get(name);
        if (histogram == null) {
            throw new IllegalStateException("no such measurement: " + name);
        }
        return histogram;
    }

    /** A leader is about to renew, with so much of its lease left. */
    void renews(long leaseLeftNanos) {
        leaseBudget.record(leaseLeftNanos);
    }

    /** When the last good renewal was sent. */
    void renewed(OptionalLong sentNanos) {
        renewedNanos = sentNanos;
    }

    void lagged(long nanos) {
        lag.record(nanos);
    }

    /** The store has told who leads. */
    void saw(Leadership leadership) {
        switch (leadership) {
            case Leadership.Held held -> {
                ledNanos = OptionalLong.of(clock.nanos());
                if (held.holder().equals(me)) {
                    elected();
                } else {
                    over();
                }
            }
            case Leadership.Vacant() -> vacant();
            case Leadership.Unknown _ -> {}
        }
    }

    private void vacant() {
        if (elected) {
            over();
        }
        if (vacantNanos.isEmpty() && ledNanos.isPresent()) {
            vacantNanos = OptionalLong.of(clock.nanos());
            times(phases, DETECTED).record(clock.nanos() - ledNanos.getAsLong());
        }
    }

    /** The leader key is ours. */
    void elected() {
        if (vacantNanos.isPresent() && !elected) {
            elected = true;
            reached(ELECTED);
        }
    }

    /** The promotion is done. */
    void promoted() {
        if (elected && !promoted) {
            promoted = true;
            reached(PROMOTED);
        }
    }

    /** The server takes writes, and the lead is proven. */
    void writable() {
        if (elected) {
            promoted();
            reached(WRITABLE);
            over();
        }
    }

    private void reached(String phase) {
        times(phases, phase).record(clock.nanos() - vacantNanos.orElseThrow());
    }

    private void over() {
        vacantNanos = OptionalLong.empty();
        elected = false;
        promoted = false;
    }

    LoopTimings timings() {
        return new LoopTimings(
                turns.snapshot(),
                snapshots(store),
                leaseBudget.snapshot(),
                snapshots(phases),
                lag.snapshot(),
                renewedNanos);
    }

    private static SortedMap<String, Histogram.Snapshot> snapshots(
            SortedMap<String, Histogram> histograms) {
        SortedMap<String, Histogram.Snapshot> snapshots = new TreeMap<>();
        histograms.forEach((name, histogram) -> snapshots.put(name, histogram.snapshot()));
        return Collections.unmodifiableSortedMap(snapshots);
    }
}
