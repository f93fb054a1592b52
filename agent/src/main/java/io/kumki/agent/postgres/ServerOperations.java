package io.kumki.agent.postgres;

import io.kumki.agent.config.BootstrapConfig;
import io.kumki.agent.config.PostgresConfig;
import io.kumki.agent.ha.LocalServer;
import io.kumki.agent.ha.PermanentSlot;
import io.kumki.agent.ha.StandbyTarget;
import io.kumki.agent.ha.Upstream;
import io.kumki.agent.postgres.ConfigFiles.Role;
import io.kumki.agent.postgres.PostgresServer.ShutdownListener;
import io.kumki.agent.postgres.PostgresServer.StopMode;
import io.kumki.agent.postgres.ServerProcess.Signal;
import io.kumki.agent.postgres.ServerStarter.Started;
import io.kumki.agent.postgres.rejoin.DataRemoval;
import io.kumki.agent.postgres.rejoin.UnfinishedMarker;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The parts of the local server, put together; blocking calls. */
final class ServerOperations {

    private static final Logger LOG = LoggerFactory.getLogger(ServerOperations.class);

    /** A statement of the turn must not outlast the turn. */
    private static final Duration STATEMENT_LIMIT = Duration.ofSeconds(2);

    /**
     * A restart's own limit is for its start: the stop isn't cut short for it. One that never ends
     * is, since the same server goes on where it was, after a recovery.
     */
    private static final Duration RESTART_STOP = Duration.ofMinutes(5);

    private final Installation installation;
    private final ServerProcess process;
    private final ConfigFiles files;
    private final Heartbeat heartbeat;
    private final Heartbeat work;
    private final Heartbeat slotConnection;
    private final WalPosition walPosition;
    private final ServerObserver observer;
    private final HealthWatch health;
    private final ServerWatch watch;
    private final ServerStopper stopper;
    private final ServerStarter starter;
    private final ServerPromoter promoter;
    private final Following following;
    private final ServerConfiguration configuration;
    private final Bootstrapper bootstrapper;
    private final SlotReconciler slots;
    private final Callbacks callbacks;
    private final RejoinOperations rejoin;

    ServerOperations(PostgresConfig config) {
        installation = new Installation(config);
        process = new ServerProcess(installation);
        files = new ConfigFiles(installation);
        heartbeat = new Heartbeat(installation, "heartbeat", STATEMENT_LIMIT);
        work = new Heartbeat(installation, "configuration", STATEMENT_LIMIT);
        slotConnection = new Heartbeat(installation, "slots", SlotReconciler.STATEMENT_LIMIT);
        walPosition =
                new WalPosition(
                        process,
                        new Heartbeat(installation, "position", WalPosition.STATEMENT_LIMIT));
        health = new HealthWatch(installation, System::nanoTime, InstantSource.system());
        watch = new ServerWatch(process);
        Orphans orphans = new Orphans(installation, process);
        stopper = new ServerStopper(installation, process, orphans);
        starter = new ServerStarter(installation, process, files, stopper);
        promoter = new ServerPromoter(installation, process, heartbeat, stopper);
        following = new Following(installation, files);
        callbacks = new Callbacks(installation::config);
        configuration =
                new ServerConfiguration(installation, process, files, work, callbacks::reloaded);
        observer =
                new ServerObserver(
                        installation,
                        process,
                        orphans,
                        files,
                        heartbeat,
                        UnfinishedMarker::read,
                        configuration::pendingRestart);
        bootstrapper =
                new Bootstrapper(
                        installation, starter, new CustomBootstrap(installation, starter, stopper));
        rejoin =
                new RejoinOperations(
                        installation,
                        this::stop,
                        () -> observer.observeWithoutQuery().postmaster());
        slots = new SlotReconciler(installation, process, slotConnection);
    }

