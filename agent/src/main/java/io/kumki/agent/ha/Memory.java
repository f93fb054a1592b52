package io.kumki.agent.ha;

import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.MemberName;
import java.time.Duration;
import java.util.Collections;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * What a member remembers from one turn to the next; everything else is looked at anew. Instants
 * are monotonic nanoseconds.
 *
 * @param lastLocked who led, and who was a member, when a leader was last seen
 * @param wasPrimary whether the server, when it last answered, was a primary
 * @param bootstrap how far an own bootstrap is
 * @param stepDown a planned hand-over by this leader
 * @param yieldUntilNanos until then this member doesn't run for leader: it has just given the lead
 *     away or couldn't take it
 * @param vacancy since when nobody leads, and what the log looked like then
 * @param crashedSinceNanos since when this holder's server is down against its will
 * @param rejoin how far the return as a standby is
 * @param slotsSeenNanos slot name to when its member was last seen, on the leader
 * @param checkpointedTimeline the timeline on which this primary has completed a checkpoint; 0 for
 *     none
 * @param request which request for another leader is stored, and since when it is seen
 * @param avoided the upstream of a cascade that sent nothing
 * @param slotsCopied until then no logical slots are copied again
 * @param startLimit how long this holder's server may take to start after a restart that asked for
 *     it; empty: {@code primary_start_timeout}
 * @param sync how far the leader is with synchronous replication
 * @param electedOn the revision of the sync key by which this member won the last election; 0 if
 *     there was no key
 * @param standstill since when this standby doesn't move although its leader is ahead
 * @param begunNanos first turn of this agent: what it promised before isn't remembered
 * @param crashes how often the server ended against its will while this member led
 * @param leavesSync how far this standby is that tells the leader not to wait for it, because it
 *     goes
 * @param lineage whose log the own one is, as far as this agent saw it
 * @param leadLapsed whether the lead was ever in doubt since this server was a primary that led:
 *     the lease ran out, or the agent is new
 * @param storeTrust whether the store was set back
 */
