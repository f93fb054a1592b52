package io.kumki.agent.ha;

import io.kumki.agent.ha.Memory.BootstrapStage;
import io.kumki.agent.ha.Memory.FailedWork;
import io.kumki.agent.ha.Memory.Rejoin;
import io.kumki.agent.ha.Memory.StepDown;
import io.kumki.dcs.cluster.Lsn;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/** What a member remembers of an operation that ended. */
public final class Aftermath {

    /** First pause before a failed step is tried again; it doubles up to {@link #LONGEST_PAUSE}. */
    private static final Duration FIRST_PAUSE = Duration.ofSeconds(1);

    /** Failed crash recoveries in single-user mode before the next rung of the ladder. */
    private static final int RECOVERY_TRIES = 3;

    static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);

    /** A standby isn't restarted for one slot after the other. */
    private static final Duration NEXT_SLOTS = Duration.ofSeconds(30);

    /** What couldn't be copied isn't tried at the price of a restart each turn. */
    private static final Duration SLOTS_AGAIN = Duration.ofMinutes(1);

    /** Nothing was stopped for them: it was only too early. */
    private static final Duration SLOTS_SOON = Duration.ofSeconds(5);

    private Aftermath() {}

    /**
     * @param ttl how long a member leaves the lead to others after a promotion that failed
     */
    public static Memory of(
            Memory memory,
            Situation.Ongoing ended,
            OperationOutcome outcome,
            Duration ttl,
            long nowNanos) {
        return after(memory, ended, outcome, ttl, nowNanos)
                .withFailedWork(failedWork(memory.failedWork(), ended.operation(), outcome));
    }

    private static Optional<FailedWork> failedWork(
            Optional<FailedWork> before, Operation operation, OperationOutcome outcome) {
        if (outcome instanceof OperationOutcome.Done) {
            return Optional.empty();
        }
        if (!(outcome instanceof OperationOutcome.Failed)) {
            return before;
        }
        if (operation instanceof Operation.Restart) {
            return Optional.of(FailedWork.RESTART);
        }
        return operation.demotes() ? Optional.of(FailedWork.STOP) : before;
    }

    private static Memory after(
            Memory memory,
            Situation.Ongoing ended,
            OperationOutcome outcome,
            Duration ttl,
            long nowNanos) {
        boolean done = outcome instanceof OperationOutcome.Done;
        Rejoin rejoin = memory.rejoin();
        return switch (ended.operation()) {
            case Operation.Bootstrap() ->
                    memory.withBootstrap(
                            done
                                    ? new BootstrapStage.Created()
                                    : new BootstrapStage.Failed(outcome.text()));
            case Operation.CloneRemote _ ->
                    memory.withBootstrap(
                            done || outcome instanceof OperationOutcome.StillStarting
                                    ? new BootstrapStage.Ready()
                                    : new BootstrapStage.Failed(outcome.text()));
            case Operation.FinishBootstrap() ->
                    memory.withBootstrap(
                            done
                                    ? new BootstrapStage.Ready()
                                    : new BootstrapStage.Failed(outcome.text()));
            case Operation.DiscardBootstrap() ->
                    // one that an earlier agent left is nothing to give up for
                    memory.bootstrap() instanceof BootstrapStage.Failed(var reason)
                            ? memory.withBootstrap(
                                    new BootstrapStage.Discarded(
                                            done ? reason : reason + "; " + outcome.text()))
                            : memory.withRejoin(
                                    rejoin.withRetryAt(
                                            done
                                                    ? OptionalLong.empty()
                                                    : OptionalLong.of(
                                                            nowNanos + LONGEST_PAUSE.toNanos())));
            case Operation.Clone _ -> {
                int failures = done ? 0 : rejoin.cloneFailures() + 1;
                Memory known =
                        memory.withRejoin(rejoin.withClone(failures, retry(failures, nowNanos)));
                yield done ? known : known.withLineage(Optional.empty());
            }
            case Operation.StartPrimary _, Operation.StartStandby _ ->
                    memory.withRejoin(started(rejoin, outcome, nowNanos));
            case Operation.Promote() ->
                    done
                            ? memory.withYieldUntil(OptionalLong.empty())
                            : memory.withYieldUntil(OptionalLong.of(nowNanos + ttl.toNanos()));
            case Operation.StepDown _ ->
                    memory.withStepDown(
                            memory.stepDown()
                                    .map(stepDown ->
                                            steppedDown(stepDown, ended, outcome, nowNanos)));
            case Operation.Assess assess ->
                    outcome instanceof OperationOutcome.Assessed(Divergence divergence)
                            ? memory.withRejoin(assessed(rejoin, assess, divergence, nowNanos))
                            : memory.withRejoin(
                                    assessed(
                                            rejoin,
                                            assess,
                                            new Divergence.Unknown(outcome.text()),
                                            nowNanos));
            case Operation.Rewind _ -> {
                Memory known = memory.withRejoin(rewound(rejoin, outcome, nowNanos));
                yield done ? known : known.withLineage(Optional.empty());
            }
            case Operation.SingleUserRecovery() ->
                    memory.withRejoin(recovered(rejoin, done, nowNanos));
            case Operation.Follow _ ->
                    memory.withRejoin(rejoin.withRetryAt(retry(done ? 0 : 1, nowNanos)));
            case Operation.Restart(Duration limit) ->
                    outcome instanceof OperationOutcome.StillStarting
                            ? memory.withCrashedSince(OptionalLong.of(nowNanos - limit.toNanos()))
                                    .withStartLimit(limit)
                            : memory;
            case Operation.DemoteCluster(), Operation.StopInTime _, Operation.FenceStop() -> memory;
            case Operation.CopySlots _ ->
                    memory.withSlotsCopied(
                            OptionalLong.of(nowNanos + slotsAgain(outcome, done).toNanos()));
        };
    }

    private static Duration slotsAgain(OperationOutcome outcome, boolean done) {
        if (outcome instanceof OperationOutcome.Postponed) {
            return SLOTS_SOON;
        }
        return done ? NEXT_SLOTS : SLOTS_AGAIN;
    }

    /** The end of the log as soon as it is known. */
    static StepDown withShutdown(StepDown stepDown, Optional<Lsn> lastLsn, long nowNanos) {
        return new StepDown(
                stepDown.requestRevision(),
                stepDown.candidate(),
                stepDown.startedNanos(),
                lastLsn.map(lsn -> new StepDown.Shutdown(lsn, nowNanos)),
                stepDown.failure());
    }

    private static StepDown steppedDown(
            StepDown stepDown, Situation.Ongoing ended, OperationOutcome outcome, long nowNanos) {
        StepDown known =
                stepDown.shutdown().isPresent()
                        ? stepDown
                        : withShutdown(stepDown, ended.shutdownLsn(), nowNanos);
        return outcome instanceof OperationOutcome.Done
                ? known
                : new StepDown(
                        known.requestRevision(),
                        known.candidate(),
                        known.startedNanos(),
                        known.shutdown(),
                        Optional.of(outcome.text()));
    }

    private static Rejoin started(Rejoin rejoin, OperationOutcome outcome, long nowNanos) {
        if (outcome instanceof OperationOutcome.StillStarting) {
            return rejoin;
        }
        int failures = outcome instanceof OperationOutcome.Done ? 0 : rejoin.failedStarts() + 1;
        return rejoin.withStart(failures, retry(failures, nowNanos))
                .withFailedAt(failures == 0 ? OptionalLong.empty() : OptionalLong.of(nowNanos));
    }

    /**
     * Only a real failure counts, since it may be answered by a clone, which removes the directory:
     * a source that is away or a cancelled rewind isn't one.
     */
    private static Rejoin rewound(Rejoin rejoin, OperationOutcome outcome, long nowNanos) {
        boolean done = outcome instanceof OperationOutcome.Done;
        boolean untried =
                outcome instanceof OperationOutcome.Postponed
                        || outcome instanceof OperationOutcome.Cancelled;
        if (untried) {
            return rejoin.withRetryAt(retry(1, nowNanos));
        }
        // one that "succeeded" counts until the server streams: it may have changed nothing
        int failures = rejoin.rewindFailures() + (done ? 1 : RejoinRules.REWIND_TRIES);
        return rejoin.withRewind(failures, done, retry(done ? 0 : 1, nowNanos));
    }

    /** A recovery that failed is tried a few times before it counts as impossible. */
    private static Rejoin recovered(Rejoin rejoin, boolean done, long nowNanos) {
        if (done) {
            return rejoin.withSingleUserTried();
        }
        int failures = rejoin.failedStarts() + 1;
        Rejoin failed = rejoin.withStart(failures, retry(failures, nowNanos));
        return failures < RECOVERY_TRIES ? failed : failed.withSingleUserTried();
    }

    private static Rejoin assessed(
            Rejoin rejoin, Operation.Assess assess, Divergence divergence, long nowNanos) {
        Divergence counted =
                divergence instanceof Divergence.Unknown unknown
                        ? rejoin.verdict().map(unknown::after).orElse(unknown)
                        : divergence;
        Rejoin known =
                rejoin.withVerdict(
                        counted,
                        new Rejoin.VerdictLeader(
                                assess.leader().member(), assess.leaderTimeline()));
        boolean remote = assess.leader().member().isEmpty();
        boolean fits = counted instanceof Divergence.None || counted instanceof Divergence.Stranded;
        if (fits || remote && !(counted instanceof Divergence.Diverged)) {
            // log is removed and archived, a remote fails over, all unseen: it is asked again
            return known.withCompareAt(OptionalLong.of(nowNanos + LONGEST_PAUSE.toNanos()));
        }
        return counted instanceof Divergence.Unknown(String _, int times, _)
                ? known.withRetryAt(retry(times, nowNanos))
                : known;
    }

    private static OptionalLong retry(int failures, long nowNanos) {
        if (failures == 0) {
            return OptionalLong.empty();
        }
        long pause = FIRST_PAUSE.toNanos() << Math.min(failures - 1, 10);
        return OptionalLong.of(nowNanos + Math.min(pause, LONGEST_PAUSE.toNanos()));
    }
}
