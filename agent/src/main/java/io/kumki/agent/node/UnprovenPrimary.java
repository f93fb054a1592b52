package io.kumki.agent.node;

import io.kumki.agent.ha.LocalServer;
import io.kumki.agent.postgres.OperationResult;
import io.kumki.agent.postgres.PostgresServer;
import io.kumki.agent.postgres.PostgresServer.ShutdownListener;
import io.kumki.agent.postgres.PostgresServer.StopMode;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A primary that was running before this agent, while the store can't be asked: nobody knows when
 * the lease of the agent before ends, so another member may lead already.
 */
final class UnprovenPrimary {

    private static final Logger LOG = LoggerFactory.getLogger(UnprovenPrimary.class);

    private static final Duration STOP_LIMIT = Duration.ofSeconds(5);

    private UnprovenPrimary() {}

    /**
     * Stops the server if it may take writes; a standby and a stopped server are left alone.
     *
     * @param paused in maintenance mode a person decides
     * @return completes when that is done or has failed, which is logged; never fails
     */
    static Future<Void> stop(PostgresServer server, boolean paused) {
        if (paused) {
            return Future.succeededFuture();
        }
        return server.observe()
                .compose(seen -> takesWrites(seen) ? stop(server) : Future.succeededFuture())
                .otherwise(failure -> {
                    LOG.atError()
                            .addKeyValue("error", String.valueOf(failure.getMessage()))
                            .log("the running server could not be stopped");
                    return null;
                });
    }

    private static boolean takesWrites(LocalServer seen) {
        return seen.answer().isPresent()
                ? seen.primary()
                : seen.postmaster() != LocalServer.Postmaster.STOPPED
                        && seen.control().filter(control -> !control.standbySignal()).isPresent();
    }

    private static Future<Void> stop(PostgresServer server) {
        LOG.atWarn()
                .log(
                        "the server runs as a primary and no lease proves that it may: it is stopped until"
                                + " etcd answers");
        return server.stop(
                        StopMode.FAST_NO_CHECKPOINT, Optional.of(STOP_LIMIT), ShutdownListener.NONE)
                .compose(result ->
                        result instanceof OperationResult.Failed(String reason)
                                ? Future.failedFuture(reason)
                                : Future.succeededFuture());
    }
}
