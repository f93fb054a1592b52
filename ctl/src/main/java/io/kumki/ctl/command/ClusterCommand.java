package io.kumki.ctl.command;

import io.kumki.ctl.console.CtlException;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** A command about one cluster, or about one group of a Citus cluster. */
abstract class ClusterCommand extends CtlCommand {

    @Option(names = "--group", paramLabel = "N", description = "the Citus group")
    private @Nullable Integer group;

    /** The group of the command line. */
    OptionalInt chosenGroup() {
        return group == null ? OptionalInt.empty() : OptionalInt.of(group);
    }

    /** The group of the command line, else the one of the configuration. */
    OptionalInt ownGroup() {
        return group == null ? session().config().citusGroup() : OptionalInt.of(group);
    }

    /** Whether the operator has Citus and must say which group is meant. */
    boolean groupMissing() {
        return group == null && session().config().citusGroup().isPresent();
    }

    static CtlException groupNeeded() {
        return new CtlException("For Citus clusters the --group must me specified");
    }

    /** The group of the command line, or of an answer to the prompt for it. */
    OptionalInt requiredGroup(boolean mayAsk) {
        if (!groupMissing()) {
            return chosenGroup();
        }
        if (!mayAsk) {
            throw groupNeeded();
        }
        while (true) {
            String answer = console().prompt("Citus group");
            try {
                return OptionalInt.of(Integer.parseInt(answer.strip()));
            } catch (NumberFormatException _) {
                print("Error: '" + answer + "' is not a valid integer.");
            }
        }
    }
}
