package io.kumki.ctl.command;

import io.kumki.ctl.console.CtlException;
import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.MemberName;
import java.time.OffsetDateTime;
import java.util.Optional;
import picocli.CommandLine.Command;

/** Makes a named member the leader, whether or not there is one. */
@Command(name = "failover", description = "Make a member the leader, even without a healthy one.")
final class FailoverCommand extends LeaderChange {

    @Override
    String action() {
        return "failover";
    }

    @Override
    Optional<MemberName> leader(ClusterView view, String clusterName) {
        return Optional.empty();
    }

    @Override
    Optional<OffsetDateTime> time(ClusterView view) {
        return Optional.empty();
    }

    @Override
    void checkCandidate(ClusterView view, Optional<MemberName> chosen) {
        MemberName candidate =
                chosen.orElseThrow(() ->
                        new CtlException(
                                "Failover could be performed only to a specific" + " candidate"));
        boolean asynchronous = synchronous(view) && !view.sync().names(candidate);
        if (asynchronous
                && !force
                && !console()
                        .confirm(
                                "Are you sure you want to failover to the asynchronous node "
                                        + candidate
                                        + "?")) {
            throw new CtlException("Aborting failover");
        }
    }

    @Override
    void confirm(ClusterView view, String clusterName, Wish wish) {
        String demoting = view.leader().map(name -> ", demoting current leader " + name).orElse("");
        if (!console()
                .confirm(
                        "Are you sure you want to failover cluster "
                                + clusterName
                                + demoting
                                + "?")) {
            throw new CtlException("Aborting failover");
        }
    }
}
