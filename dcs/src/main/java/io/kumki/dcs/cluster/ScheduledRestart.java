package io.kumki.dcs.cluster;

import java.util.Optional;
import java.util.OptionalInt;

/**
 * A restart that waits for its time.
 *
 * @param schedule ISO 8601 with offset, as entered
 * @param postmasterStartTime the server's start time when the restart was scheduled; another one
 *     voids it
 */
public record ScheduledRestart(
        String schedule, Optional<String> postmasterStartTime, Conditions conditions) {

    /**
     * Conditions that must hold for a restart to take place; absent ones always hold.
     *
     * @param role only if the member has this role ({@code primary}, {@code standby_leader}, {@code
     *     replica})
     * @param postgresVersion only if the running server is older than this version, such as {@code
     *     15.4}
     * @param timeoutSeconds how long the start may take before a leader gives up its key
     * @param restartPending only if a restart is pending
     */
    public record Conditions(
            Optional<String> role,
            Optional<String> postgresVersion,
            OptionalInt timeoutSeconds,
            boolean restartPending) {

        public static final Conditions NONE =
                new Conditions(Optional.empty(), Optional.empty(), OptionalInt.empty(), false);
    }
}
