package io.kumki.agent.ha;

import io.kumki.agent.ha.LocalServer.ControlData;
import io.kumki.agent.ha.Memory.Rejoin;
import io.kumki.dcs.cluster.Member;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The ladder by which a member comes back to follow a leader: compare the logs; then follow, rewind
 * or clone. A clone removes the old directory, so it happens only where the configuration allows
 * it.
 */
final class RejoinRules {

    /** Rewinds without a stream afterwards; one that fails counts for all. */
    static final int REWIND_TRIES = 2;

    private static final Duration SOON = Duration.ofMillis(200);

    /**
     * A standby that streams nothing for so long compares its log with the leader's, whatever the
     * timelines say.
     */
    private static final Duration STALL_BEFORE_CHECK = Duration.ofSeconds(5);

    /** A standby whose log is fine and that still streams nothing for so long is restarted once. */
    private static final Duration STALL_BEFORE_RESTART = Duration.ofSeconds(30);

    /** Failed starts after a rewind or a clone before the logs are compared again. */
    private static final int STARTS_AFTER_REPAIR = 3;

    /**
     * A standby that can't go on for want of log, as a comparison not older than {@link
     * Aftermath#LONGEST_PAUSE} has found, for so long is copied anew, where allowed.
     */
    private static final Duration STALL_BEFORE_CLONE = Duration.ofSeconds(75);

    private RejoinRules() {}

    /** A stopped server, and another member leads. */
    static Decision startsAgain(Situation s, ControlData control) {
        Rejoin rejoin = s.memory().rejoin();
        StandbyTarget target = Following.target(s);
        boolean repaired =
                (rejoin.rewound() || control.backupLabel())
                        && rejoin.failedStarts() < STARTS_AFTER_REPAIR;
        int newest = Comparison.newestTimeline(s);
        boolean trusted = rejoin.failedStarts() == 0 && !Lineage.doubtful(s, newest);
        boolean ordinary =
                control.standbySignal()
                        && !Comparison.diverged(s)
                        && (trusted || Comparison.fits(s) || Comparison.cantBeCompared(s));
        boolean fitsLeader =
                Comparison.fits(s)
                        || Comparison.cantBeCompared(s)
                        || !Lineage.doubtful(s, newest) && !Lineage.unknown(s, newest);
        if (repaired) { // maybe for a leader that isn't one any more
            return start(
                    s,
                    fitsLeader ? target : Following.nobody(s),
                    "its data directory was made to fit");
        }
        if (ordinary) {
            return startsWhatFits(
                    s,
                    fitsLeader ? target : Following.nobody(s),
                    "it was a standby" + Comparison.uncompared(s));
        }
        Optional<Upstream> leader = Following.reference(s);
        Optional<Decision> wait = waitsForLeader(s, leader);
        if (wait.isPresent() && !s.followsRemote()) {
            return wait.get();
        }
        if (control.state().unclean()) {
            return recoversCrash(s, control);
        }
        if (wait.isPresent()) {
            return start(s, target, "there is no server to compare with, only an archive");
        }
        return switch (Comparison.verdict(s).orElse(null)) {
            case null -> assess(s, leader.orElseThrow(), whyCompared(s, control));
            case Divergence.Unknown(String why, int times, _) ->
                    s.followsRemote()
                            ? start(s, target, "the remote can't be compared with yet: " + why)
                            : assess(
                                    s,
                                    leader.orElseThrow(),
                                    times + " checks failed, the last by: " + why);
            case Divergence.None(String why) -> startsWhatFits(s, target, why);
            case Divergence.Stranded(String why) -> startsWhatFits(s, target, why);
            case Divergence.Diverged(String why, boolean unnoticed) ->
                    endsRecovery(s, control, why)
                            .or(() -> Repair.rewindOrClone(s, leader.orElseThrow(), why))
                            .orElseGet(() ->
                                    unnoticed || s.followsRemote()
                                            ? needsHand(s, why)
                                            : start(
                                                    s,
                                                    target,
                                                    "nothing else is allowed although " + why));
        };
    }

