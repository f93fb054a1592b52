package io.kumki.ctl.command;

import java.util.Optional;
import java.util.SortedMap;
import picocli.CommandLine.Command;

/** Makes a standby cluster a cluster that takes writes. */
@Command(name = "promote-cluster", description = "Let a standby cluster take writes.")
final class PromoteClusterCommand extends ClusterRoleSwitch {

    @Override
    String verb() {
        return "promote";
    }

    @Override
    String noun() {
        return "promotion";
    }

    @Override
    String wantedRole() {
        return "primary";
    }

    @Override
    boolean formerLeaderComesBack() {
        return false;
    }

    @Override
    Optional<SortedMap<String, Object>> remote() {
        return Optional.empty();
    }
}
