package io.kumki.agent.node;

import java.time.Duration;
import java.util.Optional;

/**
 * What ends the server if this agent doesn't when the lease runs out. Called on the loop's context.
 */
public interface Guard {

    /** No guard. */
    Guard NONE =
            new Guard() {
                @Override
                public void armed(long untilNanos, Duration ttl) {}

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
     * @param ttl the lease's length
     */
    void armed(long untilNanos, Duration ttl);

    /** The server doesn't write, or a person looks after it. */
    void idle();

    /** This agent ends in good order. */
    void end();

    /** Why this member must not be promoted now. */
    Optional<String> missing();
}
