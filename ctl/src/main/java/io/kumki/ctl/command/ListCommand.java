package io.kumki.ctl.command;

import io.kumki.ctl.members.MemberTable;
import io.kumki.ctl.members.MemberTable.Style;
import io.kumki.ctl.output.OutputFormat;
import io.kumki.ctl.output.Timestamps;
import io.kumki.ctl.session.ClusterAccess;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Prints the members of clusters. */
@Command(name = "list", description = "List the members of clusters.")
final class ListCommand extends ClusterCommand {

    @Mixin private final WatchedClusters clusters = new WatchedClusters();

    @Option(
            names = {"-e", "--extended"},
            description = "show all columns")
    private boolean extended;

    @Option(
            names = {"-t", "--timestamp"},
            description = "print the time first")
    private boolean timestamp;

    @Option(
            names = {"-f", "--format"},
            paramLabel = "FORMAT",
            description = "${COMPLETION-CANDIDATES}")
    private OutputFormat format = OutputFormat.pretty;

    @Override
    public Integer call() {
        clusters.forEachRound(session(), () -> clusters.names(session()).forEach(this::list));
        return DONE;
    }

    private void list(String name) {
        if (timestamp) {
            print(Timestamps.seconds(session().clock()));
        }
        try (ClusterAccess cluster = open(name, chosenGroup())) {
            print(MemberTable.format(cluster, cluster.read(), Style.of(format), extended));
        }
    }
}
