package io.kumki.agent.ha;

import io.kumki.agent.ha.Memory.StepDown;
import io.kumki.dcs.cluster.FailoverRequest;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.dcs.cluster.SyncState;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;

/**
 * A planned hand-over: look before (somebody must be able to take over), stop cleanly, look again
 * (somebody must have everything up to the last record), give the key away; take the lead back if
 * nobody has.
 */
final class StepDownRules {

    /**
     * How long a stopped leader waits for a member that has everything before it takes the lead
     * back.
     */
    static final Duration HAND_OVER_BUDGET = Duration.ofSeconds(5);

    /**
     * How long a request waits for its candidate to stream; a WAL receiver tries again after {@code
     * wal_retrieve_retry_interval}, 5 s by default.
     */
    private static final Duration STREAM_BUDGET = Duration.ofSeconds(10);

    private static final Duration SOON = Duration.ofMillis(50);

    private StepDownRules() {}

    /** A running leader looks at the request. */
    static Optional<Decision> answersRequest(Situation s) {
        FailoverRequest request = s.cluster().failover();
        if (!request.present()) {
            return Optional.empty();
        }
        if (StoreTrust.isOld(s, request)) {
            return clear(
                    s, "switchover.older-than-set-back", "etcd was set back: the request is old");
        }
        Optional<Decision> schedule = schedule(s, request);
        if (schedule.isPresent() || waitsForItsTime(s, request)) {
            return schedule;
        }
        if (request.leader().filter(leader -> !leader.equals(s.me())).isPresent()) {
            return clear(
                    s, "switchover.names-another-leader", request.leader().get() + " isn't leader");
        }
        if (request.candidate().filter(s.me()::equals).isPresent()) {
            return clear(s, "switchover.names-the-leader", s.me() + " already leads");
        }
        if (s.paused() && request.candidate().isEmpty()) {
            return clear(
                    s,
                    "switchover.needs-candidate-in-pause",
                    "in maintenance mode only to a named candidate");
        }
        List<Member> asked = Candidates.toAsk(s, request.candidate());
        if (asked.isEmpty()) {
            return clear(s, "switchover.nobody-to-ask", "no (such) member with a REST address");
        }
        if (s.peers().isEmpty()) {
            return Optional.of(
                    Decision.of(
                            "switchover.asks",
                            "a " + request.actionName() + " is requested",
                            s.memory(),
                            new Action.AskMembers(asked)));
        }
        SortedMap<MemberName, String> refusals =
                refusals(
                        s,
                        asked,
                        request.candidate(),
                        Optional.empty(),
                        request.leader().isPresent());
        if (refusals.size() == asked.size()) {
            return clear(s, "switchover.refused", Candidates.describe(refusals));
        }
        if (s.server().standby()) {
            return Optional.of(standbyHandsOver(s, request, asked));
        }
        boolean streams =
                asked.stream()
                        .filter(member -> !refusals.containsKey(member.name()))
                        .anyMatch(member -> streamsFromHere(s, member));
        if (!streams) {
            return Optional.of(waitsForStream(s));
        }
        return Optional.of(
                Decision.of(
                        "switchover.stops-primary",
                        "a "
                                + request.actionName()
                                + request.candidate().map(name -> " to " + name).orElse("")
                                + " is requested and possible",
                        s.memory()
                                .withStepDown(
                                        Optional.of(
                                                new StepDown(
                                                        request.modRevision(),
                                                        request.candidate(),
                                                        s.nowNanos(),
                                                        Optional.empty(),
                                                        Optional.empty()))),
                        new Action.Start(new Operation.StepDown(s.stopLimit()))));
    }

    /**
     * The leader of a standby cluster writes nothing, so it needn't stop; but the remote may be
     * gone for ever, so who takes over must have what this server has.
     */
    private static Decision standbyHandsOver(
            Situation s, FailoverRequest request, List<Member> asked) {
        SortedMap<MemberName, String> lacking =
                Candidates.refusals(s, asked, Optional.of(s.position()), true);
        return lacking.size() == asked.size()
                ? waits(s, Candidates.describe(lacking))
                : StandbyLeaderRules.handsOver(
                        s, "a " + request.actionName() + " is requested and possible");
    }

    /**
     * A clean stop waits only for standbys that are connected: one that isn't would lack the last
     * records, and the stop would have been for nothing.
     */
    static boolean streamsFromHere(Situation s, Member member) {
        boolean cascades =
                member.tags().replicatefrom().filter(from -> !from.equals(s.me())).isPresent();
        return cascades
                || s.server().answer().stream()
                        .flatMap(answer -> answer.info().senders().stream())
                        .filter(sender -> sender.applicationName().equals(member.name().value()))
                        .anyMatch(sender -> sender.state().equals("streaming"));
    }

