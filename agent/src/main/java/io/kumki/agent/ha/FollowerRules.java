package io.kumki.agent.ha;

import java.time.Duration;
import java.util.Optional;

/** Another member leads, and the own server is up. */
final class FollowerRules {

    private FollowerRules() {}

    static Optional<Decision> decide(Situation s) {
        if (!s.otherLeads()) {
            return Optional.empty();
        }
        return Optional.of(
                switch (s.server().answer().orElse(null)) {
                    case null ->
                            Decision.of(
                                    "follower.server-silent",
                                    "the server runs but didn't answer in time",
                                    s.memory());
                    case LocalServer.Answer.Primary _ ->
                            Decision.of(
                                    "pause.primary-without-lock",
                                    "maintenance mode: a second primary goes on although "
                                            + s.cluster().leader().orElseThrow()
                                            + " holds the leader key",
                                    s.memory());
                    case LocalServer.Answer.Standby standby -> standby(s, standby);
                });
    }

    private static Decision standby(Situation s, LocalServer.Answer.Standby standby) {
        StandbyTarget target = Following.target(s.self(), s.cluster());
        if (target.upstream().isEmpty()) {
            return Decision.of(
                    "follower.nobody-to-stream-from",
                    s.self().tags().nostream()
                            ? "tagged nostream"
                            : "the leader publishes no address: the last upstream stays",
                    s.memory());
        }
        if (!s.followsTarget() && !s.reached(s.memory().rejoin().retryAtNanos())) {
            return Decision.of(
                            "follower.waits-to-retry",
                            "following " + target.upstream().get() + " failed a moment ago",
                            s.memory())
                    .after(Duration.ofMillis(500));
        }
        if (!s.followsTarget()) {
            return Decision.of(
                    "follower.changes-upstream",
                    "following " + target.upstream().get() + " now",
                    s.memory(),
                    new Action.Start(new Operation.Follow(target)));
        }
        boolean streams = standby.receiver().filter(LocalServer.Receiver::streaming).isPresent();
        if (streams) {
            return Decision.of(
                    "follower.streams",
                    "no action. I am ("
                            + s.me()
                            + "), a secondary, and following a leader ("
                            + s.cluster().leader().orElseThrow()
                            + ")",
                    s.memory());
        }
        return RejoinRules.stalled(s);
    }
}
