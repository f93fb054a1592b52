package io.kumki.ctl.command;

import io.kumki.ctl.console.Console;
import io.kumki.ctl.console.CtlException;
import io.kumki.ctl.members.MemberTable;
import io.kumki.ctl.members.MemberTable.Style;
import io.kumki.ctl.output.OutputFormat;
import io.kumki.ctl.session.ClusterAccess;
import io.kumki.dcs.WriteOutcome;
import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.MemberName;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Deletes all keys of a cluster; always asks. */
@Command(name = "remove", description = "Remove a cluster from the store.")
final class RemoveCommand extends ClusterCommand {

    @Parameters(paramLabel = "CLUSTER_NAME")
    private String name = "";

    @Option(
            names = {"-f", "--format"},
            paramLabel = "FORMAT",
            description = "${COMPLETION-CANDIDATES}")
    private OutputFormat format = OutputFormat.pretty;

    @Override
    public Integer call() {
        if (groupMissing()) {
            throw groupNeeded();
        }
        try (ClusterAccess cluster = open(name, chosenGroup())) {
            ClusterView view = cluster.read();
            print(MemberTable.format(cluster, view, Style.of(format), false));
            confirm(view);
            WriteOutcome outcome = cluster.write(cluster.store().deleteCluster());
            if (outcome instanceof WriteOutcome.Rejected(String reason)) {
                throw new CtlException("the store refused to delete the cluster: " + reason);
            }
            return DONE;
        }
    }

    private void confirm(ClusterView view) {
        Console console = console();
        if (!console.prompt("Please confirm the cluster name to remove").equals(name)) {
            throw new CtlException("Cluster names specified do not match");
        }
        String aware =
                console.prompt(
                        "You are about to remove all information in DCS for "
                                + name
                                + ", please type: \"Yes I am aware\"");
        if (!aware.equals("Yes I am aware")) {
            throw new CtlException("You did not exactly type \"Yes I am aware\"");
        }
        Optional<MemberName> leader = view.leader();
        if (leader.isPresent()
                && !console.prompt(
                                "This cluster currently is healthy. Please specify the leader name"
                                        + " to continue")
                        .equals(leader.get().value())) {
            throw new CtlException("You did not specify the current leader of the cluster");
        }
    }
}
