package io.kumki.ctl.command;

import picocli.CommandLine.Command;

/** Ends a pause. */
@Command(name = "resume", description = "End a pause: the agents take over again.")
final class ResumeCommand extends PauseSwitch {

    @Override
    boolean pausing() {
        return false;
    }
}
