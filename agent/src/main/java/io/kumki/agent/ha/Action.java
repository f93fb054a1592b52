package io.kumki.agent.ha;

import io.kumki.dcs.cluster.ClusterStatus;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.dcs.cluster.SyncState;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * One effect of a decision. Each first checks whether its goal is reached, so that any may run
 * again.
 */
public sealed interface Action {

    /** Ask these members for their state; the decision is then taken again with their answers. */
    record AskMembers(List<Member> members) implements Action {
        public AskMembers {
            members = List.copyOf(members);
        }
    }

    record Start(Operation operation) implements Action {}

    /** Stop the server hard, in place of whatever operation runs. */
    record Fence() implements Action {}

    record CancelOperation() implements Action {}

    record AcquireLeadership() implements Action {}

    /** Give the leader key away, with the last position if it is known. */
    record ReleaseLeadership(Optional<Lsn> finalLsn) implements Action {}

    record BeginBootstrap() implements Action {}

    record CancelBootstrap() implements Action {}

    record TakeLeadAfterBootstrap() implements Action {}

    record RecordIdentifier(String systemIdentifier, boolean onlyIfAbsent) implements Action {}

    /** Write the own copy of the dynamic configuration to a store that has none. */
    record WriteOwnConfig() implements Action {}

    /** Clear the failover request, if it still is the one of this revision. */
    record ClearRequest(OptionalLong revision) implements Action {}

    /** Refuse the operator's command. */
    record RefuseCommand(CommandRefusal refusal) implements Action {}

    record RefreshLease() implements Action {}

    /**
     * etcd is silent: go on as leader if each of these members agrees.
     *
     * @param members their REST addresses
     * @param slots this leader's positions, for their own copies of the slots
     * @param limit who hasn't answered by then didn't agree
     */
    record AskFailsafe(
            SortedMap<MemberName, String> members, SortedMap<String, Lsn> slots, Duration limit)
            implements Action {
        public AskFailsafe {
            members = Collections.unmodifiableSortedMap(new TreeMap<>(members));
            slots = Collections.unmodifiableSortedMap(new TreeMap<>(slots));
        }
    }

    /** Name the members that a leader in failsafe mode must ask; others aren't promoted. */
    record PublishFailsafe(SortedMap<MemberName, String> members) implements Action {
        public PublishFailsafe {
            members = Collections.unmodifiableSortedMap(new TreeMap<>(members));
        }
    }

    record PublishMember(Member member) implements Action {}

    record PublishStatus(ClusterStatus status) implements Action {}

    /** Write the history of timelines that led to this one. */
    record PublishHistory(int timeline) implements Action {}

    /** Complete a checkpoint on the new timeline, so that others can rewind from here. */
    record CheckpointAfterPromote(int timeline) implements Action {}

    /**
     * Write who may take over, if the key still is of that revision.
     *
     * @param revision 0: if there is none
     */
    record WriteSync(SyncState state, long revision) implements Action {}

    /** Nobody is promised anything any more: delete the key, if it still is of that revision. */
    record DeleteSync(long revision) implements Action {}

    /**
     * Let the server demand the confirmation of these standbys; it counts when the server says so.
     *
     * @param value as written into {@code synchronous_standby_names}; empty: what the user
     *     configured
     */
    record SetSyncNames(Optional<String> value) implements Action {}

    /** Whatever primary starts next lets in only the cluster's own roles and standbys. */
    record HoldClientsOff() implements Action {}

    /** Let clients in again. */
    record AdmitClients() implements Action {}

    /** Let a standby replay on whose replay is paused. */
    record ResumeReplay() implements Action {}

    record ReconcileSlots(List<SlotChange> changes) implements Action {
        public ReconcileSlots {
            changes = List.copyOf(changes);
        }
    }

    /** End this process; the server is left as it is. */
    record Exit(String reason, ExitKind kind) implements Action {}

    /** Whether an end of the process is what an operator asked for. */
    enum ExitKind {
        ASKED_FOR,
        FATAL
    }
}
