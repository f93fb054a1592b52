package io.kumki.agent.sim;

import io.kumki.agent.ha.Action;
import io.kumki.agent.ha.Decision;
import io.kumki.agent.ha.Following;
import io.kumki.agent.ha.LocalServer;
import io.kumki.agent.ha.Operation;
import io.kumki.agent.ha.PeerAnswer;
import io.kumki.agent.ha.Rules;
import io.kumki.agent.ha.Situation;
import io.kumki.dcs.cluster.ClusterStatus;
import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.MemberName;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
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
        Optional<SortedMap<MemberName, PeerAnswer>> blind =
                s.peers()
                        .map(peers -> {
                            SortedMap<MemberName, PeerAnswer> answers = new TreeMap<>();
                            peers.forEach((name, answer) -> answers.put(name, blind(answer)));
                            return answers;
                        });
        return Rules.decide(with(s, s.cluster(), s.server(), blind));
    }

    /** A standby whose log is gone waits for ever. */
    static Decision neverCopiesAnew(Situation s) {
        Decision decision = Rules.decide(s);
        return decision.rule().equals("rejoin.clones")
                ? Decision.of("broken.waits", "it may come", s.memory())
                : decision;
    }

    /** A standby follows whoever leads, without a look whose log that is. */
    static Decision followsUnseen(Situation s) {
        Decision decision = Rules.decide(s);
        boolean unseen = decision.rule().equals("rejoin.compares-logs") && !s.followsTarget();
        return unseen
                ? Decision.of(
                        "broken.follows",
                        "it leads",
                        s.memory(),
                        new Action.Start(new Operation.Follow(Following.target(s))))
                : decision;
    }

    /** Nobody notices that the store was set back. */
    static Decision believesEveryBackup(Situation s) {
        return Rules.decide(with(s, withoutRevision(s.cluster()), s.server(), s.peers()));
    }

    private static PeerAnswer blind(PeerAnswer answer) {
        return answer instanceof PeerAnswer.Reached reached
                ? new PeerAnswer.Reached(
                        reached.primary(),
                        reached.state(),
                        Lsn.ZERO,
                        reached.timeline(),
                        reached.tags(),
                        reached.watchdogFailed(),
                        reached.readySlots(),
                        reached.complete(),
                        reached.impaired())
                : answer;
    }

    /**
     * A leader that steps down asks neither who streams from it nor, before it gives the key away,
     * who has its last record, and nobody looks what that was. (With only one of these wrong the
     * others save the commits.)
     */
    static Decision handsOverBlindly(Situation s) {
        Decision decision =
                Rules.decide(with(s, withoutStatus(s.cluster()), everybodyConnected(s), s.peers()));
        boolean waits = decision.rule().equals("switchover.waits-for-last-record");
        return waits
                ? Decision.of(
                        "broken.hands-over",
                        "somebody will have it",
                        decision.memory(),
                        new Action.ReleaseLeadership(Optional.empty()))
                : decision;
    }

    /** A primary that starts again lets everybody in. */
    static Decision letsClientsIn(Situation s) {
        Decision decision = Rules.decide(s);
        return new Decision(
                decision.rule(),
                decision.reason(),
                decision.actions().stream()
                        .filter(action -> !(action instanceof Action.HoldClientsOff))
                        .toList(),
                decision.memory(),
                decision.next());
    }

    private static LocalServer everybodyConnected(Situation s) {
        if (!(s.server().answer().orElse(null) instanceof LocalServer.Answer.Primary primary)) {
            return s.server();
        }
        LocalServer.ServerInfo info =
                new LocalServer.ServerInfo(
                        primary.info().postmasterStartTime(),
                        primary.info().version(),
                        s.cluster().members().keySet().stream()
                                .map(name -> Observation.sender(name.value()))
                                .toList());
        return new LocalServer(
                s.server().data(),
                s.server().postmaster(),
                Optional.of(
                        new LocalServer.Answer.Primary(
                                info, primary.timeline(), primary.flushedLsn(), primary.slots())),
                s.server().pendingRestart());
    }

    private static ClusterView withoutStatus(ClusterView view) {
        return new ClusterView(
                view.initialize(),
                view.leadership(),
                view.members(),
                view.config(),
                view.failover(),
                view.sync(),
                ClusterStatus.NONE,
                view.history(),
                view.failsafe(),
                view.revision());
    }

    private static ClusterView withoutRevision(ClusterView view) {
        return new ClusterView(
                view.initialize(),
                view.leadership(),
                view.members(),
                view.config(),
                view.failover(),
                view.sync(),
                view.status(),
                view.history(),
                view.failsafe(),
                0);
    }

    private static Situation with(
            Situation s,
            ClusterView cluster,
            LocalServer server,
            Optional<SortedMap<MemberName, PeerAnswer>> peers) {
        return new Situation(
                s.self(),
                cluster,
                s.settings(),
                server,
                s.followsTarget(),
                s.lease(),
                s.ongoing(),
                s.command(),
                peers,
                s.memory(),
                s.nowNanos(),
                s.wallClock());
    }
}