    private static Decision waitsForStream(Situation s) {
        return waits(s, "no member that could take over streams from this server");
    }

    private static Decision waits(Situation s, String why) {
        Memory.RequestSeen request = s.memory().request().orElseThrow();
        Duration waited = s.since(request.sinceNanos());
        return waited.compareTo(STREAM_BUDGET) > 0
                ? Decision.of(
                        "switchover.refused",
                        why + " for " + waited.toSeconds() + " s",
                        s.memory(),
                        new Action.ClearRequest(OptionalLong.of(request.modRevision())))
                : Decision.of("switchover.waits-for-stream", why + " yet", s.memory())
                        .after(Duration.ofMillis(200));
    }

    /** A request whose time passed unnoticed, or isn't readable, is removed. */
    private static Optional<Decision> schedule(Situation s, FailoverRequest request) {
        if (request.scheduledAt().isEmpty()) {
            return Optional.empty();
        }
        Optional<OffsetDateTime> at = parse(request.scheduledAt().get());
        if (at.isEmpty()) {
            return clear(
                    s, "switchover.unreadable-time", "scheduled_at " + request.scheduledAt().get());
        }
        if (s.paused()) {
            return Optional.empty();
        }
        Duration late = Duration.between(at.get().toInstant(), s.wallClock());
        long tolerated = s.settings().timing().loopWait().toSeconds() * 3 / 2;
        return late.toSeconds() > tolerated
                ? clear(s, "switchover.stale-time", "it was due " + late.toSeconds() + " s ago")
                : Optional.empty();
    }

    static boolean waitsForItsTime(Situation s, FailoverRequest request) {
        return request.scheduledAt().isPresent()
                && (s.paused()
                        || parse(request.scheduledAt().get())
                                .map(at -> at.toInstant().isAfter(s.wallClock()))
                                .orElse(true));
    }

    /** When the next scheduled request is due, for the loop to wake up in time. */
    static Optional<Duration> untilScheduled(Situation s) {
        return s.cluster()
                .failover()
                .scheduledAt()
                .filter(_ -> !s.paused())
                .flatMap(StepDownRules::parse)
                .map(at -> Duration.between(s.wallClock(), at.toInstant()))
                .filter(left -> !left.isNegative());
    }

    private static Optional<OffsetDateTime> parse(String text) {
        try {
            return Optional.of(OffsetDateTime.parse(text.replace(' ', 'T')));
        } catch (DateTimeException _) {
            return Optional.empty();
        }
    }

    private static Optional<Decision> clear(Situation s, String rule, String reason) {
        return Optional.of(
                Decision.of(
                        rule,
                        reason,
                        s.memory(),
                        new Action.ClearRequest(
                                OptionalLong.of(s.cluster().failover().modRevision()))));
    }

    /**
     * While the server still waits for its senders: no commit can follow, so the key may go as soon
     * as somebody has all.
     */
    static Optional<Decision> releasesEarly(Situation s) {
        return s.iHoldKey() && s.memory().stepDown().flatMap(StepDown::shutdown).isPresent()
                ? handOver(s, s.memory().stepDown().get())
                : Optional.empty();
    }

    /** The server is stopped for a planned hand-over. */
    static Optional<Decision> handsOver(Situation s) {
        if (!s.iHoldKey() || s.memory().stepDown().isEmpty() || s.ongoing().isPresent()) {
            return Optional.empty();
        }
        StepDown stepDown = s.memory().stepDown().get();
        if (s.followsRemote()) {
            return Optional.of(
                    Decision.of(
                                    "standby-leader.drops-hand-over",
                                    "standby_cluster was configured meanwhile: the lead isn't taken back as a primary",
                                    s.memory().withStepDown(Optional.empty()),
                                    clearOwn(stepDown))
                            .atOnce());
        }
        boolean stopped = s.server().postmaster() == LocalServer.Postmaster.STOPPED;
        if (!stopped || stepDown.failure().isPresent()) {
            return Optional.of(
                    Decision.of(
                                    "switchover.stop-failed",
                                    stepDown.failure().orElse("the server runs again"),
                                    s.memory().withStepDown(Optional.empty()),
                                    clearOwn(stepDown))
                            .atOnce());
        }
        if (stepDown.shutdown().isEmpty()) {
            return Optional.of(cutShort(s, stepDown));
        }
        return handOver(s, stepDown);
    }

