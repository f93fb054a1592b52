package io.kumki.agent.ha;

import io.kumki.dcs.cluster.Lsn;
import java.time.Duration;
import java.util.Optional;

/**
 * A standby that neither receives nor replays anything while it is known to lack something that its
 * leader has. A leader that writes nothing keeps nobody waiting, so it makes no standstill; nor do
 * a replay that was paused or is delayed on purpose, and the tag {@code nostream}.
 *
 * @param received position when it last moved
 * @param replayed position when it last moved
 * @param sinceNanos since when both are unchanged and the leader is ahead
 * @param seenNanos when that was last seen: what wasn't looked at doesn't count
 */
public record Standstill(Lsn received, Lsn replayed, long sinceNanos, long seenNanos) {

    /** What a turn shows; empty if this member doesn't stand still. */
    static Optional<Standstill> look(Situation s) {
        return lacking(s)
                .map(standby ->
                        s.memory()
                                .standstill()
                                .filter(before -> before.matches(standby))
                                .map(before -> before.seen(s.nowNanos()))
                                .orElseGet(() ->
                                        new Standstill(
                                                standby.receivedLsn(),
                                                standby.replayedLsn(),
                                                s.nowNanos(),
                                                s.nowNanos())));
    }

    private Standstill seen(long nanos) {
        return new Standstill(received, replayed, sinceNanos, nanos);
    }

    /**
     * For how long; empty as soon as this situation's look at the server shows another position.
     */
    public static Optional<Duration> lasting(Situation s) {
        return lacking(s)
                .flatMap(standby -> s.memory().standstill().filter(still -> still.matches(standby)))
                .map(still -> Duration.ofNanos(still.seenNanos() - still.sinceNanos()));
    }

    private boolean matches(LocalServer.Answer.Standby standby) {
        return standby.receivedLsn().equals(received) && standby.replayedLsn().equals(replayed);
    }

    /** This member as a standby, if its leader has published a position beyond its own. */
    private static Optional<LocalServer.Answer.Standby> lacking(Situation s) {
        return s.server()
                .answer()
                .filter(LocalServer.Answer.Standby.class::isInstance)
                .map(LocalServer.Answer.Standby.class::cast)
                .filter(standby -> s.otherLeads() && !s.self().tags().nostream())
                .filter(standby -> !standby.replayPaused() && !standby.delayed())
                .filter(standby -> leaderPosition(s).compareTo(standby.position()) > 0);
    }

    /** As the leader has published it; zero if it hasn't. */
    public static Lsn leaderPosition(Situation s) {
        return s.cluster().status().leaderLsn().orElse(Lsn.ZERO);
    }
}
