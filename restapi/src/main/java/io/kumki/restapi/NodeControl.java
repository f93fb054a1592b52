package io.kumki.restapi;

import io.kumki.dcs.WriteOutcome;
import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.FailoverRequest;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.dcs.cluster.ScheduledRestart;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;

/**
 * What the API lets its callers do. Calls may come from any thread, and futures may complete on
 * any.
 */
public interface NodeControl {

    /** Reads the store now. Fails with {@code StoreUnavailableException}. */
    Future<ClusterView> readCluster();

    /**
     * Asks members for their state over REST, in parallel; the answer says for each why it may not
     * lead, if so.
     */
    Future<List<Candidacy>> askCandidates(Collection<MemberName> members);

    /** Asks the leader over REST for its lease; empty if it doesn't say. Never fails. */
    Future<Optional<Lease>> askLease(Member leader);

    /** Writes the failover key. */
    Future<WriteOutcome> requestFailover(FailoverRequest request, OptionalLong expectedRevision);

    /** Writes the dynamic configuration. */
    Future<WriteOutcome> writeConfig(Map<String, Object> values, OptionalLong expectedRevision);

    /** Starts a turn of the loop now. */
    void wake();

    /** Restarts the local server now, if the conditions hold; completes when it is over. */
    Future<RestartResult> restart(ScheduledRestart.Conditions conditions);

    /** Schedules a restart; false if one is scheduled already. */
    Future<Boolean> scheduleRestart(ScheduledRestart restart);

    /** False if none was scheduled. */
    Future<Boolean> deleteScheduledRestart();

    /** Clones this member anew; completes when it is accepted or refused, before the work. */
    Future<ReinitializeResult> reinitialize(boolean force, boolean fromLeader);

    /** Reads the local configuration again before the next turn. */
    void reload();

    /** The failsafe key as last read. */
    Optional<SortedMap<MemberName, String>> failsafeMembers();

    /** A leader that lost the store says that it lives. */
    Future<FailsafeAnswer> failsafe(FailsafeCall call);

    /**
     * @param refusal why this member can't take over, for people: {@code not reachable}, {@code
     *     nofailover tag}, …; empty if it can
     */
    record Candidacy(MemberName name, Optional<String> refusal) {}

    /** How a restart ended. */
    sealed interface RestartResult {
        record Restarted() implements RestartResult {}

        record ConditionsNotMet() implements RestartResult {}

        /** {@code what} names the running operation, such as {@code reinitialize}. */
        record Busy(String what) implements RestartResult {}

        record StillStarting() implements RestartResult {}

        record Failed(String reason) implements RestartResult {}
    }

    /** How a reinitialize was taken. */
    sealed interface ReinitializeResult {
        record Started() implements ReinitializeResult {}

        record NoLeader() implements ReinitializeResult {}

        record IsLeader() implements ReinitializeResult {}

        record Busy(String what) implements ReinitializeResult {}
    }

    /** Body of {@code POST /failsafe}. */
    record FailsafeCall(
            MemberName name,
            String connUrl,
            String apiUrl,
            Optional<SortedMap<String, Lsn>> slots) {}

    /** Answer to {@code POST /failsafe}. */
    sealed interface FailsafeAnswer {
        record ModeOff() implements FailsafeAnswer {}

        record RunningAsLeader() implements FailsafeAnswer {}

        /**
         * @param promised for so long this member won't run for leader
         */
        record Accepted(Optional<Lsn> ownLsn, Duration promised) implements FailsafeAnswer {}
    }
}
