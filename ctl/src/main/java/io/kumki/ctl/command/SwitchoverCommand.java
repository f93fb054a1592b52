package io.kumki.ctl.command;

import io.kumki.ctl.console.CtlException;
import io.kumki.ctl.output.Timestamps;
import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.MemberName;
import java.time.OffsetDateTime;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Hands leadership from the healthy leader to another member. */
@Command(name = "switchover", description = "Hand leadership over to another member.")
final class SwitchoverCommand extends LeaderChange {

    @Option(
            names = {"--leader", "--primary"},
            paramLabel = "NAME",
            description = "the present leader")
    private @Nullable String leader;

    @Option(names = "--scheduled", paramLabel = "TIME", description = "when, or \"now\"")
    private @Nullable String scheduled;

    @Override
    String action() {
        return "switchover";
    }

    @Override
    Optional<MemberName> leader(ClusterView view, String clusterName) {
        MemberName present =
                view.leader().orElseThrow(() -> new CtlException("This cluster has no leader"));
        String wanted = leader;
        if (wanted == null) {
            String label =
                    settings(view).standbyCluster().isPresent() ? "Standby Leader" : "Primary";
            wanted = force ? present.value() : console().prompt(label, present.value());
        }
        if (!present.value().equals(wanted)) {
            throw new CtlException(
                    "Member " + wanted + " is not the leader of cluster " + clusterName);
        }
        return Optional.of(present);
    }

    @Override
    void checkCandidate(ClusterView view, Optional<MemberName> chosen) {
        // a switchover may leave the choice to the members
    }

    @Override
    Optional<OffsetDateTime> time(ClusterView view) {
        return ScheduledTime.of(session(), scheduled, "switchover", force, settings(view).pause());
    }

    @Override
    void confirm(ClusterView view, String clusterName, Wish wish) {
        String demoting = wish.leader().map(name -> ", demoting current leader " + name).orElse("");
        Optional<OffsetDateTime> time = wish.time();
        String question =
                time.isPresent()
                        ? "Are you sure you want to schedule switchover of cluster %s at %s%s?"
                                .formatted(clusterName, Timestamps.iso(time.get()), demoting)
                        : "Are you sure you want to switchover cluster %s%s?"
                                .formatted(clusterName, demoting);
        if (!console().confirm(question)) {
            throw new CtlException(
                    time.isPresent() ? "Aborting scheduled switchover" : "Aborting switchover");
        }
    }
}
