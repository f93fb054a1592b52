package io.kumki.agent.node;

import io.kumki.agent.ha.Operation;
import io.kumki.agent.ha.OperationOutcome;
import io.kumki.agent.ha.Situation;
import io.kumki.agent.postgres.Cancellation;
import io.kumki.agent.postgres.OperationResult;
import io.kumki.agent.postgres.PostgresServer;
import io.kumki.agent.postgres.PostgresServer.ShutdownListener;
import io.kumki.agent.postgres.PostgresServer.StopMode;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.restapi.NodeEvent;
import io.vertx.core.Future;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs one operation at a time on the local server; only a fence may take the place of another. */
final class OperationRunner {

    private static final Logger LOG = LoggerFactory.getLogger(OperationRunner.class);

    /** A standby that recovers longer than this is reported as starting, not as failed. */
    private static final Duration STANDBY_START_LIMIT = Duration.ofSeconds(60);

    /** A promotion only ends recovery: longer than this means that something is wrong. */
    private static final Duration PROMOTE_LIMIT = Duration.ofSeconds(60);

    /** An immediate shutdown needs milliseconds; a server that misses this is killed. */
    private static final Duration FENCE_LIMIT = Duration.ofSeconds(2);

    private final PostgresServer server;
    private final ConfigurationSource config;
    private final LoopClock clock;
    private final Callbacks callbacks;
    private final Runnable onProgress;
    private final BiConsumer<Instant, NodeEvent> events;
    private @Nullable Run current;

    /** An operation that is over. */
    record Ended(Situation.Ongoing operation, OperationOutcome outcome) {}

    private static final class Run {
        final Operation operation;
        final long startedNanos;
        final Cancellation cancellation;
        Optional<Lsn> shutdownLsn = Optional.empty();
        Future<OperationOutcome> work = Future.succeededFuture(new OperationOutcome.Cancelled());
        @Nullable OperationOutcome outcome;

        Run(Operation operation, long startedNanos, Cancellation cancellation) {
            this.operation = operation;
            this.startedNanos = startedNanos;
            this.cancellation = cancellation;
        }

        Situation.Ongoing facts() {
            return new Situation.Ongoing(operation, startedNanos, shutdownLsn);
        }
    }

    /**
     * @param onProgress called on the loop's context when the running operation ended or got
     *     further
     * @param events told of each operation
     */
    OperationRunner(
            PostgresServer server,
            ConfigurationSource config,
            LoopClock clock,
            Runnable onProgress,
            BiConsumer<Instant, NodeEvent> events) {
        this.server = server;
        this.config = config;
        this.clock = clock;
        this.callbacks = new Callbacks(server);
        this.onProgress = onProgress;
        this.events = events;
    }

    /** What runs, or has ended and wasn't taken yet. */
    Optional<Situation.Ongoing> ongoing() {
        return Optional.ofNullable(current).map(Run::facts);
    }

    /**
     * Takes the operation that ended, if one did. Until it is taken it counts as running, so that
     * no turn sees its effects before its result.
     */
    Optional<Ended> takeEnded() {
        Run run = current;
        if (run == null || run.outcome == null) {
            return Optional.empty();
        }
        current = null;
        return Optional.of(new Ended(run.facts(), run.outcome));
    }

    /**
     * Starts an operation.
     *
     * @param unproven why the lead isn't proven; asked from any thread at the last moment before
     *     the server becomes a primary, however long what comes before it takes
     * @return false if another one runs
     */
    boolean start(Operation operation, Supplier<Optional<String>> unproven) {
        if (current != null) {
            return false;
        }
        run(
                operation,
                operation.makesPrimary() ? new Cancellation(unproven) : new Cancellation(),
                this::execute);
        return true;
    }

    /**
     * Stops the server hard; what runs is cancelled and its result dropped. What was cancelled may
     * still be about to start the server: the stop counts only after that has ended too, and is
     * then done once more.
     */
    void fence() {
        Run before = current;
        if (before == null || before.outcome != null) {
            run(new Operation.FenceStop(), new Cancellation(), this::execute);
            return;
        }
        if (before.operation instanceof Operation.FenceStop) {
            return;
        }
        before.cancellation.cancel();
        run(
                new Operation.FenceStop(),
                new Cancellation(),
                _ -> stopped().transform(_ -> before.work).transform(_ -> result(stopped())));
    }

    /** The server was seen running while no operation runs. */
    void adopted(boolean primary) {
        callbacks.adopted(primary);
    }

    void cancel() {
        if (current != null) {
            current.cancellation.cancel();
        }
    }

    private void run(
            Operation operation,
            Cancellation cancellation,
            Function<Run, Future<OperationOutcome>> work) {
        Run run = new Run(operation, clock.nanos(), cancellation);
        current = run;
        LOG.atInfo().addKeyValue("operation", operation.title()).log("operation begins");
        events.accept(clock.wall(), new NodeEvent.OperationBegan(operation.title()));
        run.work = work.apply(run);
        run.work
                .otherwise(failure ->
                        new OperationOutcome.Failed(
                                operation.title() + ": " + failure.getMessage()))
                .onSuccess(outcome -> clock.execute(() -> end(run, outcome)));
    }

