package io.kumki.agent.node;

import io.kumki.agent.ha.Situation;
import io.kumki.dcs.ClusterStore;
import io.kumki.dcs.LeaseRenewal;
import io.kumki.dcs.WriteOutcome;
import io.kumki.dcs.cluster.Leadership;
import io.kumki.dcs.cluster.MemberName;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The member's lease and the deadline up to which it proves the lead.
 *
 * <p>The deadline counts from before the renewal was sent, less a margin for clocks that run at
 * different rates; only an applied renewal moves it. Once set it stays, even in the past, until the
 * server is known not to write: what led must be stopped before anything else may be believed.
 */
final class LeaseKeeper {

    /**
     * Part of the lease that is never used: clocks of two machines may differ in rate, by far less
     * than this.
     */
    private static final int MARGIN_PART = 50;

    private final ClusterStore store;
    private final MemberName self;
    private OptionalLong leaseId = OptionalLong.empty();
    private OptionalLong sentNanos = OptionalLong.empty();

    /** Read on other threads, too: see {@link #unproven}. */
    private volatile OptionalLong leaderUntilNanos = OptionalLong.empty();

    private OptionalLong keptUntilNanos = OptionalLong.empty();

    LeaseKeeper(ClusterStore store, MemberName self) {
        this.store = store;
        this.self = self;
    }

    /** How a renewal of the lead ended. */
    enum Renewal {
        RENEWED,
        /** The store said that the key isn't ours. */
        LOST,
        /** No answer: the lead isn't proven beyond the old deadline. */
        UNKNOWN
    }

    Situation.Lease facts() {
        return new Situation.Lease(leaseId, sentNanos, leaderUntilNanos);
    }

    /** Why the lead isn't proven at this instant; empty if it is. From any thread. */
    Optional<String> unproven(long nowNanos) {
        OptionalLong until = leaderUntilNanos;
        if (until.isEmpty()) {
            return Optional.of("no lease proves that this member leads");
        }
        long left = until.getAsLong() - nowNanos;
        return left > 0
                ? Optional.empty()
                : Optional.of("the lease ended " + -left / 1_000_000 + " ms ago: another may lead");
    }

    OptionalLong leaseId() {
        return leaseId;
    }

    /** A lease of another length is due at once: the keys that hang on the old one end with it. */
    void ttlChanged() {
        sentNanos = OptionalLong.empty();
    }

    /** Refreshes the lease, or gets one. */
    Future<LeaseRenewal> refresh() {
        return store.refreshLease(leaseId)
                .map(renewal -> {
                    leaseId = OptionalLong.of(renewal.leaseId());
                    sentNanos = OptionalLong.of(renewal.sentAtNanos());
                    return renewal;
                });
    }

    /**
     * Renews the lead: refreshes the lease, and moves the leader key to it if it hangs on another
     * one, of an earlier life of this agent or of another {@code ttl}.
     */
    Future<Renewal> renew(Leadership.Held held) {
        return refresh()
                .compose(renewal -> {
                    if (held.leaseId() == renewal.leaseId() && !renewal.granted()) {
                        lead(renewal);
                        return Future.succeededFuture(Renewal.RENEWED);
                    }
                    return store.reattachLeader(self, held.createRevision(), renewal.leaseId())
                            .map(outcome -> reattached(renewal, outcome));
                })
                .otherwise(Renewal.UNKNOWN);
    }

    private Renewal reattached(LeaseRenewal renewal, WriteOutcome outcome) {
        return switch (outcome) {
            case WriteOutcome.Applied _ -> {
                lead(renewal);
                yield Renewal.RENEWED;
            }
            case WriteOutcome.Rejected _ -> Renewal.LOST;
            case WriteOutcome.Unknown _ -> Renewal.UNKNOWN;
        };
    }

    /**
     * Takes the leader key, free in the view of this revision, on a lease refreshed just before.
     */
    Future<WriteOutcome> acquire(long seenRevision) {
        return refresh()
                .compose(renewal ->
                        store.acquireLeader(self, renewal.leaseId(), seenRevision)
                                .map(outcome -> acquired(renewal, outcome)))
                .otherwise(
                        failure -> new WriteOutcome.Unknown(String.valueOf(failure.getMessage())));
    }

    /** Takes the leader key of the cluster that this member has just created. */
    Future<WriteOutcome> takeAfterBootstrap() {
        return refresh()
                .compose(renewal ->
                        store.takeLeaderAfterBootstrap(self, renewal.leaseId())
                                .map(outcome -> acquired(renewal, outcome)))
                .otherwise(
                        failure -> new WriteOutcome.Unknown(String.valueOf(failure.getMessage())));
    }

    private WriteOutcome acquired(LeaseRenewal renewal, WriteOutcome outcome) {
        if (outcome.applied()) {
            lead(renewal);
        }
        return outcome;
    }

    /**
     * In failsafe mode every member that could be promoted agreed, and won't be for {@code
     * promised} from {@code sentNanos} on. A deadline that has passed isn't brought back.
     *
     * @return whether the deadline moved
     */
    boolean keep(long sentNanos, Duration promised, long nowNanos) {
        if (leaderUntilNanos.isEmpty() || leaderUntilNanos.getAsLong() - nowNanos <= 0) {
            return false;
        }
        long until = sentNanos + promised.minus(promised.dividedBy(MARGIN_PART)).toNanos();
        if (until - leaderUntilNanos.getAsLong() > 0) {
            leaderUntilNanos = OptionalLong.of(until);
        }
        keptUntilNanos = leaderUntilNanos;
        return true;
    }

    /** Up to when failsafe mode keeps this leader; empty while the store does. */
    OptionalLong keptUntilNanos() {
        return keptUntilNanos;
    }

    private void lead(LeaseRenewal renewal) {
        keptUntilNanos = OptionalLong.empty();
        Duration margin = renewal.ttl().dividedBy(MARGIN_PART);
        leaderUntilNanos = OptionalLong.of(renewal.deadlineNanos() - margin.toNanos());
    }

    /**
     * The server doesn't write (any more), and the store doesn't name this member: the deadline has
     * no object.
     */
    void leadEnded() {
        keptUntilNanos = OptionalLong.empty();
        leaderUntilNanos = OptionalLong.empty();
    }
}
