package io.kumki.agent.node;

import io.kumki.dcs.cluster.ClusterSettings.Timing;
import io.kumki.restapi.WatchdogMetrics;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What ends the server if this agent doesn't when the lease runs out. Called on the loop's context.
 */
public interface Guard {

    /** No guard. */
    Guard NONE =
            new Guard() {
                @Override
                public void armed(long untilNanos, Timing timing) {}

                @Override
                public void idle() {}

                @Override
                public void end() {}

                @Override
                public Optional<String> missing() {
                    return Optional.empty();
                }
            };

    /**
     * The lead is proven up to here, and the server may write that long.
     *
     * @param untilNanos on the loop's clock
     * @param timing the lease's length, and how often it is renewed
     */
    void armed(long untilNanos, Timing timing);

    /**
     * As {@link #armed}, of a leader that doesn't write, which is that of a standby cluster: left
     * behind its lease, its server keeps the one slot at the remote from the next leader, but the
     * machine needn't be reset for that.
     */
    default void armedAsReader(long untilNanos, Timing timing) {
        idle();
    }

    /** The server doesn't write, or a person looks after it. */
    void idle();

    /** This agent ends in good order. */
    void end();

    /** Why this member must not be promoted now. */
    Optional<String> missing();

    /** Times may change while nothing is proven. */
    default void timing(Timing timing) {}

    /** Why its server must not go on as a primary either. */
    default Optional<String> unguarded() {
        return Optional.empty();
    }

    /** When the machine is reset unless {@link #armed} is told of a later proof before. */
    default OptionalLong resetAtNanos() {
        return OptionalLong.empty();
    }

    /** It can't be told of later proofs any more: better to begin anew as soon as nobody writes. */
    default boolean failing() {
        return false;
    }

    /** The machine's watchdog; empty if it is switched off. */
    default Optional<WatchdogMetrics> watchdog() {
        return Optional.empty();
    }
}