    /**
     * The stop was ended by its limit, so nobody knows the end of the log. A synchronous standby
     * has confirmed every commit that was acknowledged here; nobody else may take over now. Where a
     * quorum confirms, no single one need have everything: its members vote, whoever is asked for.
     */
    private static Decision cutShort(Situation s, StepDown stepDown) {
        String why = "the server did not shut down cleanly";
        SyncState sync = s.cluster().sync();
        boolean votes = sync.syncQuorum() > 0;
        boolean confirmed =
                Candidates.syncActive(s) && sync.leader().filter(s.me()::equals).isPresent();
        List<Member> asked =
                Candidates.toAsk(s, votes ? Optional.empty() : stepDown.candidate()).stream()
                        .filter(member -> sync.namesStandby(member.name()))
                        .toList();
        if (!confirmed || asked.isEmpty()) {
            return takeBack(s, stepDown, why);
        }
        if (s.peers().isEmpty()) {
            return Decision.of(
                    "switchover.asks-synchronous",
                    why + ": only a synchronous standby may take over",
                    s.memory(),
                    new Action.AskMembers(asked));
        }
        SortedMap<MemberName, String> refusals =
                Candidates.refusals(s, asked, Optional.empty(), true);
        if (asked.size() - refusals.size() <= sync.syncQuorum()) {
            return takeBack(s, stepDown, why + "; " + Candidates.describe(refusals));
        }
        Decision gives =
                givesAway(
                        s.withMemory(s.memory().withStepDown(Optional.empty())),
                        "switchover.hands-over-unclean",
                        why + ", and synchronous standbys have every acknowledged commit",
                        Optional.empty());
        List<Action> actions = new ArrayList<>(gives.actions());
        if (votes) {
            actions.addFirst(clearOwn(stepDown));
        }
        return new Decision(gives.rule(), gives.reason(), actions, gives.memory(), gives.next());
    }

    private static Optional<Decision> handOver(Situation s, StepDown stepDown) {
        StepDown.Shutdown shutdown = stepDown.shutdown().orElseThrow();
        Lsn last = shutdown.lastLsn();
        List<Member> asked = Candidates.toAsk(s, stepDown.candidate());
        if (!asked.isEmpty() && s.peers().isEmpty()) {
            return Optional.of(
                    Decision.of(
                            "switchover.asks-for-last-record",
                            "no commit can follow " + last,
                            s.memory(),
                            new Action.AskMembers(asked)));
        }
        FailoverRequest request = s.cluster().failover();
        boolean onlySync = !request.present() || request.leader().isPresent();
        SortedMap<MemberName, String> refusals =
                refusals(s, asked, stepDown.candidate(), Optional.of(last), onlySync);
        if (refusals.size() < asked.size()) {
            return Optional.of(
                    givesAway(
                            s.withMemory(s.memory().withStepDown(Optional.empty())),
                            "switchover.hands-over",
                            "a member has everything up to " + last,
                            Optional.of(last)));
        }
        boolean stopped = s.server().postmaster() == LocalServer.Postmaster.STOPPED;
        boolean ending = s.endingAsked();
        if (stopped && !ending && s.since(shutdown.knownNanos()).compareTo(HAND_OVER_BUDGET) > 0) {
            return Optional.of(takeBack(s, stepDown, Candidates.describe(refusals)));
        }
        return ending
                ? Optional.empty()
                : Optional.of(
                        Decision.of(
                                        "switchover.waits-for-last-record",
                                        Candidates.describe(refusals),
                                        s.memory())
                                .after(SOON));
    }

    private static SortedMap<MemberName, String> refusals(
            Situation s,
            List<Member> asked,
            Optional<MemberName> candidate,
            Optional<Lsn> required,
            boolean onlySync) {
        return candidate.isPresent()
                ? Candidates.refusals(s, asked, required, onlySync)
                : Candidates.refusalsWithVotes(s, asked, required, onlySync);
    }

    private static Decision takeBack(Situation s, StepDown stepDown, String why) {
        List<Action> actions = new ArrayList<>();
        if (stepDown.requestRevision() != 0) { // else nobody asked: it was a crash loop
            actions.add(clearOwn(stepDown));
        }
        actions.addAll(
                StrictGate.start(
                        s, new Operation.StartPrimary(s.settings().primaryStartTimeout())));
        return new Decision(
                "switchover.takes-lead-back",
                why,
                actions,
                s.memory().withStepDown(Optional.empty()),
                new Decision.Next.LoopWait());
    }

    private static Action clearOwn(StepDown stepDown) {
        return new Action.ClearRequest(OptionalLong.of(stepDown.requestRevision()));
    }

    /**
     * Gives the key up and leaves it alone for a while, so that somebody else takes it.
     *
     * @param last the end of the own log if the server was stopped cleanly for it
     */
    static Decision givesAway(Situation s, String rule, String why, Optional<Lsn> last) {
        OptionalLong until = OptionalLong.of(s.nowNanos() + HAND_OVER_BUDGET.toNanos());
        return Decision.of(
                        rule,
                        why,
                        s.memory().withYieldUntil(until),
                        new Action.ReleaseLeadership(last))
                .atOnce();
    }
}
