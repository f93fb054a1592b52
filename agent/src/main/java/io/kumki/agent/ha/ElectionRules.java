package io.kumki.agent.ha;

import io.kumki.dcs.cluster.ClusterSettings;
import io.kumki.dcs.cluster.FailoverRequest;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.MemberName;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;

/**
 * Nobody holds the leader key, and the own server is up: may this member take it?
 *
 * <p>Everybody asks everybody; who sees a living primary or a better member withdraws; the key is
 * taken by one transaction, so of several who think they are best one wins.
 */
final class ElectionRules {

    private static final Duration SOON = Duration.ofMillis(250);

    /**
     * A vanished key may be etcd's doing. A log that still grows shows a living primary; so long it
     * is waited for, at least.
     */
    private static final Duration SHORTEST_WAIT_FOR_FLOWING_WAL = Duration.ofSeconds(2);

    /** So long a streaming standby looks before it concludes that nothing flows. */
    private static final Duration LOOK_FOR_FLOWING_WAL = Duration.ofMillis(200);

    /**
     * So long the lead is left to a member that is as good and keeps more logical consumers going,
     * or is better off. It takes the key within a turn if it can at all.
     */
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private ElectionRules() {}

    static Optional<Decision> decide(Situation s) {
        if (!s.vacant()) {
            return Optional.empty();
        }
        return Optional.of(
                switch (s.server().answer().orElse(null)) {
                    case null -> no(s, "election.server-silent", "the own server didn't answer");
                    case LocalServer.Answer.Primary primary -> primary(s, primary);
                    case LocalServer.Answer.Standby standby ->
                            followsRemoteMeanwhile(s, standby(s, standby));
                });
    }

    /** Who can't lead a standby cluster may lack just what the remote has. */
    private static Decision followsRemoteMeanwhile(Situation s, Decision decision) {
        StandbyTarget target = Following.target(s);
        boolean changes =
                target.source() == StandbyTarget.Source.REMOTE_MEANWHILE
                        && !s.followsTarget()
                        && decision.actions().isEmpty()
                        && s.ongoing().isEmpty()
                        && s.reached(s.memory().rejoin().retryAtNanos());
        return changes
                ? Decision.of(
                        "election.follows-remote",
                        "nobody leads (" + decision.reason() + "): following " + target.described(),
                        s.memory(),
                        new Action.Start(new Operation.Follow(target)))
                : decision;
    }

    /** A primary without a key: it led, and the key vanished; or its agent is new. */
    private static Decision primary(Situation s, LocalServer.Answer.Primary primary) {
        if (s.paused()) {
            return take(
                    s, "pause.primary-takes-free-key", "maintenance mode; the server is a primary");
        }
        int clusterTimeline = s.cluster().history().clusterTimeline();
        if (primary.timeline() < clusterTimeline) {
            return fence(
                    s,
                    "election.stale-primary-stops",
                    "this primary is on timeline "
                            + primary.timeline()
                            + ", the cluster on "
                            + clusterTimeline);
        }
        boolean onlyMarked = SetBackMark.is(s.cluster().sync()) && s.leadsByClock();
        if (Candidates.syncActive(s) && !onlyMarked && !s.cluster().sync().names(s.me())) {
            return fence(
                    s,
                    "election.primary-not-synchronous",
                    "the key \"sync\" was taken over from this primary");
        }
        List<Member> others = electorate(s);
        if (s.peers().isEmpty() && !others.isEmpty()) {
            return ask(
                    s,
                    "election.primary-asks",
                    "the key is free, and the own server is a primary",
                    others);
        }
        for (Map.Entry<MemberName, PeerAnswer> answer : answers(s).entrySet()) {
            if (answer.getValue() instanceof PeerAnswer.Reached reached
                    && (reached.primary() || reached.timeline() > primary.timeline())) {
                return fence(
                        s,
                        "election.primary-meets-newer",
                        answer.getKey()
                                + (reached.primary()
                                        ? " is a primary too"
                                        : " is on timeline " + reached.timeline()));
            }
        }
        return take(s, "election.primary-takes-key-back", "no member has seen another primary");
    }

