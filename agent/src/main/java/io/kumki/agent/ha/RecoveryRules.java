package io.kumki.agent.ha;

import io.kumki.agent.ha.LocalServer.ControlData;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.MemberName;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;

/** There is a data directory, and no server runs on it. */
final class RecoveryRules {

    private RecoveryRules() {}

    static Optional<Decision> decide(Situation s) {
        if (s.server().postmaster() != LocalServer.Postmaster.STOPPED
                || s.server().control().isEmpty()) {
            return Optional.empty();
        }
        ControlData control = s.server().control().get();
        if (s.paused() && !(s.otherLeads() && stoppedByUs(s))) {
            return Optional.of(inPause(s));
        }
        if (s.iHoldKey()) {
            return Optional.of(holder(s, control));
        }
        if (!s.reached(s.memory().rejoin().retryAtNanos())) {
            return Optional.of(
                    Decision.of(
                                    "recovery.waits-to-retry",
                                    "the last try failed; the next follows soon",
                                    s.memory())
                            .after(Duration.ofMillis(500)));
        }
        return Optional.of(s.otherLeads() ? RejoinRules.startsAgain(s, control) : alone(s));
    }

    /** For a switchover or a rewind, whose last step is a start. */
    private static boolean stoppedByUs(Situation s) {
        return s.memory().rejoin().rewound() || s.memory().yieldUntilNanos().isPresent();
    }

    private static Decision inPause(Situation s) {
        return s.iHoldKey()
                ? Decision.of(
                        "pause.stopped-leader-gives-up",
                        "maintenance mode, and the server was stopped",
                        s.memory(),
                        new Action.ReleaseLeadership(Optional.empty()))
                : Decision.of(
                        "pause.leaves-server-stopped",
                        "maintenance mode: a stopped server stays stopped",
                        s.memory());
    }

    /**
     * The key was never lost, so nobody else was promoted: the crashed primary may go on where it
     * was.
     */
    private static Decision holder(Situation s, ControlData control) {
        if (s.followsRemote()) {
            return StandbyLeaderRules.recovers(s, control);
        }
        if (s.self().unguarded().isPresent()) {
            return Decision.of(
                            "recovery.unguarded-gives-up-lead",
                            s.self().unguarded().get(),
                            s.memory(),
                            new Action.ReleaseLeadership(Optional.empty()))
                    .atOnce();
        }
        if (StoreTrust.leadIsOld(s)) {
            return Decision.of(
                            "recovery.set-back-gives-up-lead",
                            "etcd was set back, so others may have led since its leader key was written",
                            s.memory(),
                            new Action.ReleaseLeadership(Optional.empty()))
                    .atOnce();
        }
        if (control.standbySignal()) {
            return retried(
                    s,
                    "recovery.holder-starts-standby",
                    "this member leads, and its server is a stopped standby",
                    new Operation.StartStandby(Following.nobody(s)));
        }
        Optional<Decision> newer = othersLedSince(s, control);
        if (newer.isPresent()) {
            return newer.get();
        }
        Duration limit = s.settings().primaryStartTimeout();
        Memory memory =
                s.memory().crashedSinceNanos().isPresent()
                        ? s.memory()
                        : s.memory().withCrashedSince(OptionalLong.of(s.nowNanos()));
        Situation known = s.withMemory(memory);
        Duration down = s.since(memory.crashedSinceNanos().getAsLong());
        Optional<String> trouble = CrashRules.trouble(known);
        boolean giveUp =
                limit.isZero()
                        || down.compareTo(limit) > 0
                        || memory.rejoin().failedStarts() > 0
                        || trouble.isPresent();
        if (giveUp) {
            String since = "the server is down since " + down.toSeconds() + " s";
            Optional<Decision> handOver =
                    handOver(known, since + trouble.map(why -> "; " + why).orElse(""));
            if (handOver.isPresent()) {
                return handOver.get();
            }
            Optional<Decision> staysDown = CrashRules.staysDown(known);
            if (staysDown.isPresent()) {
                return staysDown.get();
            }
        }
        Duration left = limit.minus(down);
        return retried(
                known,
                "recovery.restarts-crashed-primary",
                "the primary is down; this member still holds the leader key, so nobody else was promoted",
                new Operation.StartPrimary(
                        left.compareTo(MINIMUM_START) > 0 ? left : MINIMUM_START));
    }

