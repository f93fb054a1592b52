package io.kumki.agent.node;

import io.kumki.agent.ha.Decision;
import io.kumki.agent.ha.Durations;
import java.time.Duration;
import java.util.Optional;

/** How long the loop waits from one turn to the next. */
final class TurnPace {

    /** What a turn waits that must not follow at once. */
    static final Duration BREATH = Duration.ofMillis(200);

    /**
     * So many turns may follow each other at once; then one pause, so that a mistake can't burn the
     * machine.
     */
    private static final int MAX_TURNS_AT_ONCE = 20;

    /** A standby looks a little later than the leader, whose writes then wake it first. */
    private static final Duration FOLLOWER_DELAY = Duration.ofMillis(500);

    private final LoopClock clock;
    private int turnsAtOnce;
    private long plannedNanos;
    private long begunNanos;

    TurnPace(LoopClock clock) {
        this.clock = clock;
        this.plannedNanos = clock.nanos();
        this.begunNanos = plannedNanos;
    }

    /** A turn begins now; returns when that is. */
    long begins() {
        begunNanos = clock.nanos();
        return begunNanos;
    }

    /**
     * How long to wait after a turn.
     *
     * @param next what its decision asks for
     * @param woken something happened meanwhile
     * @param idles nothing is under way and another member leads
     * @param due when at the latest, if something has its time
     */
    Duration afterTurn(
            Decision.Next next,
            boolean woken,
            boolean idles,
            Duration loopWait,
            Optional<Duration> due) {
        turnsAtOnce = next instanceof Decision.Next.AtOnce || woken ? turnsAtOnce + 1 : 0;
        boolean breathless = turnsAtOnce > MAX_TURNS_AT_ONCE;
        if (woken && !breathless) {
            return Duration.ZERO;
        }
        Duration wait =
                switch (next) {
                    case Decision.Next.AtOnce() -> breathless ? BREATH : Duration.ZERO;
                    case Decision.Next.After(Duration delay) -> Durations.shorter(delay, loopWait);
                    case Decision.Next.LoopWait() -> untilPlanned(loopWait, idles);
                };
        if (due.isPresent()) {
            wait = Durations.shorter(wait, due.get());
        }
        return breathless && wait.isZero() ? BREATH : wait;
    }

    /** The next planned begin is one {@code loop_wait} after the last planned one. */
    private Duration untilPlanned(Duration loopWait, boolean idles) {
        long now = clock.nanos();
        long planned = plannedNanos + loopWait.toNanos();
        plannedNanos = planned - now < 0 ? now : planned;
        if (plannedNanos - now > loopWait.toNanos()) {
            plannedNanos = now + loopWait.toNanos();
        }
        Duration wait = Duration.ofNanos(plannedNanos - now);
        return idles ? wait.plus(FOLLOWER_DELAY) : wait;
    }

    /**
     * When the loop wants to turn, or did. Turns that follow each other sooner move no plan, and
     * each of them shows that the loop lives.
     */
    long planned() {
        return plannedNanos - begunNanos > 0 ? plannedNanos : begunNanos;
    }
}
