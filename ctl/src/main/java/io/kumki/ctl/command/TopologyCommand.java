package io.kumki.ctl.command;

import io.kumki.ctl.members.MemberTable;
import io.kumki.ctl.members.MemberTable.Style;
import io.kumki.ctl.session.ClusterAccess;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Prints the members of clusters as a tree: who streams from whom. */
@Command(name = "topology", description = "Print the members as a tree of who streams from whom.")
final class TopologyCommand extends ClusterCommand {

    @Mixin private final WatchedClusters clusters = new WatchedClusters();

    @Override
    public Integer call() {
        clusters.forEachRound(session(), () -> clusters.names(session()).forEach(this::show));
        return DONE;
    }

    private void show(String name) {
        try (ClusterAccess cluster = open(name, chosenGroup())) {
            print(MemberTable.format(cluster, cluster.read(), Style.TOPOLOGY, false));
        }
    }
}