public record Memory(
        Optional<LastLocked> lastLocked,
        boolean wasPrimary,
        BootstrapStage bootstrap,
        Optional<StepDown> stepDown,
        OptionalLong yieldUntilNanos,
        Optional<Vacancy> vacancy,
        OptionalLong crashedSinceNanos,
        Rejoin rejoin,
        SortedMap<String, Long> slotsSeenNanos,
        int checkpointedTimeline,
        Optional<RequestSeen> request,
        Optional<Avoided> avoided,
        OptionalLong slotsCopied,
        Optional<Duration> startLimit,
        Sync sync,
        OptionalLong electedOn,
        Optional<Standstill> standstill,
        OptionalLong begunNanos,
        Crashes crashes,
        Optional<SyncLeave> leavesSync,
        Optional<Lineage> lineage,
        Optional<FailedWork> failedWork,
        boolean leadLapsed,
        StoreTrust storeTrust) {

    public static final Memory FRESH =
            new Memory(
                    Optional.empty(),
                    false,
                    new BootstrapStage.None(),
                    Optional.empty(),
                    OptionalLong.empty(),
                    Optional.empty(),
                    OptionalLong.empty(),
                    Rejoin.FRESH,
                    new TreeMap<>(),
                    0,
                    Optional.empty(),
                    Optional.empty(),
                    OptionalLong.empty(),
                    Optional.empty(),
                    Sync.NOTHING,
                    OptionalLong.empty(),
                    Optional.empty(),
                    OptionalLong.empty(),
                    Crashes.NONE,
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    true,
                    StoreTrust.FRESH);

    public Memory {
        slotsSeenNanos = Collections.unmodifiableSortedMap(new TreeMap<>(slotsSeenNanos));
    }

    /** The last view in which somebody led. */
    public record LastLocked(MemberName leader, SortedMap<MemberName, Member> members) {
        public LastLocked {
            members = Collections.unmodifiableSortedMap(new TreeMap<>(members));
        }
    }

    /**
     * @param modRevision the request's revision: another one is another request
     */
    public record RequestSeen(long modRevision, long sinceNanos) {}

    /**
     * @param proof what is shown of the demand in force
     * @param namesAreTheUsers {@code synchronous_standby_names} was given back to the user
     * @param silence who confirms nothing
     */
    public record Sync(
            Optional<SyncProof> proof,
            boolean namesAreTheUsers,
            SyncSilence silence,
            OptionalLong unanswered) {
        static final Sync NOTHING = new Sync(Optional.empty(), false, SyncSilence.NOTHING);

        Sync(Optional<SyncProof> proof, boolean namesAreTheUsers, SyncSilence silence) {
            this(proof, namesAreTheUsers, silence, OptionalLong.empty());
        }
    }

    /** Who named it as {@code replicatefrom} streams from the leader until then. */
    public record Avoided(MemberName member, long untilNanos) {}

    /** What was last done to the server and failed; the next that works ends it. */
    public enum FailedWork {
        RESTART,
        STOP
    }

    /** How far an own bootstrap is. */
    public sealed interface BootstrapStage {
        record None() implements BootstrapStage {}

        /** The right to bootstrap is won; the work isn't begun or is running. */
        record Won() implements BootstrapStage {}

        /** The server runs as a primary; users are due. */
        record Created() implements BootstrapStage {}

        /** All is done but taking the lead. */
        record Ready() implements BootstrapStage {}

        record Failed(String reason) implements BootstrapStage {}

        /** The remains are set aside; the right to bootstrap is to be given back. */
        record Discarded(String reason) implements BootstrapStage {}
    }

    /**
     * A planned hand-over.
     *
     * @param requestRevision revision of the request that it serves
     * @param candidate who shall take over; empty: whoever can
     * @param startedNanos when it began
     * @param shutdown the end of the log, once no commit can follow
     * @param failure why the server could not be stopped
     */
    public record StepDown(
            long requestRevision,
            Optional<MemberName> candidate,
            long startedNanos,
            Optional<Shutdown> shutdown,
            Optional<String> failure) {

        /** The last position that standbys can have, and when it was known. */
        public record Shutdown(Lsn lastLsn, long knownNanos) {}

        /** One that begins without a request, to whoever can take over. */
        static StepDown unasked(long nowNanos) {
            return new StepDown(0, Optional.empty(), nowNanos, Optional.empty(), Optional.empty());
        }
    }

    /**
     * @param receivedAtStart the own position when the vacancy was first seen: growth since then
     *     shows a living primary
     */
    public record Vacancy(long sinceNanos, Lsn receivedAtStart) {}

    /**
     * The way back as a standby.
     *
     * @param verdict the last comparison with a leader's log
     * @param verdictLeader with whom, and on which timeline it was
     * @param rewindFailures rewinds after which nothing streamed; a failed one counts as {@link
     *     RejoinRules#REWIND_TRIES}
     * @param rewound a rewind succeeded and the server wasn't started since
     * @param singleUserTried crash recovery in single-user mode was tried since the last start
     * @param cloneFailures failed clones in a row
     * @param failedStarts failed starts in a row
     * @param restartTried a restart was tried because nothing streamed
     * @param retryAtNanos not before then the next try of what failed
     * @param compareAtNanos not before then the next comparison with the remote of a standby
     *     cluster
     * @param stalledSinceNanos since when nothing streams or is replayed although the leader is
     *     known
     * @param replayedLast the position replayed at the last look
     * @param failedAtNanos when the last start failed
     */
    public record Rejoin(
            Optional<Divergence> verdict,
            Optional<VerdictLeader> verdictLeader,
            int rewindFailures,
            boolean rewound,
            boolean singleUserTried,
            int cloneFailures,
            int failedStarts,
            boolean restartTried,
            OptionalLong retryAtNanos,
            OptionalLong compareAtNanos,
            OptionalLong stalledSinceNanos,
            Lsn replayedLast,
            OptionalLong failedAtNanos) {

        public static final Rejoin FRESH =
                new Rejoin(
                        Optional.empty(),
                        Optional.empty(),
                        0,
                        false,
                        false,
                        0,
                        0,
                        false,
                        OptionalLong.empty(),
                        OptionalLong.empty(),
                        OptionalLong.empty(),
                        Lsn.ZERO,
                        OptionalLong.empty());

        public record VerdictLeader(Optional<MemberName> leader, int timeline) {}

        Rejoin withVerdict(Divergence divergence, VerdictLeader leader) {
            return edited(d -> {
                d.verdict = Optional.of(divergence);
                d.verdictLeader = Optional.of(leader);
            });
        }

        Rejoin withRewind(int failures, boolean succeeded, OptionalLong retryAt) {
            return edited(d -> {
                d.verdict = succeeded ? Optional.empty() : verdict;
                d.verdictLeader = succeeded ? Optional.empty() : verdictLeader;
                d.rewindFailures = failures;
                d.rewound = succeeded;
                d.failedStarts = succeeded ? 0 : failedStarts;
                d.retryAtNanos = retryAt;
            });
        }

        Rejoin withSingleUserTried() {
            return edited(d -> d.singleUserTried = true);
        }

        Rejoin withClone(int failures, OptionalLong retryAt) {
            return edited(d -> {
                d.verdict = Optional.empty();
                d.verdictLeader = Optional.empty();
                d.rewindFailures = 0;
                d.rewound = failures == 0;
                d.failedStarts = failures == 0 ? 0 : failedStarts;
                d.singleUserTried = false;
                d.cloneFailures = failures;
                d.restartTried = false;
                d.retryAtNanos = retryAt;
                d.stalledSinceNanos = OptionalLong.empty();
            });
        }

        Rejoin withStart(int failures, OptionalLong retryAt) {
            return edited(d -> {
                d.rewound = failures == 0 ? false : rewound;
                d.singleUserTried = failures == 0 ? false : singleUserTried;
                d.failedStarts = failures;
                d.retryAtNanos = retryAt;
            });
        }

        Rejoin withFailedAt(OptionalLong failedAt) {
            return edited(d -> d.failedAtNanos = failedAt);
        }

        Rejoin withRetryAt(OptionalLong retryAt) {
            return edited(d -> d.retryAtNanos = retryAt);
        }

        Rejoin withCompareAt(OptionalLong compareAt) {
            return edited(d -> d.compareAtNanos = compareAt);
        }

        Rejoin withRestartTried() {
            return edited(d -> d.restartTried = true);
        }

        Rejoin withStalledSince(OptionalLong since) {
            return edited(d -> {
                d.restartTried = since.isPresent() && restartTried;
                d.stalledSinceNanos = since;
            });
        }

        Rejoin withReplayed(Lsn position) {
            return edited(d -> d.replayedLast = position);
        }

        /** A copy to change. */
        private static final class RejoinDraft {
            Optional<Divergence> verdict;
            Optional<VerdictLeader> verdictLeader;
            int rewindFailures;
            boolean rewound;
            boolean singleUserTried;
            int cloneFailures;
            int failedStarts;
            boolean restartTried;
            OptionalLong retryAtNanos;
            OptionalLong compareAtNanos;
            OptionalLong stalledSinceNanos;
            Lsn replayedLast;
            OptionalLong failedAtNanos;

            RejoinDraft(Rejoin from) {
                verdict = from.verdict;
                verdictLeader = from.verdictLeader;
                rewindFailures = from.rewindFailures;
                rewound = from.rewound;
                singleUserTried = from.singleUserTried;
                cloneFailures = from.cloneFailures;
                failedStarts = from.failedStarts;
                restartTried = from.restartTried;
                retryAtNanos = from.retryAtNanos;
                compareAtNanos = from.compareAtNanos;
                stalledSinceNanos = from.stalledSinceNanos;
                replayedLast = from.replayedLast;
                failedAtNanos = from.failedAtNanos;
            }
        }

        private Rejoin edited(Consumer<RejoinDraft> change) {
            RejoinDraft d = new RejoinDraft(this);
            change.accept(d);
            return new Rejoin(
                    d.verdict,
                    d.verdictLeader,
                    d.rewindFailures,
                    d.rewound,
                    d.singleUserTried,
                    d.cloneFailures,
                    d.failedStarts,
                    d.restartTried,
                    d.retryAtNanos,
                    d.compareAtNanos,
                    d.stalledSinceNanos,
                    d.replayedLast,
                    d.failedAtNanos);
        }
    }

    Memory withLastLocked(LastLocked value) {
        return edited(d -> d.lastLocked = Optional.of(value));
    }

    Memory withWasPrimary(boolean value) {
        return edited(d -> d.wasPrimary = value);
    }

    Memory withBootstrap(BootstrapStage value) {
        return edited(d -> d.bootstrap = value);
    }

    Memory withStepDown(Optional<StepDown> value) {
        return edited(d -> d.stepDown = value);
    }

    /** This member agreed to leave the lead to another until then. */
    public Memory leavingLeadUntil(long nanos) {
        boolean longer = yieldUntilNanos.isPresent() && yieldUntilNanos.getAsLong() - nanos > 0;
        return longer ? this : withYieldUntil(OptionalLong.of(nanos));
    }

    Memory withYieldUntil(OptionalLong value) {
        return edited(d -> d.yieldUntilNanos = value);
    }

    Memory withVacancy(Optional<Vacancy> value) {
        return edited(d -> d.vacancy = value);
    }

    Memory withCrashedSince(OptionalLong value) {
        return edited(d -> {
            d.crashedSinceNanos = value;
            d.startLimit = value.isEmpty() ? Optional.empty() : d.startLimit;
        });
    }

    Memory withStartLimit(Duration value) {
        return edited(d -> d.startLimit = Optional.of(value));
    }

    Memory withRejoin(Rejoin value) {
        return edited(d -> d.rejoin = value);
    }

    Memory withSlotsSeen(SortedMap<String, Long> value) {
        return edited(d -> d.slotsSeenNanos = value);
    }

    Memory withAvoided(Avoided value) {
        return edited(d -> d.avoided = Optional.of(value));
    }

    Memory withSlotsCopied(OptionalLong value) {
        return edited(d -> d.slotsCopied = value);
    }

    Memory withSync(Sync value) {
        return edited(d -> d.sync = value);
    }

    /** Setting {@code synchronous_standby_names} failed: nothing is known of it. */
    public Memory withSyncNamesUnknown() {
        return withSync(new Sync(Optional.empty(), false, sync.silence(), sync.unanswered()));
    }

    /** A write of the sync key at this revision had no answer: it may be on its way. */
    public Memory withSyncUnanswered(long revision) {
        return withSync(
                new Sync(
                        sync.proof(),
                        sync.namesAreTheUsers(),
                        sync.silence(),
                        OptionalLong.of(revision)));
    }

    Memory withElectedOn(OptionalLong value) {
        return edited(d -> d.electedOn = value);
    }

    Memory withStandstill(Optional<Standstill> value) {
        return edited(d -> d.standstill = value);
    }

    Memory withBegun(OptionalLong value) {
        return edited(d -> d.begunNanos = value);
    }

    /** Also what an agent before this one has counted. */
    public Memory withCrashes(Crashes value) {
        return edited(d -> d.crashes = value);
    }

    Memory withLeavesSync(Optional<SyncLeave> value) {
        return edited(d -> d.leavesSync = value);
    }

    Memory withLineage(Optional<Lineage> value) {
        return edited(d -> d.lineage = value);
    }

    Memory withFailedWork(Optional<FailedWork> value) {
        return value.equals(failedWork) ? this : edited(d -> d.failedWork = value);
    }

    Memory withLeadLapsed(boolean value) {
        return value == leadLapsed ? this : edited(d -> d.leadLapsed = value);
    }

    Memory withStoreTrust(StoreTrust value) {
        return edited(d -> d.storeTrust = value);
    }

    Memory withRequest(Optional<RequestSeen> value) {
        return edited(d -> d.request = value);
    }

    /** The checkpoint after a promotion is complete on this timeline. */
    public Memory withCheckpointedTimeline(int value) {
        return edited(d -> d.checkpointedTimeline = value);
    }

    /** A copy to change. */
    private static final class Draft {
        Optional<LastLocked> lastLocked;
        boolean wasPrimary;
        BootstrapStage bootstrap;
        Optional<StepDown> stepDown;
        OptionalLong yieldUntilNanos;
        Optional<Vacancy> vacancy;
        OptionalLong crashedSinceNanos;
        Rejoin rejoin;
        SortedMap<String, Long> slotsSeenNanos;
        int checkpointedTimeline;
        Optional<RequestSeen> request;
        Optional<Avoided> avoided;
        OptionalLong slotsCopied;
        Optional<Duration> startLimit;
        Sync sync;
        OptionalLong electedOn;
        Optional<Standstill> standstill;
        OptionalLong begunNanos;
        Crashes crashes;
        Optional<SyncLeave> leavesSync;
        Optional<Lineage> lineage;
        Optional<FailedWork> failedWork;
        boolean leadLapsed;
        StoreTrust storeTrust;

        Draft(Memory from) {
            lastLocked = from.lastLocked;
            wasPrimary = from.wasPrimary;
            bootstrap = from.bootstrap;
            stepDown = from.stepDown;
            yieldUntilNanos = from.yieldUntilNanos;
            vacancy = from.vacancy;
            crashedSinceNanos = from.crashedSinceNanos;
            rejoin = from.rejoin;
            slotsSeenNanos = from.slotsSeenNanos;
            checkpointedTimeline = from.checkpointedTimeline;
            request = from.request;
            avoided = from.avoided;
            slotsCopied = from.slotsCopied;
            startLimit = from.startLimit;
            sync = from.sync;
            electedOn = from.electedOn;
            standstill = from.standstill;
            begunNanos = from.begunNanos;
            crashes = from.crashes;
            leavesSync = from.leavesSync;
            lineage = from.lineage;
            failedWork = from.failedWork;
            leadLapsed = from.leadLapsed;
            storeTrust = from.storeTrust;
        }
    }

    private Memory edited(Consumer<Draft> change) {
        Draft d = new Draft(this);
        change.accept(d);
        return new Memory(
                d.lastLocked,
                d.wasPrimary,
                d.bootstrap,
                d.stepDown,
                d.yieldUntilNanos,
                d.vacancy,
                d.crashedSinceNanos,
                d.rejoin,
                d.slotsSeenNanos,
                d.checkpointedTimeline,
                d.request,
                d.avoided,
                d.slotsCopied,
                d.startLimit,
                d.sync,
                d.electedOn,
                d.standstill,
                d.begunNanos,
                d.crashes,
                d.leavesSync,
                d.lineage,
                d.failedWork,
                d.leadLapsed,
                d.storeTrust);
    }
}