    private void end(Run run, OperationOutcome outcome) {
        if (current != run) {
            return;
        }
        run.outcome = outcome;
        Duration took = Duration.ofNanos(clock.nanos() - run.startedNanos);
        LOG.atLevel(
                        outcome instanceof OperationOutcome.Failed
                                ? org.slf4j.event.Level.WARN
                                : org.slf4j.event.Level.INFO)
                .addKeyValue("operation", run.operation.title())
                .addKeyValue("outcome", outcome.text())
                .addKeyValue("tookMs", took.toMillis())
                .log("operation ended");
        events.accept(
                clock.wall(),
                new NodeEvent.OperationEnded(run.operation.title(), outcome.text(), took));
        callbacks.after(run.operation, outcome);
        onProgress.run();
    }

    private Future<OperationOutcome> execute(Run run) {
        return switch (run.operation) {
            case Operation.Bootstrap() ->
                    result(server.bootstrap(config.bootstrap(), run.cancellation));
            case Operation.FinishBootstrap() ->
                    result(server.afterBootstrap(config.bootstrap(), run.cancellation));
            case Operation.DiscardBootstrap() -> result(server.discardFailedBootstrap());
            case Operation.Clone clone ->
                    result(
                            server.prepareClone(clone.source(), clone.follows())
                                    .compose(ready ->
                                            ready.done()
                                                    ? copy(clone, run.cancellation)
                                                    : Future.succeededFuture(ready)));
            case Operation.CloneRemote(var target) ->
                    // its slot is the remote's own affair
                    server.prepareClone(target.upstream(), Optional.empty())
                            .compose(ready ->
                                    ready.done()
                                            ? server.cloneFrom(
                                                    target.upstream(), false, run.cancellation)
                                            : Future.succeededFuture(ready))
                            .compose(cloned ->
                                    result(
                                            cloned.done()
                                                    ? server.startAsStandby(
                                                            target,
                                                            STANDBY_START_LIMIT,
                                                            run.cancellation)
                                                    : Future.succeededFuture(cloned)));
            case Operation.StartPrimary(Duration limit) ->
                    result(server.startAsPrimary(limit, run.cancellation));
            case Operation.StartStandby(var target, var last) ->
                    result(
                            last.isPresent()
                                    ? server.startOnTimeline(
                                            last.getAsInt(),
                                            target,
                                            STANDBY_START_LIMIT,
                                            run.cancellation)
                                    : server.startAsStandby(
                                            target, STANDBY_START_LIMIT, run.cancellation));
            case Operation.Restart(Duration limit) ->
                    result(server.restart(limit, run.cancellation));
            case Operation.Promote() -> result(server.promote(PROMOTE_LIMIT, run.cancellation));
            case Operation.StepDown(var limit) ->
                    result(server.stop(StopMode.FAST, limit, shutdownOf(run)));
            case Operation.DemoteCluster() ->
                    server.stop(StopMode.FAST, Optional.empty(), ShutdownListener.NONE)
                            .compose(stopped ->
                                    result(
                                            stopped.done()
                                                    ? server.archiveEnd(run.cancellation)
                                                    : Future.succeededFuture(stopped)));
            case Operation.StopInTime(Duration limit) ->
                    result(
                            server.stop(
                                    StopMode.FAST_NO_CHECKPOINT,
                                    Optional.of(limit),
                                    ShutdownListener.NONE));
            case Operation.FenceStop() -> result(stopped());
            case Operation.Follow(var target) -> result(server.follow(target));
            case Operation.CopySlots(var primary, var slots, var target) ->
                    result(
                            server.copySlots(
                                    primary, slots, target, STANDBY_START_LIMIT, run.cancellation));
            case Operation.Assess(var leader, int _) ->
                    server.assess(leader).map(OperationOutcome.Assessed::new);
            case Operation.Rewind(var leader) -> result(server.rewind(leader, run.cancellation));
            case Operation.SingleUserRecovery() ->
                    result(server.recoverInSingleUserMode(run.cancellation));
        };
    }

    private Future<OperationResult> copy(Operation.Clone clone, Cancellation cancellation) {
        if (cancellation.cancelled()) {
            return Future.succeededFuture(new OperationResult.Cancelled());
        }
        return stopped()
                .compose(_ ->
                        server.cloneFrom(clone.source(), clone.basebackupOnly(), cancellation));
    }

    private Future<OperationResult> stopped() {
        return server.stop(StopMode.IMMEDIATE, Optional.of(FENCE_LIMIT), ShutdownListener.NONE);
    }

    private ShutdownListener shutdownOf(Run run) {
        return lsn ->
                clock.execute(() -> {
                    if (current == run) {
                        run.shutdownLsn = Optional.of(lsn);
                        onProgress.run();
                    }
                });
    }

    private static Future<OperationOutcome> result(Future<OperationResult> work) {
        return work.map(result ->
                switch (result) {
                    case OperationResult.Done(String detail) -> new OperationOutcome.Done(detail);
                    case OperationResult.Failed(String reason) ->
                            new OperationOutcome.Failed(reason);
                    case OperationResult.Cancelled() -> new OperationOutcome.Cancelled();
                    case OperationResult.Postponed(String reason) ->
                            new OperationOutcome.Postponed(reason);
                    case OperationResult.StillStarting() -> new OperationOutcome.StillStarting();
                });
    }
}