    private static Decision fence(Situation s, String rule, String reason) {
        return Decision.of(rule, reason, s.memory(), new Action.Fence()).atOnce();
    }

    private static Decision standby(Situation s, LocalServer.Answer.Standby standby) {
        FailoverRequest request = s.cluster().failover();
        boolean requested =
                request.present()
                        && !StoreTrust.isOld(s, request)
                        && !StepDownRules.waitsForItsTime(s, request);
        if (!s.yieldIsOver()) {
            return no(
                            s,
                            "election.yields",
                            "the lead was given away a moment ago, or left to another in failsafe mode")
                    .after(SOON);
        }
        if (s.self().tags().nofailover()) {
            return no(
                    s,
                    "election.tagged-nofailover",
                    "following a different leader because I am not allowed to promote");
        }
        if (s.self().unfit().isPresent()) {
            return no(s, "election.unfit", s.self().unfit().get());
        }
        if (s.paused() && !requested) {
            return no(s, "election.paused", "maintenance mode: nobody is promoted by itself");
        }
        Optional<Decision> setBack = SetBackElection.keepsFromLead(s, standby);
        if (setBack.isPresent()) {
            return setBack.get();
        }
        boolean inDoubt = StoreTrust.commitsInDoubt(s);
        if (Candidates.syncActive(s)
                && !inDoubt
                && !s.cluster().sync().names(s.me())
                && s.synchronousMode() != ClusterSettings.SynchronousMode.QUORUM
                && !(requested && SyncTakeover.askedForByHand(s))) {
            return no(s, "election.not-synchronous", "this member is no synchronous standby");
        }
        if (requested) {
            Optional<Decision> decision = requested(s, request);
            if (decision.isPresent()) {
                return decision.get();
            }
        }
        return race(s, standby, requested ? request.leader() : Optional.empty());
    }

    /** An operator asked for somebody. */
    private static Optional<Decision> requested(Situation s, FailoverRequest request) {
        if (request.candidate().filter(s.me()::equals).isPresent()) {
            if (lacksLastRecord(s, request, s.timeline(), s.position())) {
                return Optional.empty(); // the request can't be served: the ordinary race
            }
            return Optional.of(takesOnRequest(s, request));
        }
        if (request.candidate().isPresent()) {
            return leaveToCandidate(s, request, request.candidate().get());
        }
        return s.paused()
                ? Optional.of(
                        no(
                                s,
                                "election.paused",
                                "in maintenance mode only a named member takes over"))
                : Optional.empty();
    }

    private static Optional<Decision> leaveToCandidate(
            Situation s, FailoverRequest request, MemberName candidate) {
        if (s.paused()) {
            return Optional.of(
                    no(s, "election.leaves-to-candidate", candidate + " is asked for").after(SOON));
        }
        Optional<Member> member = s.cluster().member(candidate);
        boolean patient =
                s.since(s.memory().vacancy().orElseThrow().sinceNanos())
                                .compareTo(s.settings().timing().ttl())
                        < 0;
        if (!patient || member.isEmpty() || member.get().addresses().apiUrl().isEmpty()) {
            return Optional.empty();
        }
        if (s.peers().isEmpty()) {
            return Optional.of(
                    ask(
                            s,
                            "election.asks-everybody",
                            candidate + " is asked for",
                            withMember(electorate(s), member.get())));
        }
        PeerAnswer answer = answers(s).get(candidate);
        if (answer instanceof PeerAnswer.Unreachable && isPatient(s)) {
            return Optional.of(
                    no(
                                    s,
                                    "election.waits-for-candidate",
                                    candidate + " is asked for and hasn't answered yet")
                            .after(SOON));
        }
        boolean able =
                answer instanceof PeerAnswer.Reached reached
                        && !reached.tags().nofailover()
                        && !reached.watchdogFailed()
                        && !lacksLastRecord(s, request, reached.timeline(), reached.position());
        return able
                ? Optional.of(
                        no(s, "election.leaves-to-candidate", candidate + " is asked for and able")
                                .after(SOON))
                : Optional.empty();
    }

