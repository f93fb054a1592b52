package io.kumki.agent.sim;

import io.kumki.agent.node.LoopClock;
import java.time.Duration;
import java.time.Instant;

/**
 * One agent's clock: its monotonic nanoseconds have an origin of their own and run a little fast or
 * slow; its wall clock can be set.
 */
final class SimClock implements LoopClock {

    private static final Instant BEGIN = Instant.parse("2026-01-01T00:00:00Z");

    private final SimWorld world;
    private final SimWorld.Owner agent;
    private final Rate rate;

    /** A machine's clock. */
    static final class Rate {
        private final long origin;
        private final double perSecond;
        private long wallOffset;

        /**
         * @param origin what it shows when the world begins
         * @param perSecond nanoseconds it counts in a second
         */
        Rate(long origin, double perSecond) {
            this.origin = origin;
            this.perSecond = perSecond;
        }

        long at(long worldNanos) {
            return origin + (long) (worldNanos * (perSecond / 1e9));
        }

        /** How much world time passes while this clock counts {@code nanos}. */
        long worldNanos(long nanos) {
            return (long) Math.ceil(nanos * (1e9 / perSecond));
        }

        void stepWall(long nanos) {
            wallOffset += nanos;
        }
    }

    SimClock(SimWorld world, SimWorld.Owner agent, Rate rate) {
        this.world = world;
        this.agent = agent;
        this.rate = rate;
    }

    @Override
    public long nanos() {
        return rate.at(world.now());
    }

    @Override
    public Instant wall() {
        return BEGIN.plusNanos(world.now() + rate.wallOffset);
    }

    @Override
    public Timer schedule(Duration delay, Runnable task) {
        SimWorld.Event event =
                world.after(rate.worldNanos(Math.max(1, delay.toNanos())) + 1, agent, task);
        return event::cancel;
    }

    @Override
    public void execute(Runnable task) {
        world.after(0, agent, task);
    }
}
