package io.kumki.ctl.command;

import picocli.CommandLine.Command;

/** Stops automatic failover and everything else the agents do by themselves. */
@Command(name = "pause", description = "Stop automatic failover: the operator takes over.")
final class PauseCommand extends PauseSwitch {

    @Override
    boolean pausing() {
        return true;
    }
}