    /** The key may be gone by etcd's doing, so the former leader is asked even now. */
    private static Decision takesOnRequest(Situation s, FailoverRequest request) {
        List<Member> formerLeader =
                electorate(s).stream()
                        .filter(member -> formerLeader(s).filter(member.name()::equals).isPresent())
                        .toList();
        boolean votes = request.leader().isPresent() && Candidates.votesCount(s);
        List<Member> asked = votes || s.settings().failsafeMode() ? electorate(s) : formerLeader;
        if (s.peers().isEmpty() && !asked.isEmpty()) {
            return votes
                    ? ask(s, "election.asks-everybody", "this member is asked for", asked)
                    : ask(s, "election.asks-former-leader", "this member is asked for", asked);
        }
        int missing = votes ? Candidates.missingVotes(s) : 0;
        if (missing > 0) {
            return lacksVotes(s, missing);
        }
        for (Member former : formerLeader) {
            if (answers(s).get(former.name()) instanceof PeerAnswer.Reached answer
                    && answer.primary()) {
                return no(s, "election.primary-alive", former.name() + " still is a primary")
                        .after(SOON);
            }
        }
        return FailsafeRules.keepsFromLead(s)
                .orElseGet(() ->
                        take(
                                s,
                                "election.requested",
                                "a " + request.actionName() + " names this member"));
    }

    /**
     * A switchover loses nothing: its candidate must have all that the leader published when it
     * stepped down. A manual failover may lose something, by the operator's will.
     */
    private static boolean lacksLastRecord(
            Situation s, FailoverRequest request, int timeline, Lsn position) {
        return request.leader().isPresent()
                && !s.followsRemote()
                && Candidates.lag(
                                s.cluster(),
                                Candidates.inLine(s.cluster(), s.settings(), timeline, position))
                        > 0;
    }

    /** The ordinary race. */
    private static Decision race(
            Situation s, LocalServer.Answer.Standby standby, Optional<MemberName> steppedDown) {
        Lsn position =
                Candidates.inLine(
                        s.cluster(), s.settings(), standby.timeline(), standby.position());
        long lag = Candidates.lag(s.cluster(), position);
        Duration vacant = s.since(s.memory().vacancy().orElseThrow().sinceNanos());
        if (steppedDown.isPresent()
                && !s.followsRemote()
                && lag > 0
                && vacant.compareTo(s.settings().timing().ttl()) < 0) {
            return no(
                            s,
                            "election.lacks-last-record",
                            "a switchover loses nothing: this member lacks "
                                    + lag
                                    + " bytes, and who has them is waited for")
                    .after(SOON);
        }
        if (lag > s.settings().maximumLagOnFailover()) {
            return no(
                    s,
                    "election.lags-too-much",
                    "this member lags "
                            + lag
                            + " bytes, "
                            + (lag - s.settings().maximumLagOnFailover())
                            + " more than maximum_lag_on_failover");
        }
        int clusterTimeline = s.cluster().history().clusterTimeline();
        if (s.settings().checkTimeline()
                && !s.followsRemote()
                && standby.timeline() < clusterTimeline) {
            return no(
                    s,
                    "election.old-timeline",
                    "this member is on timeline "
                            + standby.timeline()
                            + ", the cluster on "
                            + clusterTimeline);
        }
        List<Member> others = electorate(s);
        if (s.peers().isEmpty() && !others.isEmpty()) {
            return ask(s, "election.asks-everybody", "the leader key is free", others);
        }
        Optional<Decision> kept = FailsafeRules.keepsFromLead(s);
        if (kept.isPresent()) {
            return kept.get();
        }
        Optional<Decision> better = better(s, position, steppedDown);
        if (better.isPresent()) {
            return better.get();
        }
        int missing = StoreTrust.commitsInDoubt(s) ? 0 : Candidates.missingVotes(s);
        if (missing > 0) {
            return lacksVotes(s, missing);
        }
        Optional<Decision> flowing =
                hasSteppedDown(s, steppedDown) || s.followsRemote()
                        ? Optional.empty()
                        : walFlows(s, standby);
        return flowing.orElseGet(() ->
                take(
                        s,
                        "election.wins",
                        "the leader key is free and no reachable member is better; own position "
                                + position));
    }