    /**
     * A history file in the archive that belongs to nobody's timeline, such as that of a lost
     * member's promotion or of an earlier life of the cluster, stops a standby that looks for the
     * newest timeline, though its log is the leader's. So every other try looks for none.
     */
    private static Decision startsWhatFits(Situation s, StandbyTarget target, String why) {
        int leaders = Comparison.leaderTimeline(s);
        if (s.memory().rejoin().failedStarts() % 2 == 0
                || Comparison.newestTimeline(s) != leaders) {
            return start(s, target, why);
        }
        return Decision.of(
                "rejoin.starts-on-leaders-timeline",
                Rung.FOLLOW.because(
                        why
                                + ", but it can't be started: perhaps the archive has a history file of"
                                + " a timeline that nobody owns, so this start looks for none after "
                                + leaders),
                s.memory(),
                new Action.Start(new Operation.StartStandby(target, OptionalInt.of(leaders))));
    }

    private static String whyCompared(Situation s, ControlData control) {
        if (!control.standbySignal()) {
            return "it was a primary";
        }
        return s.memory().rejoin().failedStarts() > 0 ? "it can't be started" : notTheLeaders(s);
    }

    private static String notTheLeaders(Situation s) {
        return "its log of timeline " + Comparison.ownTimeline(s) + " may not be the leader's";
    }

    /**
     * A running standby that is about to follow another server, with a log that may not be that
     * one's.
     */
    static Optional<Decision> comparesFirst(Situation s) {
        int own = Comparison.ownTimeline(s);
        boolean asked = Lineage.doubtful(s, own) || Lineage.unknown(s, own);
        if (!asked || Comparison.fits(s) || Comparison.cantBeCompared(s)) {
            return Optional.empty();
        }
        Optional<Upstream> leader = Following.reference(s);
        String why = notTheLeaders(s);
        Optional<Decision> wait = waitsForLeader(s, leader);
        if (wait.isPresent()) {
            return wait;
        }
        if (Comparison.verdict(s).orElse(null) instanceof Divergence.Diverged(String found, _)) {
            return Optional.of(
                    Repair.rewindOrClone(s, leader.orElseThrow(), found)
                            .orElseGet(() -> needsHand(s, found)));
        }
        return Optional.of(
                Comparison.mayCompare(s)
                        ? assess(s, leader.orElseThrow(), why)
                        : Decision.of(
                                        "rejoin.waits-to-compare",
                                        why
                                                + Comparison.verdict(s)
                                                        .map(Comparison::whyUnknown)
                                                        .orElse(""),
                                        s.memory())
                                .after(SOON));
    }

    private static Decision needsHand(Situation s, String why) {
        return Decision.of(
                "rejoin.needs-hand",
                why
                        + "; neither pg_rewind nor a clone is allowed or possible: \"kumkictl"
                        + " reinit\" makes a fresh copy",
                s.memory());
    }

    /** Without a clean end a log can't be compared; where it can't get one, only a copy is left. */
    private static Decision recoversCrash(Situation s, ControlData control) {
        if (control.backupLabel()) {
            // recovery alone would begin at the wrong checkpoint
            return Repair.clone(s, "a copy that can't be started")
                    .orElseGet(() -> start(s, Following.target(s), "it is a copy"));
        }
        Decision recover =
                singleUser(
                        s,
                        "the former primary wasn't shut down cleanly and its log must end cleanly"
                                + " before it is compared");
        return s.memory().rejoin().singleUserTried()
                ? Repair.clone(s, "its crash recovery failed").orElse(recover)
                : recover;
    }

    /** A standby that crashed: pg_rewind wants one that was shut down cleanly. */
    private static Optional<Decision> endsRecovery(Situation s, ControlData control, String why) {
        Rejoin rejoin = s.memory().rejoin();
        boolean due =
                control.state() == LocalServer.ClusterState.IN_ARCHIVE_RECOVERY
                        && !control.backupLabel()
                        && Repair.rewindIsNext(s)
                        && !rejoin.singleUserTried()
                        && s.reached(rejoin.retryAtNanos());
        return due
                ? Optional.of(singleUser(s, why + ", and pg_rewind wants a log that ends cleanly"))
                : Optional.empty();
    }

