package io.kumki.dcs;

import io.kumki.dcs.cluster.ClusterSettings.Timing;
import io.kumki.dcs.cluster.ClusterStatus;
import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.FailoverRequest;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.dcs.cluster.SyncState;
import io.kumki.dcs.cluster.TimelineHistory;
import io.vertx.core.Future;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;

/**
 * The port to the store that all members of one cluster share.
 *
 * <p>Every call ends within the {@link Timing#retryTimeout()} in force: with an answer, or as
 * failed future ({@link StoreUnavailableException}) for {@link #read} and {@link #refreshLease}, or
 * as {@link WriteOutcome.Unknown} for writes. No call is repeated once it may have been applied,
 * except where its condition makes that harmless. Calls may come from any thread; futures complete
 * on the context that called (or, without one, on any thread).
 *
 * <p>Conditions of the writes are those of the wire contract: "absent" means that the key does not
 * exist, a revision that the key's modification revision equals it.
 */
public interface ClusterStore {

    /**
     * Reads all keys of the cluster at one moment, linearizably. Fails with {@link
     * StoreUnavailableException}.
     */
    Future<ClusterView> read();

    /**
     * Refreshes the member's lease, or grants a new one if there is none, if {@code current} is
     * gone, or if it was granted with another length than the {@link Timing#ttl()} in force.
     * Nothing refreshes a lease but this call.
     */
    Future<LeaseRenewal> refreshLease(OptionalLong current);

    /**
     * Takes the leader key: puts {@code self} with the lease if the key is absent, and the key
     * {@code failsafe} is not newer than the view that was decided from: who may be promoted
     * without asking a leader that has lost the store stands there.
     *
     * @param seenRevision {@link ClusterView#revision} of that view
     */
    Future<WriteOutcome> acquireLeader(MemberName self, long leaseId, long seenRevision);

    /**
     * Moves the leader key of {@code self} to another lease, if this term hasn't ended: the key was
     * there all the time since the revision at which it was created, so nobody else led.
     */
    Future<WriteOutcome> reattachLeader(MemberName self, long createRevision, long leaseId);

    /**
     * Puts the leader key without any condition: only for the member that has just bootstrapped the
     * cluster.
     */
    Future<WriteOutcome> takeLeaderAfterBootstrap(MemberName self, long leaseId);

    /**
     * Deletes the leader key of this term. One that arrives late finds another term, perhaps of the
     * same member, and leaves it alone.
     *
     * @param createRevision of the key, as {@link Leadership.Held} has it
     */
    Future<WriteOutcome> releaseLeader(MemberName self, long createRevision);

    /** Puts the member's key with the lease. Not repeated. */
    Future<WriteOutcome> putMember(Member member, long leaseId);

    /** Wins or loses the right to bootstrap: puts an empty {@code initialize} key if absent. */
    Future<WriteOutcome> beginBootstrap();

    /** Gives up the right to bootstrap: deletes the {@code initialize} key. */
    Future<WriteOutcome> cancelBootstrap();

    /** Records the system identifier; {@code onlyIfAbsent} as long as the key was never seen. */
    Future<WriteOutcome> putInitialize(String systemIdentifier, boolean onlyIfAbsent);

    /**
     * Writes the dynamic configuration; with a revision only if the key still has it. Unknown
     * entries are kept.
     */
    Future<WriteOutcome> putConfig(Map<String, Object> values, OptionalLong expectedRevision);

    /**
     * Writes a request ({@link FailoverRequest#NONE} clears it); with a revision only if the key
     * still has it.
     */
    Future<WriteOutcome> putFailover(FailoverRequest request, OptionalLong expectedRevision);

    /** Writes the sync state; compares with {@code expectedRevision} if that is present. */
    Future<WriteOutcome> putSync(SyncState state, OptionalLong expectedRevision);

    /** Deletes the sync state; compares with {@code expectedRevision} if that is present. */
    Future<WriteOutcome> deleteSync(OptionalLong expectedRevision);

    /** Leader only. */
    Future<WriteOutcome> putStatus(ClusterStatus status);

    /** Leader only. */
    Future<WriteOutcome> putHistory(TimelineHistory history);

    /**
     * Member name to REST address, written only while {@code leader} holds the leader key: who was
     * deposed must not change who may be promoted.
     */
    Future<WriteOutcome> putFailsafe(MemberName leader, SortedMap<MemberName, String> members);

    /** Deletes everything below the cluster's prefix. */
    Future<WriteOutcome> deleteCluster();

    /**
     * Watches the cluster's keys from now on and calls {@code listener} on the caller's context for
     * each change. One listener; a lost watch is resumed, after a gap it reports {@link Change#ANY}
     * so that the listener reads again.
     */
    void watch(ChangeListener listener);

    /** Takes over new times for all later calls. */
    void configure(Timing timing);

    /**
     * Monotonic-clock-free health for people: endpoint in use, last error. For logs and {@code
     * /metrics}.
     */
    String describe();

    Future<Void> close();

    /** Told of changes; called on one context, in order. */
    @FunctionalInterface
    interface ChangeListener {
        /**
         * @param change which key
         * @param leaderGone for {@link Change#LEADER}: the holder whose key vanished, if that is
         *     what happened
         */
        void changed(Change change, Optional<MemberName> leaderGone);
    }

    /** Which key changed. */
    enum Change {
        LEADER,
        CONFIG,
        STATUS,
        FAILOVER,
        SYNC,
        INITIALIZE,
        /** A member came or went; what a known one publishes each turn is {@link #OTHER}. */
        MEMBER,
        OTHER,
        /** Something may have been missed: read again. */
        ANY
    }
}