    /**
     * A request alone proves no stepping down: the key may have gone by etcd's doing before its
     * holder read the request.
     */
    private static boolean hasSteppedDown(Situation s, Optional<MemberName> asked) {
        return switch (asked.map(name -> answers(s).get(name)).orElse(null)) {
            case PeerAnswer.Reached answer -> !answer.primary();
            case PeerAnswer.NoPosition answer -> !answer.state().equals("running");
            case PeerAnswer.Unreachable _ -> false;
            case null -> false;
        };
    }

    private static Decision lacksVotes(Situation s, int missing) {
        return no(
                        s,
                        "election.lacks-votes",
                        missing + " more synchronous voters must answer that they have no more")
                .after(SOON);
    }

    /** Somebody who answered and rules this member out. */
    private static Optional<Decision> better(
            Situation s, Lsn position, Optional<MemberName> steppedDown) {
        for (Map.Entry<MemberName, PeerAnswer> entry : answers(s).entrySet()) {
            MemberName name = entry.getKey();
            if (!(entry.getValue() instanceof PeerAnswer.Reached answer)) {
                continue;
            }
            if (answer.primary()) {
                return Optional.of(
                        no(s, "election.primary-alive", name + " still is a primary").after(SOON));
            }
            if (steppedDown.filter(name::equals).isPresent()) {
                continue;
            }
            boolean able = !answer.tags().nofailover() && !answer.watchdogFailed();
            if (!able || Candidates.syncActive(s) && !s.cluster().sync().names(name)) {
                continue;
            }
            Lsn theirPosition =
                    Candidates.inLine(
                            s.cluster(), s.settings(), answer.timeline(), answer.position());
            if (isLaterLine(s, answer.timeline(), s.timeline())
                    && Candidates.lag(s.cluster(), theirPosition)
                            <= s.settings().maximumLagOnFailover()) {
                return Optional.of(
                        no(
                                        s,
                                        "election.other-has-later-timeline",
                                        name
                                                + " is on timeline "
                                                + answer.timeline()
                                                + ", which a leader began that was lost before it could say so")
                                .after(SOON));
            }
            int comparison =
                    isLaterLine(s, s.timeline(), answer.timeline())
                            ? -1
                            : theirPosition.compareTo(position);
            if (comparison > 0) {
                return Optional.of(
                        no(
                                        s,
                                        "election.other-is-ahead",
                                        "Wal position of "
                                                + name
                                                + " is ahead of my wal position by "
                                                + theirPosition.bytesBeyond(position)
                                                + " bytes")
                                .after(SOON));
            }
            int mine = s.self().tags().failoverPriority();
            int theirs = answer.tags().failoverPriority();
            boolean formerLeader = formerLeader(s).filter(name::equals).isPresent();
            boolean equal = comparison == 0 && !answer.position().isZero() && !formerLeader;
            SortedSet<String> keeps = LogicalSlots.readyOnlyAt(s, answer);
            if (equal && theirs == mine && !keeps.isEmpty() && isPatient(s)) {
                return Optional.of(
                        no(
                                        s,
                                        "election.other-keeps-consumers",
                                        name
                                                + " has equally tolerable WAL position and logical slots ready"
                                                + " that would lose something here: "
                                                + String.join(", ", keeps))
                                .after(SOON));
            }
            boolean theyAreBetterOff = impaired(s) && answer.impaired().isEmpty();
            if (equal && theyAreBetterOff && isPatient(s)) {
                return Optional.of(
                        no(
                                        s,
                                        "election.other-is-better-off",
                                        name
                                                + " has equally tolerable WAL position; of this member: "
                                                + Crashes.impairment(s).get())
                                .after(SOON));
            }
            if (equal && theirs > mine && !(answer.impaired().isPresent() && !impaired(s))) {
                return Optional.of(
                        no(
                                        s,
                                        "election.other-has-priority",
                                        name
                                                + " has equally tolerable WAL position and priority "
                                                + theirs
                                                + ", while this node has priority "
                                                + mine)
                                .after(SOON));
            }
        }
        return Optional.empty();
    }