    private static Decision singleUser(Situation s, String why) {
        return Decision.of(
                "rejoin.recovers-crash",
                "before the first rung: crash recovery in single-user mode, at most "
                        + Rung.text(Rung.Limits.CRASH_RECOVERY)
                        + ", because "
                        + why,
                s.memory(),
                new Action.Start(new Operation.SingleUserRecovery()));
    }

    /** A running standby that streams nothing although its leader is known. */
    static Decision stalled(Situation s) {
        Rejoin rejoin = s.memory().rejoin();
        Optional<Upstream> leader = Following.reference(s);
        Duration stalled =
                rejoin.stalledSinceNanos().isPresent()
                        ? s.since(rejoin.stalledSinceNanos().getAsLong())
                        : Duration.ZERO;
        String found = "nothing is received since " + stalled.toSeconds() + " s";
        Optional<Decision> wait = waitsForLeader(s, leader);
        if (wait.isPresent()) {
            return wait.get();
        }
        Optional<Divergence> verdict = Comparison.verdict(s);
        boolean timelineDiffers =
                !s.followsRemote()
                        && s.timeline() != 0
                        && s.timeline() != Comparison.leaderTimeline(s);
        boolean due = timelineDiffers || stalled.compareTo(STALL_BEFORE_CHECK) > 0;
        if (verdict.isEmpty() || verdict.get() instanceof Divergence.Unknown) {
            return due && Comparison.mayCompare(s)
                    ? assess(s, leader.orElseThrow(), found)
                    : Decision.of(
                                    "rejoin.waits-for-stream",
                                    found + verdict.map(Comparison::whyUnknown).orElse(""),
                                    s.memory())
                            .after(s.followsRemote() ? Duration.ofSeconds(1) : SOON);
        }
        if (verdict.get() instanceof Divergence.Diverged(String why, _)) {
            return Repair.rewindOrClone(s, leader.orElseThrow(), why)
                    .orElseGet(() -> needsHand(s, why));
        }
        if (delayed(s)) {
            return Decision.of(
                            "rejoin.delayed",
                            found
                                    + " although its log fits: PostgreSQL connects again when it has applied what it"
                                    + " has (recovery_min_apply_delay)",
                            s.memory())
                    .after(Duration.ofSeconds(1));
        }
        if (due && s.reached(rejoin.retryAtNanos()) && s.reached(rejoin.compareAtNanos())) {
            return assess(s, leader.orElseThrow(), found + ": is what comes next still there?");
        }
        if (verdict.get() instanceof Divergence.Stranded(String why) && !s.followsRemote()) {
            return stranded(s, stalled, found + "; " + why);
        }
        if (!s.paused() && !rejoin.restartTried() && stalled.compareTo(STALL_BEFORE_RESTART) > 0) {
            return Decision.of(
                    "rejoin.restarts-stalled-standby",
                    Rung.RESTART.because(found + " although its log fits"),
                    s.memory().withRejoin(rejoin.withRestartTried()),
                    new Action.Start(new Operation.Restart(s.settings().primaryStartTimeout())));
        }
        String fits = verdict.get() instanceof Divergence.None(String why) ? ": " + why : "";
        return Decision.of(
                        "rejoin.stalled",
                        found
                                + " although its log fits"
                                + fits
                                + "; no reason to copy it anew: see the server's log on both sides",
                        s.memory())
                .after(Duration.ofSeconds(1));
    }

    /** Neither a restart nor a copy would bring its stream back; a copy would lose the delay. */
    private static boolean delayed(Situation s) {
        return s.server().answer().orElse(null) instanceof LocalServer.Answer.Standby standby
                && standby.delayed();
    }

    /** What the standby needs is gone for good, so no restart helps. */
    private static Decision stranded(Situation s, Duration stalled, String why) {
        if (stalled.compareTo(STALL_BEFORE_CLONE) <= 0) {
            return Decision.of("rejoin.stranded", why, s.memory()).after(Duration.ofSeconds(1));
        }
        return Repair.clone(s, why)
                .orElseGet(() ->
                        Decision.of(
                                "rejoin.needs-hand",
                                why
                                        + "; a fresh copy isn't allowed"
                                        + " (postgresql.remove_data_directory_on_diverged_timelines,"
                                        + " pause): \"kumkictl reinit\" makes one",
                                s.memory()));
    }