    LocalServer observe() throws IOException {
        rejoin.look();
        LocalServer seen =
                health.examined(observer.observe())
                        .withClientsHeldOff(configuration.clientsHeldOff());
        if (seen.clientsHeldOff() && observer.shutOut()) {
            LOG.atError()
                    .addKeyValue(
                            "remedy",
                            "give the superuser a line of his own in pg_hba.conf, by his name")
                    .log(
                            "the access file that holds clients off holds off this agent too, so"
                                    + " nobody could ever let them in: it is put back at once");
            configuration.admitClients();
        }
        return seen;
    }

    LocalServer observeWithoutQuery() {
        return health.remembered(observer.observeWithoutQuery())
                .withClientsHeldOff(configuration.clientsHeldOff());
    }

    void clusterIs(String systemIdentifier) {
        health.clusterIs(systemIdentifier);
    }

    WalPosition walPosition() {
        return walPosition;
    }

    ServerWatch watch() {
        return watch;
    }

    RejoinOperations rejoin() {
        return rejoin;
    }

    SlotReconciler slots() {
        return slots;
    }

    Callbacks callbacks() {
        return callbacks;
    }

    List<String> parameterProblems() {
        return installation.parameterProblems();
    }

    ServerConfiguration configuration() {
        return configuration;
    }

    OperationResult bootstrap(BootstrapConfig bootstrap, Cancellation cancellation)
            throws IOException, InterruptedException {
        return bootstrapper.bootstrap(bootstrap, cancellation);
    }

    OperationResult afterBootstrap(BootstrapConfig bootstrap, Cancellation cancellation)
            throws IOException, InterruptedException {
        OperationResult done = bootstrapper.afterBootstrap(bootstrap, cancellation);
        if (done.done()) {
            configuration.catchUp();
        }
        return done;
    }

    OperationResult discardFailedBootstrap() throws IOException, InterruptedException {
        OperationResult stopped = stop(StopMode.IMMEDIATE, Optional.empty(), ShutdownListener.NONE);
        if (!stopped.done()) {
            return stopped;
        }
        bootstrapper.discard();
        String what = DataRemoval.setAsideOrRemove(installation.dataDir());
        UnfinishedMarker.end(installation.dataDir());
        return new OperationResult.Done(what);
    }

    OperationResult startAsPrimary(Duration limit, Cancellation cancellation)
            throws IOException, InterruptedException {
        return start(new Role.Primary(), limit, cancellation);
    }

    OperationResult startAsStandby(StandbyTarget target, Duration limit, Cancellation cancellation)
            throws IOException, InterruptedException {
        return startAsStandby(target, List.of(), limit, cancellation);
    }

    OperationResult startOnTimeline(
            int timeline, StandbyTarget target, Duration limit, Cancellation cancellation)
            throws IOException, InterruptedException {
        List<String> last = List.of("--recovery_target_timeline=" + timeline);
        return startAsStandby(target, last, limit, cancellation);
    }

    private OperationResult startAsStandby(
            StandbyTarget target, List<String> arguments, Duration limit, Cancellation cancellation)
            throws IOException, InterruptedException {
        Role role = new Role.Standby(following.settings(target));
        OperationResult result = start(role, arguments, limit, cancellation);
        following.wrote(target);
        return result;
    }

    private OperationResult start(Role role, Duration limit, Cancellation cancellation)
            throws IOException, InterruptedException {
        return start(role, List.of(), limit, cancellation);
    }

    private OperationResult start(
            Role role, List<String> arguments, Duration limit, Cancellation cancellation)
            throws IOException, InterruptedException {
        closeConnections();
        Started started = starter.start(role, arguments, limit, cancellation);
        health.startedAnew();
        configuration.setPendingRestart(started.pendingRestart());
        return started.result();
    }

    OperationResult stop(StopMode mode, Optional<Duration> limit, ShutdownListener shutDown)
            throws InterruptedException {
        OperationResult stopped = stopper.stop(mode, limit, shutDown);
        if (stopped.done() && !stopped.equals(ServerStopper.NOT_RUNNING)) {
            callbacks.stopped();
        }
        return stopped;
    }