    /**
     * Whether a timeline is later than another, and than any that the cluster's history has: its
     * leader was lost before it wrote that. What others have beyond its beginning isn't known, and
     * counts less.
     */
    private static boolean isLaterLine(Situation s, int timeline, int other) {
        return !s.followsRemote()
                && other > 0
                && timeline > other
                && timeline > s.cluster().history().clusterTimeline();
    }

    private static boolean impaired(Situation s) {
        return Crashes.impairment(s).isPresent();
    }

    private static boolean isPatient(Situation s) {
        Duration vacant = s.since(s.memory().vacancy().orElseThrow().sinceNanos());
        return vacant.compareTo(PATIENCE) < 0;
    }

    /**
     * A log that grows although nobody leads comes from a primary that lives: etcd may have lost
     * its lease.
     */
    private static Optional<Decision> walFlows(Situation s, LocalServer.Answer.Standby standby) {
        Memory.Vacancy vacancy = s.memory().vacancy().orElseThrow();
        boolean streams = standby.receiver().filter(LocalServer.Receiver::streaming).isPresent();
        if (!streams) {
            return Optional.empty();
        }
        Duration vacant = s.since(vacancy.sinceNanos());
        Duration quarter = s.settings().timing().ttl().dividedBy(4);
        Duration bound =
                quarter.compareTo(SHORTEST_WAIT_FOR_FLOWING_WAL) > 0
                        ? quarter
                        : SHORTEST_WAIT_FOR_FLOWING_WAL;
        boolean grew = standby.position().compareTo(vacancy.receivedAtStart()) > 0;
        if (grew && vacant.compareTo(bound) < 0) {
            return Optional.of(
                    no(
                                    s,
                                    "election.wal-still-flows",
                                    "the leader key is gone but its server still sends WAL; waiting for it up to "
                                            + bound.toMillis()
                                            + " ms")
                            .after(SOON));
        }
        if (!grew && vacant.compareTo(LOOK_FOR_FLOWING_WAL) < 0) {
            return Optional.of(
                    no(
                                    s,
                                    "election.looks-whether-wal-flows",
                                    "the stream of the lost leader is still open")
                            .after(LOOK_FOR_FLOWING_WAL));
        }
        return Optional.empty();
    }

    /**
     * Whom to ask: all that are known, without those that may not lead; the former leader always.
     */
    private static List<Member> electorate(Situation s) {
        return Candidates.everKnown(s, s.settings().failsafeMode()).values().stream()
                .filter(member -> member.addresses().apiUrl().isPresent())
                .filter(member ->
                        !member.tags().nofailover()
                                || FailsafeRules.names(s, member.name())
                                || formerLeader(s).filter(member.name()::equals).isPresent())
                .toList();
    }

    private static Optional<MemberName> formerLeader(Situation s) {
        return s.memory().lastLocked().map(Memory.LastLocked::leader);
    }

    private static List<Member> withMember(List<Member> members, Member member) {
        if (members.stream().anyMatch(other -> other.name().equals(member.name()))) {
            return members;
        }
        List<Member> all = new ArrayList<>(members);
        all.add(member);
        return all;
    }

    private static SortedMap<MemberName, PeerAnswer> answers(Situation s) {
        return s.peers().orElse(new TreeMap<>());
    }

    private static Decision ask(Situation s, String rule, String reason, List<Member> members) {
        return Decision.of(rule, reason, s.memory(), new Action.AskMembers(members));
    }

    private static Decision take(Situation s, String rule, String reason) {
        Memory memory = s.memory().withElectedOn(OptionalLong.of(s.cluster().sync().modRevision()));
        return Decision.of(rule, reason, memory, new Action.AcquireLeadership()).atOnce();
    }

    private static Decision no(Situation s, String rule, String reason) {
        return Decision.of(rule, reason, s.memory());
    }
}
