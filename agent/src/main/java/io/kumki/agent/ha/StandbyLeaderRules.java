package io.kumki.agent.ha;

import io.kumki.dcs.cluster.ClusterSettings.StandbyCluster;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * This member holds the leader key of a standby cluster, and its server is up: it follows the
 * remote, and the other members follow it.
 */
final class StandbyLeaderRules {

    /** A WAL receiver tries again every 5 s by default. */
    private static final Duration PATIENCE = Duration.ofSeconds(6);

    private StandbyLeaderRules() {}

    /** {@code standby_cluster} was set on a cluster that has a primary. */
    static Decision demotes(Situation s) {
        return Decision.of(
                "standby-leader.demotes-primary",
                "standby_cluster is configured: the primary stops and follows "
                        + remote(s).described(),
                s.memory(),
                new Action.Start(new Operation.DemoteCluster()));
    }

    static Decision leads(Situation s, LocalServer.Answer.Standby standby) {
        Optional<Decision> request = StepDownRules.answersRequest(s);
        if (request.isPresent()) {
            return request.get();
        }
        StandbyTarget target = Following.target(s);
        if (!s.followsTarget()) {
            return s.reached(s.memory().rejoin().retryAtNanos())
                    ? Decision.of(
                            "standby-leader.follows-remote",
                            "following " + target.described() + " now",
                            s.memory(),
                            new Action.Start(new Operation.Follow(target)))
                    : Decision.of(
                                    "standby-leader.waits-to-retry",
                                    "following " + target.described() + " failed a moment ago",
                                    s.memory())
                            .after(Duration.ofMillis(500));
        }
        boolean streams = standby.receiver().filter(LocalServer.Receiver::streaming).isPresent();
        OptionalLong since = s.memory().rejoin().stalledSinceNanos();
        if (streams || since.isEmpty() || s.since(since.getAsLong()).compareTo(PATIENCE) <= 0) {
            return holds(s, "");
        }
        String stalled =
                "; nothing is received from "
                        + target.described()
                        + " since "
                        + s.since(since.getAsLong()).toSeconds()
                        + " s";
        return s.paused()
                ? holds(s, stalled)
                : RejoinRules.behindRemote(s, stalled).orElseGet(() -> holds(s, stalled));
    }

    /** A stopped holder: another member may take over if it can't be started. */
    static Decision recovers(Situation s, LocalServer.ControlData control) {
        if (!s.reached(s.memory().rejoin().retryAtNanos())) {
            return Decision.of(
                            "standby-leader.waits-to-start",
                            s.memory().rejoin().failedStarts() + " starts failed",
                            s.memory())
                    .after(Duration.ofMillis(500));
        }
        Optional<Decision> handOver =
                s.memory().rejoin().failedStarts() > 0
                        ? RecoveryRules.handOver(s, "the server can't be started")
                        : Optional.empty();
        return handOver.orElseGet(() -> RejoinRules.startsAgain(s, control));
    }

    /** An operator wants another member to lead: nothing is written here, so nothing must stop. */
    static Decision handsOver(Situation s, String why) {
        return StepDownRules.givesAway(s, "standby-leader.hands-over", why, Optional.empty());
    }

    private static StandbyTarget remote(Situation s) {
        StandbyCluster remote = s.settings().standbyCluster().orElseThrow();
        return RemoteSource.target(s.self(), remote);
    }

    private static Decision holds(Situation s, String stalled) {
        return Decision.of(
                "standby-leader.holds-lock",
                "no action. I am (" + s.me() + "), the standby leader with the lock" + stalled,
                s.memory());
    }
}
