package io.kumki.agent.sim;

import io.kumki.agent.ha.Action;
import io.kumki.agent.ha.Decision;
import io.kumki.agent.ha.LocalServer;
import io.kumki.agent.ha.Operation;
import io.kumki.agent.ha.PeerAnswer;
import io.kumki.agent.ha.Rules;
import io.kumki.agent.ha.Situation;
import io.kumki.dcs.cluster.Lsn;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;

/** The real rules with one thing wrong, to show that the simulation can fail. */
final class BrokenRules {

    private BrokenRules() {}

    /** A standby that sees no leader promotes itself without taking the key. */
    static Decision promotesWithoutLease(Situation s) {
        boolean standby = s.server().answer().orElse(null) instanceof LocalServer.Answer.Standby;
        return s.vacant() && standby && s.ongoing().isEmpty()
                ? Decision.of(
                        "broken.promotes",
                        "nobody leads",
                        s.memory(),
                        new Action.Start(new Operation.Promote()))
                : Rules.decide(s);
    }

    /** A primary whose lease ends goes on. */
    static Decision neverStops(Situation s) {
        Decision decision = Rules.decide(s);
        List<Action> kept =
                decision.actions().stream()
                        .filter(action -> !(action instanceof Action.Fence))
                        .filter(action -> !(action instanceof Action.Start(Operation.StopInTime _)))
                        .toList();
        return new Decision(
                decision.rule(),
                decision.reason(),
                kept,
                decision.memory(),
                kept.size() == decision.actions().size()
                        ? decision.next()
                        : new Decision.Next.LoopWait());
    }

    /** A candidate doesn't look how far the others' logs go. */
    static Decision comparesNothing(Situation s) {
        return Rules.decide(
                new Situation(
                        s.self(),
                        s.cluster(),
                        s.settings(),
                        s.server(),
                        s.followsTarget(),
                        s.lease(),
                        s.ongoing(),
                        s.command(),
                        s.peers()
                                .map(peers -> {
                                    TreeMap<io.kumki.dcs.cluster.MemberName, PeerAnswer> blind =
                                            new TreeMap<>();
                                    peers.forEach((name, answer) -> blind.put(name, blind(answer)));
                                    return blind;
                                }),
                        s.memory(),
                        s.nowNanos(),
                        s.wallClock()));
    }

    private static PeerAnswer blind(PeerAnswer answer) {
        return answer instanceof PeerAnswer.Reached reached
                ? new PeerAnswer.Reached(
                        reached.primary(),
                        reached.state(),
                        Lsn.ZERO,
                        reached.timeline(),
                        reached.tags(),
                        reached.watchdogFailed())
                : answer;
    }

    /**
     * A leader that steps down asks neither who streams from it nor, before it gives the key away,
     * who has its last record.
     */
    static Decision handsOverBlindly(Situation s) {
        Decision decision = Rules.decide(withEverybodyConnected(s));
        boolean waits = decision.rule().equals("switchover.waits-for-last-record");
        return waits
                ? Decision.of(
                        "broken.hands-over",
                        "somebody will have it",
                        decision.memory(),
                        new Action.ReleaseLeadership(Optional.empty()))
                : decision;
    }

    private static Situation withEverybodyConnected(Situation s) {
        if (!(s.server().answer().orElse(null) instanceof LocalServer.Answer.Primary primary)) {
            return s;
        }
        LocalServer.ServerInfo info =
                new LocalServer.ServerInfo(
                        primary.info().postmasterStartTime(),
                        primary.info().version(),
                        s.cluster().members().keySet().stream()
                                .map(name -> Observation.sender(name.value()))
                                .toList());
        return new Situation(
                s.self(),
                s.cluster(),
                s.settings(),
                new LocalServer(
                        s.server().data(),
                        s.server().postmaster(),
                        Optional.of(
                                new LocalServer.Answer.Primary(
                                        info,
                                        primary.timeline(),
                                        primary.flushedLsn(),
                                        primary.slots())),
                        s.server().pendingRestart()),
                s.followsTarget(),
                s.lease(),
                s.ongoing(),
                s.command(),
                s.peers(),
                s.memory(),
                s.nowNanos(),
                s.wallClock());
    }
}