    /**
     * The key shows that nobody else led, unless the store was restored from a backup; an agent
     * that is new, or that lost touch, can't see that. So it looks for a later timeline. The
     * control file has that of the last checkpoint, a leader tells its own at once.
     */
    private static Optional<Decision> othersLedSince(Situation s, ControlData control) {
        int own = Math.max(control.timeline(), s.cluster().history().clusterTimeline());
        List<Member> asked = Candidates.toAsk(s, Optional.empty());
        if (!s.memory().leadLapsed() || asked.isEmpty()) {
            return Optional.empty();
        }
        if (s.peers().isEmpty()) {
            return Optional.of(
                    Decision.of(
                            "recovery.asks-who-led",
                            "the primary is down, and this agent can't know whether it led all the time",
                            s.memory(),
                            new Action.AskMembers(asked)));
        }
        return s.peers().get().entrySet().stream()
                .filter(entry ->
                        entry.getValue() instanceof PeerAnswer.Reached other
                                && (other.primary() || other.timeline() > own))
                .findFirst()
                .map(entry ->
                        Decision.of(
                                        "recovery.newer-timeline-gives-up-lead",
                                        entry.getKey()
                                                + " is on a later timeline than "
                                                + own
                                                + ", whatever the leader key says",
                                        s.memory(),
                                        new Action.ReleaseLeadership(Optional.empty()))
                                .atOnce());
    }

    /**
     * Even a late start gets this much, so that a failing hand-over doesn't make starting
     * impossible.
     */
    static final Duration MINIMUM_START = Duration.ofSeconds(10);

    /** Gives the key away if somebody could take over; empty if nobody can. */
    static Optional<Decision> handOver(Situation s, String why) {
        List<Member> asked = Candidates.toAsk(s, Optional.empty());
        if (asked.isEmpty()) {
            return Optional.empty();
        }
        if (s.peers().isEmpty()) {
            return Optional.of(
                    Decision.of(
                            "recovery.asks-for-successor",
                            why,
                            s.memory(),
                            new Action.AskMembers(asked)));
        }
        // a member in the same trouble is no help against it, but better than a server that is down
        SortedMap<MemberName, String> refusals =
                CrashRules.trouble(s).isPresent()
                        ? CrashRules.refusals(s, asked)
                        : Candidates.refusalsWithVotes(s, asked, Optional.empty(), true);
        if (refusals.size() == asked.size()) {
            return Optional.empty();
        }
        return Optional.of(
                StepDownRules.givesAway(
                        s,
                        "recovery.hands-over",
                        why + ", and another member can take over",
                        Optional.empty()));
    }

    /**
     * Nobody leads: the server runs as a standby that follows nobody, so that it can take part in
     * the election.
     */
    private static Decision alone(Situation s) {
        if (!s.yieldIsOver()) {
            return Decision.of(
                            "recovery.waits-for-successor",
                            "the lead was given away a moment ago: the next leader is followed once it is known",
                            s.memory())
                    .after(Duration.ofMillis(100));
        }
        return Decision.of(
                "recovery.starts-for-election",
                "nobody leads; a running standby can take part in the election",
                s.memory(),
                new Action.Start(new Operation.StartStandby(Following.nobody(s))));
    }

    private static Decision retried(Situation s, String rule, String reason, Operation operation) {
        return s.reached(s.memory().rejoin().retryAtNanos())
                ? new Decision(
                        rule,
                        reason,
                        starts(s, operation),
                        s.memory(),
                        new Decision.Next.LoopWait())
                : Decision.of(
                                rule + "-again",
                                reason
                                        + "; "
                                        + s.memory().rejoin().failedStarts()
                                        + " starts failed, the next follows soon",
                                s.memory())
                        .after(Duration.ofMillis(500));
    }

    private static List<Action> starts(Situation s, Operation operation) {
        return operation instanceof Operation.StartPrimary
                ? StrictGate.start(s, operation)
                : List.of(new Action.Start(operation));
    }
}