    /**
     * The leader of a standby cluster gets nothing from the remote: perhaps the remote failed over,
     * and the own log went beyond. Empty: there is nothing to do but to wait.
     */
    static Optional<Decision> behindRemote(Situation s, String found) {
        Optional<Upstream> remote = Following.reference(s);
        if (remote.isEmpty()) {
            return Optional.empty();
        }
        if (Comparison.verdict(s).orElse(null) instanceof Divergence.Diverged(String why, _)) {
            return Optional.of(
                    Repair.rewindOrClone(s, remote.get(), why)
                            .orElseGet(() ->
                                    Decision.of(
                                            "rejoin.needs-hand",
                                            why
                                                    + "; the leader of a standby cluster is rewound, never cloned: hand the lead"
                                                    + " over, then \"kumkictl reinit\" this member",
                                            s.memory())));
        }
        return s.reached(s.memory().rejoin().compareAtNanos())
                ? Optional.of(assess(s, remote.get(), found.substring(2)))
                : Optional.empty();
    }

    /**
     * A standby that is starting for long: replay may take hours, but a log that left the leader's
     * never comes to an end.
     */
    static Optional<Decision> stuckInStart(Situation s) {
        Rejoin rejoin = s.memory().rejoin();
        Optional<Upstream> leader = Following.reference(s);
        boolean due =
                rejoin.stalledSinceNanos().isPresent()
                        && s.since(rejoin.stalledSinceNanos().getAsLong())
                                        .compareTo(STALL_BEFORE_RESTART)
                                > 0
                        && Comparison.mayCompare(s)
                        && waitsForLeader(s, leader).isEmpty();
        if (!due) {
            return Optional.empty();
        }
        String found = "the standby doesn't come up";
        return switch (Comparison.verdict(s).orElse(null)) {
            case null -> Optional.of(assess(s, leader.orElseThrow(), found));
            case Divergence.Unknown _ -> Optional.of(assess(s, leader.orElseThrow(), found));
            case Divergence.None _, Divergence.Stranded _ ->
                    rejoin.restartTried() || s.followsRemote()
                            ? Optional.empty()
                            : Optional.of(followsInStart(s, found));
            case Divergence.Diverged(String why, _) ->
                    Repair.rewindOrClone(s, leader.orElseThrow(), why);
        };
    }

    /** One that was started with nobody to follow may need the leader's log to come up. */
    private static Decision followsInStart(Situation s, String found) {
        StandbyTarget target = Following.target(s);
        return Decision.of(
                "rejoin.follows-in-start",
                found + " although its log fits: following " + target.described(),
                s.memory().withRejoin(s.memory().rejoin().withRestartTried()),
                new Action.Start(new Operation.Follow(target)));
    }

    /** The leader must be known, reachable and a primary before anything is compared with it. */
    private static Optional<Decision> waitsForLeader(Situation s, Optional<Upstream> leader) {
        if (s.followsRemote()) {
            return leader.isPresent()
                    ? Optional.empty()
                    : Optional.of(
                            Decision.of(
                                    "rejoin.remote-is-an-archive",
                                    "standby_cluster names no host to compare with",
                                    s.memory()));
        }
        boolean primary =
                s.cluster()
                        .leaderMember()
                        .map(Member::status)
                        .filter(status -> status.role().equals("primary"))
                        .isPresent();
        if (leader.isPresent() && primary) {
            return Optional.empty();
        }
        return Optional.of(
                Decision.of(
                                "rejoin.waits-for-leader",
                                leader.isEmpty()
                                        ? "the leader publishes no address"
                                        : "the leader isn't a primary yet",
                                s.memory())
                        .after(SOON));
    }

    private static Decision assess(Situation s, Upstream leader, String why) {
        return Decision.of(
                "rejoin.compares-logs",
                "before the first rung: compare the logs, about 10 s, because " + why,
                s.memory(),
                new Action.Start(new Operation.Assess(leader, Comparison.leaderTimeline(s))));
    }

    private static Decision start(Situation s, StandbyTarget target, String why) {
        return Decision.of(
                "rejoin.starts-standby",
                Rung.FOLLOW.because(why),
                s.memory(),
                new Action.Start(new Operation.StartStandby(target)));
    }
}
