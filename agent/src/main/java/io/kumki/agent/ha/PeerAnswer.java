package io.kumki.agent.ha;

import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.Tags;

/** What a member answered when it was asked for its state. */
public sealed interface PeerAnswer {

    /**
     * It answered with positions.
     *
     * @param primary it isn't in recovery
     * @param position larger of received and replayed; zero for a primary
     * @param timeline 0 if it didn't say
     * @param watchdogFailed a watchdog that it requires isn't there
     */
    record Reached(
            boolean primary,
            String state,
            Lsn position,
            int timeline,
            Tags tags,
            boolean watchdogFailed)
            implements PeerAnswer {}

    /** It answered, but its server gave no position: it can't take over. */
    record NoPosition(String state, String role) implements PeerAnswer {}

    record Unreachable(String why) implements PeerAnswer {}
}
