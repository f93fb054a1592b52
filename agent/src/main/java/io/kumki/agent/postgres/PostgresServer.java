package io.kumki.agent.postgres;

import io.kumki.agent.config.BootstrapConfig;
import io.kumki.agent.config.PostgresConfig;
import io.kumki.agent.ha.Divergence;
import io.kumki.agent.ha.LocalServer;
import io.kumki.agent.ha.PermanentSlot;
import io.kumki.agent.ha.SlotChange;
import io.kumki.agent.ha.StandbyTarget;
import io.kumki.agent.ha.Upstream;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.TimelineHistory;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;

/**
 * The port to the local PostgreSQL server.
 *
 * <p>Futures complete on the context of the caller. Blocking work runs on virtual threads. Each
 * call has a limit of its own; failures that can be expected are values, a failed future is a
 * defect or an I/O error with a message for people. The caller runs at most one of the long
 * operations at a time ({@link #observe}, {@link #reconcileSlots} and {@link #reload} may run
 * beside one). Every operation first checks whether its goal is reached already, so that it may be
 * repeated.
 */
public interface PostgresServer {

    /**
     * Looks at data directory, process and server; answers within about two seconds whatever
     * happens.
     */
    Future<LocalServer> observe();

    /**
     * The cluster's system identifier, as the store says. Before it is told, and in data of another
     * cluster, a look for what a server died of only reads.
     */
    default void clusterIs(String systemIdentifier) {}

    /**
     * Calls {@code listener} as soon as the postmaster process has ended or the server changes to
     * accepting connections.
     */
    void onProcessChange(Runnable listener);

    /**
     * Creates a new cluster in an empty data directory (initdb or custom method) and starts it as a
     * primary. The further steps are those of {@link #afterBootstrap}.
     */
    Future<OperationResult> bootstrap(BootstrapConfig bootstrap, Cancellation cancellation);

    /** Users and {@code post_bootstrap} on the freshly started primary. */
    Future<OperationResult> afterBootstrap(BootstrapConfig bootstrap, Cancellation cancellation);

    /** Stops a failed bootstrap's server and renames its data directory to {@code NAME.failed}. */
    Future<OperationResult> discardFailedBootstrap();

    /**
     * What must be so before anything is stopped or removed for a clone: there is room for the copy
     * (done says so, or that it isn't known), and the slot of {@code follows} is reserved, so that
     * the copy can stream when it is complete. A slot that can't be reserved is only logged.
     */
    Future<OperationResult> prepareClone(Optional<Upstream> source, Optional<Upstream> follows);

    /** How far the clone that runs now has come; on any thread, doesn't block. */
    Optional<CloneProgress> cloneProgress();

    /**
     * Clones the data directory from {@code source} by the replica methods in order; removes what
     * is in the data directory first. The marker of unfinished work stands in it meanwhile.
     *
     * @param basebackupOnly ignore the configured methods
     */
    Future<OperationResult> cloneFrom(
            Optional<Upstream> source, boolean basebackupOnly, Cancellation cancellation);

    /**
     * Starts the stopped server as a primary (crash recovery, same timeline). Refused if a marker
     * of unfinished work stands.
     */
    Future<OperationResult> startAsPrimary(Duration limit, Cancellation cancellation);

    /** Starts the stopped server as a standby. Refused if a marker of unfinished work stands. */
    Future<OperationResult> startAsStandby(
            StandbyTarget target, Duration limit, Cancellation cancellation);

    /**
     * As {@link #startAsStandby}, but recovery looks for no newer timeline: a history file in the
     * archive that belongs to nobody's timeline would stop it. A server started so follows no
     * promotion before its next start.
     */
    Future<OperationResult> startOnTimeline(
            int timeline, StandbyTarget target, Duration limit, Cancellation cancellation);

    /**
     * Stops the server.
     *
     * @param shutDown told once the control file says "shut down" while the postmaster may still
     *     live: the position of the last record that standbys can have, from then on no commit can
     *     follow. Not told in {@link StopMode#IMMEDIATE}
     */
    Future<OperationResult> stop(
            StopMode mode, Optional<Duration> limit, ShutdownListener shutDown);

    /**
     * Runs {@code archive_command} for what a primary that was shut down cleanly hasn't archived,
     * its last segment included; does nothing if it doesn't archive.
     */
    Future<OperationResult> archiveEnd(Cancellation cancellation);

