package io.kumki.agent.postgres;

import io.kumki.agent.ha.LocalServer.ClusterState;
import io.kumki.agent.postgres.PostgresServer.ShutdownListener;
import io.kumki.agent.postgres.PostgresServer.StopMode;
import io.kumki.agent.postgres.ServerProcess.Signal;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stops the server.
 *
 * <ol>
 *   <li>CHECKPOINT while it still serves, so that the shutdown's own one is short; {@code
 *       before_stop}.
 *   <li>The signal of the mode.
 *   <li>As soon as the control file says "shut down", the listener learns the last position: the
 *       postmaster may still wait for its WAL senders.
 *   <li>Past the limit: immediate shutdown for as long again; then kill with all descendants. A
 *       postmaster that doesn't react keeps its sessions committing, so an immediate shutdown that
 *       misses its limit goes straight to the kill.
 * </ol>
 *
 * A postmaster that died alone left its sessions committing: they are killed, and the server isn't
 * stopped before the last one has ended.
 *
 * <p>The limit counts from after the checkpoint: {@code before_stop} has half of it, not time of
 * its own.
 */
final class ServerStopper {

    private static final Logger LOG = LoggerFactory.getLogger(ServerStopper.class);

    /** Nothing had to be done. */
    static final OperationResult NOT_RUNNING = new OperationResult.Done("not running");

    private static final Duration STEP = Duration.ofMillis(5);

    /** A script that runs longer than this before a stop is in the way of every failover. */
    private static final Duration SCRIPT_LIMIT = Duration.ofMinutes(5);

    /** An immediate shutdown needs milliseconds; a second time-out this short only ends hangs. */
    private static final Duration IMMEDIATE_LIMIT = Duration.ofSeconds(10);

    private final Installation installation;
    private final ServerProcess process;
    private final Orphans orphans;
    private final LastRecord lastRecord;

    ServerStopper(Installation installation, ServerProcess process, Orphans orphans) {
        this.installation = installation;
        this.process = process;
        this.orphans = orphans;
        this.lastRecord = new LastRecord(installation);
    }

    OperationResult stop(StopMode mode, Optional<Duration> limit, ShutdownListener shutDown)
            throws InterruptedException {
        Optional<ProcessIdentity> running = process.postmaster();
        if (running.isEmpty()) {
            return withoutOrphans(NOT_RUNNING);
        }
        ProcessIdentity server = running.get();
        Deadline whole = Deadline.in(Duration.ofDays(365));
        if (mode == StopMode.FAST && process.accepting()) {
            checkpoint(limit.orElse(Duration.ZERO));
        }
        Deadline deadline = Deadline.in(limit.orElse(Duration.ofDays(365)));
        beforeStop(mode, deadline.left());
        Signal signal = mode == StopMode.IMMEDIATE ? Signal.QUIT : Signal.INT;
        if (!process.signal(server, signal) && server.alive()) {
            return new OperationResult.Failed(
                    "cannot signal the server (process " + server.pid() + "): not its owner?");
        }
        boolean told = mode == StopMode.IMMEDIATE;
        while (server.alive() && !deadline.passed()) {
            told = told || tell(shutDown);
            deadline.pause(STEP);
        }
        if (!server.alive()) {
            if (!told) {
                tell(shutDown);
            }
            return withoutOrphans(
                    new OperationResult.Done(
                            "stopped after " + whole.elapsed().toMillis() + " ms"));
        }
        LOG.atWarn()
                .addKeyValue("operation", "stop")
                .addKeyValue("pid", server.pid())
                .log("server did not stop within its limit; ending it at once");
        Duration again = mode == StopMode.IMMEDIATE ? Duration.ZERO : limit.orElse(IMMEDIATE_LIMIT);
        return end(server, again)
                ? withoutOrphans(new OperationResult.Done("stopped by force after its limit"))
                : new OperationResult.Failed("process " + server.pid() + " cannot be killed");
    }

    /** The same result if no process of the server is left, or none after they were killed. */
    private OperationResult withoutOrphans(OperationResult stopped) throws InterruptedException {
        try {
            int killed = orphans.kill(IMMEDIATE_LIMIT);
            return killed == 0
                    ? stopped
                    : new OperationResult.Done(
                            "the postmaster was gone; killed what it left: "
                                    + killed
                                    + " processes");
        } catch (IllegalStateException e) {
            return new OperationResult.Failed(String.valueOf(e.getMessage()));
        }
    }

    /** Immediate shutdown, and if that doesn't help, kill. */
    boolean end(ProcessIdentity server) throws InterruptedException {
        return end(server, IMMEDIATE_LIMIT)
                && withoutOrphans(NOT_RUNNING) instanceof OperationResult.Done;
    }

    private boolean end(ProcessIdentity server, Duration limit) throws InterruptedException {
        if (!limit.isZero()) {
            process.signal(server, Signal.QUIT);
        }
        if (!ended(server, limit.compareTo(IMMEDIATE_LIMIT) < 0 ? limit : IMMEDIATE_LIMIT)) {
            process.kill(server);
        }
        return ended(server, IMMEDIATE_LIMIT);
    }

    private static boolean ended(ProcessIdentity server, Duration limit)
            throws InterruptedException {
        Deadline deadline = Deadline.in(limit);
        while (server.alive() && !deadline.passed()) {
            deadline.pause(STEP);
        }
        return !server.alive();
    }

    /**
     * @return whether the listener was told, or there is nothing to be told any more
     */
    private boolean tell(ShutdownListener shutDown) {
        if (shutDown.equals(ShutdownListener.NONE)) {
            return true;
        }
        try {
            ControlFile control = ControlFile.read(installation.programs(), installation.dataDir());
            if (control.state() == ClusterState.SHUT_DOWN_IN_RECOVERY) {
                return true;
            }
            if (control.state() != ClusterState.SHUT_DOWN) {
                return false;
            }
            shutDown.shutDown(lastRecord.before(control));
            return true;
        } catch (IOException e) {
            LOG.atWarn()
                    .addKeyValue("error", e.getMessage())
                    .log("control file can't be read during shutdown");
            return false;
        }
    }

    /** A failure only makes the shutdown longer. */
    private void checkpoint(Duration limit) {
        try (Connection connection =
                        PgConnections.open(
                                PgConnections.Target.local(installation.config(), "checkpoint"),
                                limit);
                Statement statement = connection.createStatement()) {
            statement.execute("CHECKPOINT");
        } catch (SQLException e) {
            LOG.atWarn()
                    .addKeyValue("error", e.getMessage())
                    .log("checkpoint before stop failed; stopping anyway");
        }
    }

    private void beforeStop(StopMode mode, Duration left) {
        Optional<String> script = installation.config().scripts().beforeStop();
        if (script.isEmpty() || mode == StopMode.IMMEDIATE) {
            return;
        }
        Duration half = left.dividedBy(2);
        ProgramRun run =
                Programs.run(
                        ProgramCall.of(ShellWords.split(script.get()))
                                .within(half.compareTo(SCRIPT_LIMIT) < 0 ? half : SCRIPT_LIMIT)
                                .withoutGrace());
        if (!run.succeeded()) {
            LOG.atWarn()
                    .addKeyValue("error", run.summary())
                    .log("before_stop failed; stopping anyway");
        }
    }
}
