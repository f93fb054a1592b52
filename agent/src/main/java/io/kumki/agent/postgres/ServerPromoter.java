package io.kumki.agent.postgres;

import io.kumki.agent.ha.LocalServer.ClusterState;
import io.kumki.agent.postgres.ServerProcess.Signal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Promotes the standby and waits until it takes writes.
 *
 * <p>Asked for as {@code pg_ctl promote} does: a file and a signal, so that it works without a free
 * connection. The control file tells when recovery ends; the server itself has the last word.
 */
final class ServerPromoter {

    private static final Logger LOG = LoggerFactory.getLogger(ServerPromoter.class);

    private static final Duration STEP = Duration.ofMillis(5);

    private final Installation installation;
    private final ServerProcess process;
    private final Heartbeat heartbeat;
    private final ServerStopper stopper;

    ServerPromoter(
            Installation installation,
            ServerProcess process,
            Heartbeat heartbeat,
            ServerStopper stopper) {
        this.installation = installation;
        this.process = process;
        this.heartbeat = heartbeat;
        this.stopper = stopper;
    }

    OperationResult promote(Duration limit, Cancellation cancellation)
            throws IOException, InterruptedException {
        Deadline deadline = Deadline.in(limit);
        Optional<ProcessIdentity> running = process.postmaster();
        if (running.isEmpty()) {
            return new OperationResult.Failed("cannot promote: the server doesn't run");
        }
        ProcessIdentity server = running.get();
        if (!DataDirectories.standbySignal(installation.dataDir()) && takesWrites(server)) {
            return new OperationResult.Done("is primary already");
        }
        if (!process.accepting()) {
            return new OperationResult.Failed(
                    "cannot promote: the standby doesn't accept connections yet (not consistent)");
        }
        Optional<OperationResult> refusal = runPrePromote(deadline, cancellation);
        if (refusal.isPresent()) {
            return refusal.get();
        }
        Optional<String> lost = cancellation.lostGround();
        if (lost.isPresent()) {
            return new OperationResult.Postponed("not promoted: " + lost.get());
        }
        Path request = installation.dataDir().resolve("promote");
        Files.writeString(request, "");
        if (!process.signal(server, Signal.USR1)) {
            Files.deleteIfExists(request);
            return new OperationResult.Failed("cannot promote: the server can't be signalled");
        }
        OperationResult result = await(server, deadline);
        if (!result.done()) {
            // an unread request would promote the standby later, when nobody expects it
            Files.deleteIfExists(request);
        }
        return result;
    }

    private Optional<OperationResult> runPrePromote(Deadline deadline, Cancellation cancellation) {
        Optional<String> script = installation.config().scripts().prePromote();
        if (script.isPresent()) {
            ProgramRun run =
                    Programs.run(
                            ProgramCall.of(ShellWords.split(script.get()))
                                    .within(deadline.left())
                                    .cancelledBy(cancellation));
            if (!run.succeeded() && !cancellation.cancelled()) {
                return Optional.of(
                        new OperationResult.Failed("pre_promote failed: " + run.summary()));
            }
        }
        return cancellation.cancelled()
                ? Optional.of(new OperationResult.Cancelled())
                : Optional.empty();
    }

    private OperationResult await(ProcessIdentity server, Deadline deadline)
            throws InterruptedException {
        while (!deadline.passed()) {
            if (inProduction() && takesWrites(server)) {
                return new OperationResult.Done(
                        "takes writes after " + deadline.elapsed().toMillis() + " ms");
            }
            if (!server.alive()) {
                return new OperationResult.Failed("the server ended while being promoted");
            }
            deadline.pause(STEP);
        }
        // what was asked for can't be taken back: left alone, it would become a primary later, when
        // another one may lead
        boolean ended = stopper.end(server);
        return new OperationResult.Failed(
                "the server was asked, but is still in recovery; it "
                        + (ended ? "was stopped" : "can't be stopped"));
    }

    private boolean inProduction() {
        try {
            return ControlFile.read(installation.programs(), installation.dataDir()).state()
                    == ClusterState.IN_PRODUCTION;
        } catch (IOException e) {
            // not readable now: the server's own answer decides
            return true;
        }
    }

    /** Over the kept connection: a new one would cost more than the promotion's last step. */
    private boolean takesWrites(ProcessIdentity server) {
        try {
            return heartbeat.ask(server, Duration.ofSeconds(2), ServerPromoter::outOfRecovery);
        } catch (SQLException e) {
            LOG.atDebug().addKeyValue("error", e.getMessage()).log("server gave no answer");
            return false;
        }
    }

    private static boolean outOfRecovery(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT NOT pg_is_in_recovery()")) {
            return row.next() && row.getBoolean(1);
        }
    }
}
