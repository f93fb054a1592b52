package io.kumki.agent.ha;

import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.MemberName;
import java.util.Collections;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;

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
        int checkpointedTimeline) {

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
                    0);

    public Memory {
        slotsSeenNanos = Collections.unmodifiableSortedMap(new TreeMap<>(slotsSeenNanos));
    }

    /** The last view in which somebody led. */
    public record LastLocked(MemberName leader, SortedMap<MemberName, Member> members) {
        public LastLocked {
            members = Collections.unmodifiableSortedMap(new TreeMap<>(members));
        }
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
     * @param rewindFailures failed rewinds since the last success
     * @param rewound a rewind succeeded and the server wasn't started since
     * @param singleUserTried crash recovery in single-user mode was tried since the last start
     * @param cloneFailures failed clones in a row
     * @param failedStarts failed starts in a row
     * @param restartTried a restart was tried because nothing streamed
     * @param retryAtNanos not before then the next try of what failed
     * @param stalledSinceNanos since when nothing streams although the leader is known
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
            OptionalLong stalledSinceNanos) {

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
                        OptionalLong.empty());

        public record VerdictLeader(Optional<MemberName> leader, int timeline) {}

        Rejoin withVerdict(Divergence divergence, VerdictLeader leader) {
            return new Rejoin(
                    Optional.of(divergence),
                    Optional.of(leader),
                    rewindFailures,
                    rewound,
                    singleUserTried,
                    cloneFailures,
                    failedStarts,
                    restartTried,
                    retryAtNanos,
                    stalledSinceNanos);
        }

        Rejoin withRewind(int failures, boolean succeeded, OptionalLong retryAt) {
            return new Rejoin(
                    succeeded ? Optional.empty() : verdict,
                    succeeded ? Optional.empty() : verdictLeader,
                    failures,
                    succeeded,
                    singleUserTried,
                    cloneFailures,
                    failedStarts,
                    restartTried,
                    retryAt,
                    stalledSinceNanos);
        }

        Rejoin withSingleUserTried() {
            return new Rejoin(
                    verdict,
                    verdictLeader,
                    rewindFailures,
                    rewound,
                    true,
                    cloneFailures,
                    failedStarts,
                    restartTried,
                    retryAtNanos,
                    stalledSinceNanos);
        }

        Rejoin withClone(int failures, OptionalLong retryAt) {
            return new Rejoin(
                    Optional.empty(),
                    Optional.empty(),
                    0,
                    failures == 0,
                    false,
                    failures,
                    failedStarts,
                    false,
                    retryAt,
                    OptionalLong.empty());
        }

        Rejoin withStart(int failures, OptionalLong retryAt) {
            return new Rejoin(
                    verdict,
                    verdictLeader,
                    rewindFailures,
                    failures == 0 ? false : rewound,
                    failures == 0 ? false : singleUserTried,
                    cloneFailures,
                    failures,
                    restartTried,
                    retryAt,
                    stalledSinceNanos);
        }

        Rejoin withRetryAt(OptionalLong retryAt) {
            return new Rejoin(
                    verdict,
                    verdictLeader,
                    rewindFailures,
                    rewound,
                    singleUserTried,
                    cloneFailures,
                    failedStarts,
                    restartTried,
                    retryAt,
                    stalledSinceNanos);
        }

        Rejoin withRestartTried() {
            return new Rejoin(
                    verdict,
                    verdictLeader,
                    rewindFailures,
                    rewound,
                    singleUserTried,
                    cloneFailures,
                    failedStarts,
                    true,
                    retryAtNanos,
                    stalledSinceNanos);
        }

        Rejoin withStalledSince(OptionalLong since) {
            return new Rejoin(
                    verdict,
                    verdictLeader,
                    rewindFailures,
                    rewound,
                    singleUserTried,
                    cloneFailures,
                    failedStarts,
                    since.isPresent() && restartTried,
                    retryAtNanos,
                    since);
        }
    }

    Memory withLastLocked(LastLocked value) {
        return new Memory(
                Optional.of(value),
                wasPrimary,
                bootstrap,
                stepDown,
                yieldUntilNanos,
                vacancy,
                crashedSinceNanos,
                rejoin,
                slotsSeenNanos,
                checkpointedTimeline);
    }

    Memory withWasPrimary(boolean value) {
        return new Memory(
                lastLocked,
                value,
                bootstrap,
                stepDown,
                yieldUntilNanos,
                vacancy,
                crashedSinceNanos,
                rejoin,
                slotsSeenNanos,
                checkpointedTimeline);
    }

    Memory withBootstrap(BootstrapStage value) {
        return new Memory(
                lastLocked,
                wasPrimary,
                value,
                stepDown,
                yieldUntilNanos,
                vacancy,
                crashedSinceNanos,
                rejoin,
                slotsSeenNanos,
                checkpointedTimeline);
    }

    Memory withStepDown(Optional<StepDown> value) {
        return new Memory(
                lastLocked,
                wasPrimary,
                bootstrap,
                value,
                yieldUntilNanos,
                vacancy,
                crashedSinceNanos,
                rejoin,
                slotsSeenNanos,
                checkpointedTimeline);
    }

    Memory withYieldUntil(OptionalLong value) {
        return new Memory(
                lastLocked,
                wasPrimary,
                bootstrap,
                stepDown,
                value,
                vacancy,
                crashedSinceNanos,
                rejoin,
                slotsSeenNanos,
                checkpointedTimeline);
    }

    Memory withVacancy(Optional<Vacancy> value) {
        return new Memory(
                lastLocked,
                wasPrimary,
                bootstrap,
                stepDown,
                yieldUntilNanos,
                value,
                crashedSinceNanos,
                rejoin,
                slotsSeenNanos,
                checkpointedTimeline);
    }

    Memory withCrashedSince(OptionalLong value) {
        return new Memory(
                lastLocked,
                wasPrimary,
                bootstrap,
                stepDown,
                yieldUntilNanos,
                vacancy,
                value,
                rejoin,
                slotsSeenNanos,
                checkpointedTimeline);
    }

    Memory withRejoin(Rejoin value) {
        return new Memory(
                lastLocked,
                wasPrimary,
                bootstrap,
                stepDown,
                yieldUntilNanos,
                vacancy,
                crashedSinceNanos,
                value,
                slotsSeenNanos,
                checkpointedTimeline);
    }

    Memory withSlotsSeen(SortedMap<String, Long> value) {
        return new Memory(
                lastLocked,
                wasPrimary,
                bootstrap,
                stepDown,
                yieldUntilNanos,
                vacancy,
                crashedSinceNanos,
                rejoin,
                value,
                checkpointedTimeline);
    }

    /** The checkpoint after a promotion is complete on this timeline. */
    public Memory withCheckpointedTimeline(int value) {
        return new Memory(
                lastLocked,
                wasPrimary,
                bootstrap,
                stepDown,
                yieldUntilNanos,
                vacancy,
                crashedSinceNanos,
                rejoin,
                slotsSeenNanos,
                value);
    }
}
