package io.kumki.agent.ha;

import java.util.Optional;

/** The system identifier guards that a data directory of another cluster never takes part. */
final class IdentityRules {

    private IdentityRules() {}

    static Optional<Decision> leavesForeignCluster(Situation s) {
        Optional<String> cluster = s.cluster().systemIdentifier();
        Optional<String> own = s.server().control().map(LocalServer.ControlData::systemIdentifier);
        if (cluster.isEmpty() || own.isEmpty() || cluster.equals(own) || s.etcdSilent()) {
            return Optional.empty();
        }
        String reason =
                "the data directory's system identifier is "
                        + own.get()
                        + ", the cluster's is "
                        + cluster.get()
                        + ": it belongs to another cluster; nothing was touched. Point this member to an empty data directory,"
                        + " or remove the cluster from the store if that one is stale";
        if (s.iHoldKey()) {
            return Optional.of(
                    Decision.of(
                                    "identity.foreign-data-gives-up-lead",
                                    reason,
                                    s.memory(),
                                    new Action.ReleaseLeadership(Optional.empty()))
                            .atOnce());
        }
        return Optional.of(
                s.paused()
                        ? Decision.of("identity.foreign-data-in-pause", reason, s.memory())
                        : Decision.of(
                                "identity.foreign-data",
                                reason,
                                s.memory(),
                                new Action.Exit(reason, Action.ExitKind.FATAL)));
    }

    /**
     * A store that knows no cluster, and a data directory that is one: the primary's member
     * introduces it.
     */
    static Optional<Decision> recordsMissingIdentifier(Situation s) {
        if (s.cluster().systemIdentifier().isPresent()
                || s.server().control().isEmpty()
                || s.ongoing().isPresent()
                || s.paused()
                || !(s.memory().bootstrap() instanceof Memory.BootstrapStage.None)
                || s.otherLeads()) {
            return Optional.empty();
        }
        LocalServer.ControlData control = s.server().control().get();
        boolean wasStandby =
                s.server().answer().isPresent() ? s.server().standby() : control.standbySignal();
        // a standby cluster has nothing but standbys
        boolean ofStandbyCluster = s.followsRemote() && s.cluster().initialize().isEmpty();
        if (wasStandby && !s.iHoldKey() && !ofStandbyCluster) {
            return Optional.of(
                    Decision.of(
                            "identity.standby-waits-for-primary",
                            "the store knows no cluster, and this data directory is a standby's: start the member with the"
                                    + " primary first",
                            s.memory()));
        }
        if (s.cluster().initialize().isPresent()) {
            return Optional.empty();
        }
        return Optional.of(
                Decision.of(
                                "identity.introduces-cluster",
                                "the store knows no cluster; this data directory's identifier is "
                                        + control.systemIdentifier(),
                                s.memory(),
                                new Action.RecordIdentifier(control.systemIdentifier(), true))
                        .atOnce());
    }
}