    /** A stop that a start follows at once isn't told. */
    private OperationResult stopToRestart(Duration limit) throws InterruptedException {
        return stopper.stop(StopMode.FAST, Optional.of(limit), ShutdownListener.NONE);
    }

    OperationResult restart(Duration limit, Cancellation cancellation)
            throws IOException, InterruptedException {
        Duration stopLimit = limit.compareTo(RESTART_STOP) < 0 ? RESTART_STOP : limit;
        OperationResult stopped = stopToRestart(stopLimit);
        if (!stopped.done()) {
            return stopped;
        }
        return cancellation.cancelled()
                ? new OperationResult.Cancelled()
                : start(new Role.Unchanged(), limit, cancellation);
    }

    /** Reads first: if there is nothing to copy the server isn't stopped. */
    OperationResult copySlots(
            Upstream primary,
            SortedMap<String, PermanentSlot.Logical> wanted,
            StandbyTarget target,
            Duration limit,
            Cancellation cancellation)
            throws IOException, InterruptedException {
        SlotCopy copy = new SlotCopy(installation);
        Optional<OperationResult> refusal = copy.prepare(primary, wanted);
        if (refusal.isPresent()) {
            return refusal.get();
        }
        if (cancellation.cancelled()) {
            return new OperationResult.Cancelled();
        }
        OperationResult stopped = stopToRestart(limit);
        if (!stopped.done()) {
            return stopped;
        }
        String copied = copy.write();
        OperationResult started = startAsStandby(target, limit, cancellation);
        return started.done() ? new OperationResult.Done(copied) : started;
    }

    OperationResult promote(Duration limit, Cancellation cancellation)
            throws IOException, InterruptedException {
        return promoter.promote(limit, cancellation);
    }

    OperationResult follow(StandbyTarget target) throws IOException, InterruptedException {
        RecoverySettings settings = following.settings(target);
        Optional<ProcessIdentity> server = process.postmaster();
        Duration limit = installation.config().pgCtlTimeout();
        if (server.isEmpty()) {
            return startAsStandby(target, limit, new Cancellation());
        }
        if (following.needsRestart(settings, observer.lastReading())) {
            OperationResult stopped = stopToRestart(limit);
            if (!stopped.done()) {
                return stopped;
            }
            OperationResult started = startAsStandby(target, limit, new Cancellation());
            if (started.done()) {
                callbacks.unlessRoleChanges("on_restart", target.remote());
            }
            return started;
        }
        files.write(installation.parameters(), new Role.Standby(settings));
        following.wrote(target);
        if (!process.signal(server.get(), Signal.HUP)) {
            return new OperationResult.Failed("the server can't be told to reload");
        }
        callbacks.unlessRoleChanges("on_reload", target.remote());
        return new OperationResult.Done("told by reload");
    }

    boolean follows(StandbyTarget target) {
        return following.follows(target, observer.lastReading());
    }

    OperationResult resumeReplay() {
        try (Connection connection =
                        PgConnections.open(
                                PgConnections.Target.local(installation.config(), "replay"),
                                STATEMENT_LIMIT);
                Statement statement = connection.createStatement()) {
            statement.execute("SELECT pg_catalog.pg_wal_replay_resume()");
            return new OperationResult.Done("replay resumed");
        } catch (SQLException e) {
            return new OperationResult.Failed("replay can't be resumed: " + e.getMessage());
        }
    }

    OperationResult checkpoint() {
        try (Connection connection =
                        PgConnections.open(
                                PgConnections.Target.local(installation.config(), "checkpoint"),
                                Duration.ZERO);
                Statement statement = connection.createStatement()) {
            statement.execute("CHECKPOINT");
            return new OperationResult.Done("checkpoint complete");
        } catch (SQLException e) {
            return new OperationResult.Failed("CHECKPOINT failed: " + e.getMessage());
        }
    }

    private void closeConnections() {
        heartbeat.close();
        work.close();
        slotConnection.close();
    }

    void close() {
        watch.close();
        callbacks.close();
        closeConnections();
    }
}
