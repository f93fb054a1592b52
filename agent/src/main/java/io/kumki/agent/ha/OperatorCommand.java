package io.kumki.agent.ha;

import io.kumki.dcs.cluster.ScheduledRestart;

/** What an operator asked of this member, waiting for a turn. */
public sealed interface OperatorCommand {

    /** Restart the server now if the conditions hold. */
    record RestartNow(ScheduledRestart.Conditions conditions) implements OperatorCommand {}

    /**
     * Clone this member anew.
     *
     * @param force end a running operation first
     */
    record Reinitialize(boolean force, boolean fromLeader) implements OperatorCommand {}

    /** End this agent cleanly: hand over, stop the server. */
    record Shutdown() implements OperatorCommand {}
}
