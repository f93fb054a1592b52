package io.kumki.agent.ha;

import io.kumki.dcs.cluster.FailoverRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** This member holds the leader key, and its server is up. */
final class LeaderRules {

    private LeaderRules() {}

    static Optional<Decision> decide(Situation s) {
        if (!s.iHoldKey()) {
            return Optional.empty();
        }
        return Optional.of(
                switch (s.server().answer().orElse(null)) {
                    case null ->
                            Decision.of(
                                    "leader.server-silent",
                                    "the server runs but didn't answer in time: the lead is kept",
                                    s.memory());
                    case LocalServer.Answer.Primary _ ->
                            ofStandbyCluster(s) && !s.paused()
                                    ? StandbyLeaderRules.demotes(s)
                                    : primary(s);
                    case LocalServer.Answer.Standby standby ->
                            ofStandbyCluster(s) ? StandbyLeaderRules.leads(s, standby) : standby(s);
                });
    }

    private static boolean ofStandbyCluster(Situation s) {
        return s.followsRemote();
    }

    private static Decision primary(Situation s) {
        if (s.self().unguarded().isPresent() && !s.paused()) {
            return Decision.of(
                            "leader.unguarded-stops",
                            s.self().unguarded().get(),
                            s.memory().withStepDown(Optional.empty()),
                            new Action.Fence())
                    .atOnce();
        }
        Optional<Decision> request = StepDownRules.answersRequest(s);
        if (request.isPresent()) {
            return request.get();
        }
        Optional<Decision> crashes = CrashRules.handsOverWhileUp(s);
        if (crashes.isPresent()) {
            return crashes.get();
        }
        Decision holds =
                Decision.of(
                        "leader.holds-lock",
                        "no action. I am (" + s.me() + "), the leader with the lock",
                        s.memory());
        return StepDownRules.untilScheduled(s)
                .filter(left -> left.compareTo(s.settings().timing().loopWait()) < 0)
                .map(holds::after)
                .orElse(holds);
    }

    private static Decision standby(Situation s) {
        FailoverRequest request = s.cluster().failover();
        boolean asked = request.candidate().filter(s.me()::equals).isPresent();
        if (s.paused() && !asked) {
            return Decision.of(
                    "pause.standby-gives-up-lead",
                    "maintenance mode, and the server isn't a primary any more",
                    s.memory(),
                    new Action.ReleaseLeadership(Optional.empty()));
        }
        if (!s.yieldIsOver()) {
            return Decision.of(
                    "leader.gives-up-after-failed-promotion",
                    "the promotion failed a moment ago, or the lead was left to another in failsafe mode",
                    s.memory(),
                    new Action.ReleaseLeadership(Optional.empty()));
        }
        if (s.self().unfit().isPresent() && !s.paused()) {
            return Decision.of(
                    "leader.unfit-gives-up-lead",
                    s.self().unfit().get(),
                    s.memory(),
                    new Action.ReleaseLeadership(Optional.empty()));
        }
        if (StoreTrust.leadIsOld(s) && !SyncTakeover.askedForByHand(s)) {
            return Decision.of(
                    "leader.set-back-gives-up-lead",
                    "etcd was set back, and its leader key names this member, which isn't a primary",
                    s.memory(),
                    new Action.ReleaseLeadership(Optional.empty()));
        }
        Optional<String> barred = SyncTakeover.barred(s);
        if (barred.isPresent()) {
            return Decision.of(
                    "leader.not-synchronous-gives-up-lead",
                    barred.get(),
                    s.memory(),
                    new Action.ReleaseLeadership(Optional.empty()));
        }
        List<Action> actions = new ArrayList<>(SyncTakeover.steps(s));
        actions.add(new Action.Start(new Operation.Promote()));
        if (request.present()) {
            actions.add(new Action.ClearRequest(OptionalLong.of(request.modRevision())));
        }
        return new Decision(
                "leader.promotes",
                "promoted self to leader by acquiring session lock",
                actions,
                s.memory(),
                new Decision.Next.LoopWait());
    }
}