    /** Restarts in the role it has. */
    Future<OperationResult> restart(Duration limit, Cancellation cancellation);

    /**
     * Promotes the standby and completes when the server takes writes (not in recovery any more).
     * After a failure no promotion is pending: a server that doesn't manage within the limit is
     * stopped.
     */
    Future<OperationResult> promote(Duration limit, Cancellation cancellation);

    /**
     * Lets a running standby stream from another upstream: by reload where PostgreSQL allows it,
     * else by restart.
     */
    Future<OperationResult> follow(StandbyTarget target);

    /**
     * Whether what is set on a standby, and in force, is {@code target}; true while that can't be
     * told. Reads files, so never on the caller's thread.
     */
    Future<Boolean> follows(StandbyTarget target);

    /**
     * Compares the local log with the leader's: system identifier, timelines and their switch
     * points.
     */
    Future<Divergence> assess(Upstream leader);

    /**
     * Rewinds the stopped (or running: it is stopped first) server to {@code leader} by pg_rewind.
     */
    Future<OperationResult> rewind(Upstream leader, Cancellation cancellation);

    /**
     * Crash recovery in single-user mode, so that the data directory is cleanly shut down before a
     * rewind.
     */
    Future<OperationResult> recoverInSingleUserMode(Cancellation cancellation);

    /** Whether pg_rewind can be used here: setting, binary, control file. */
    boolean canRewind();

    /** Lets a standby replay on whose replay is paused. */
    Future<OperationResult> resumeReplay();

    /** Runs {@code CHECKPOINT} on the primary. */
    Future<OperationResult> checkpoint();

    /**
     * Whether the primary's control file already shows the timeline: a checkpoint since the
     * promotion is complete.
     */
    Future<Boolean> checkpointedOn(int timeline);

    /**
     * Copies logical slots from the primary into the standby, which is restarted for it; done if at
     * least one was copied.
     */
    Future<OperationResult> copySlots(
            Upstream primary,
            SortedMap<String, PermanentSlot.Logical> wanted,
            StandbyTarget target,
            Duration limit,
            Cancellation cancellation);

    /**
     * Logical slots of this standby, and whether a promotion now would lose nothing of each; on any
     * thread, doesn't block.
     */
    SortedMap<String, Boolean> slotsReady();

    /** Creates, drops and advances slots; a failure is logged and left for the next turn. */
    Future<Void> reconcileSlots(List<SlotChange> changes);

    /** The finished timelines of a primary, from its history file. */
    Future<TimelineHistory> history(int timeline);

    /**
     * Takes over a new configuration: writes files, reloads the server, computes what waits for a
     * restart.
     */
    Future<Void> applyConfiguration(PostgresConfig config);

    /**
     * Configured parameters that the server would refuse and so doesn't get as they are, a sentence
     * each; on any thread, doesn't block.
     */
    default List<String> parameterProblems() {
        return List.of();
    }

    /** Writes the files anew and reloads the server, as on SIGHUP. */
    Future<Void> reload();

    /** Sets {@code synchronous_standby_names}; empty removes it. */
    Future<OperationResult> setSynchronousStandbyNames(Optional<String> value);

    /**
     * From the server's next start on nobody gets in but the cluster's own roles and standbys,
     * until {@link #admitClients}, or a start as a standby. What {@link #observe} says of it
     * outlasts this process. Where it isn't possible that is logged, and done.
     */
    Future<OperationResult> holdClientsOff();

    /** Lets everybody in again who may connect by the configuration. */
    Future<OperationResult> admitClients();

    /** Calls the configured callback ({@code on_start}, …) in the background. */
    void callback(String name, String role);

    /** Ends own connections and helper processes, not the server. */
    Future<Void> close();

    /** How a server is stopped. */
    enum StopMode {
        /** Checkpoint first, then SIGINT: clean, standbys get everything. */
        FAST,
        /** SIGINT without a checkpoint before: clean, and shorter when time is short. */
        FAST_NO_CHECKPOINT,
        /** SIGQUIT: nothing is flushed, the next start recovers. */
        IMMEDIATE
    }

    /** Told during a clean stop. */
    @FunctionalInterface
    interface ShutdownListener {
        /** No position is of interest. */
        ShutdownListener NONE = _ -> {};

        /** May be called on any thread. */
        void shutDown(Lsn lastLsn);
    }
}
