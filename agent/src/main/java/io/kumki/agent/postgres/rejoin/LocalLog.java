package io.kumki.agent.postgres.rejoin;

import io.kumki.agent.ha.LocalServer.ClusterState;
import io.kumki.agent.postgres.ControlFile;
import io.kumki.dcs.cluster.Lsn;
import java.util.Optional;

/**
 * Where the local log ends.
 *
 * @param end last replayed position of a standby, else the last checkpoint's position
 * @param standby whether that much was replayed; a primary wrote it itself
 * @param shutdownCheckpoint {@link #end} is where a shutdown checkpoint record begins
 */
record LocalLog(
        String systemIdentifier,
        int timeline,
        Lsn end,
        boolean standby,
        boolean shutdownCheckpoint) {

    /**
     * What the control file of a server that doesn't run tells; empty if its log has no known end.
     */
    static Optional<LocalLog> of(ControlFile control) {
        ClusterState state = control.state();
        boolean recovered =
                state == ClusterState.SHUT_DOWN_IN_RECOVERY
                        || state == ClusterState.IN_ARCHIVE_RECOVERY;
        String system = control.systemIdentifier();
        if (recovered
                && !control.minRecoveryEnd().isZero()
                && control.minRecoveryEndTimeline() > 0) {
            return Optional.of(
                    new LocalLog(
                            system,
                            control.minRecoveryEndTimeline(),
                            control.minRecoveryEnd(),
                            true,
                            false));
        }
        return recovered || state == ClusterState.SHUT_DOWN
                ? Optional.of(
                        new LocalLog(
                                system, control.timeline(), control.checkpointLsn(), false, true))
                : Optional.empty();
    }
}
