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
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * The real server: each call runs on a virtual thread and comes back on the caller's Vert.x context
 * (without one, on the virtual thread).
 *
 * <p>What runs is in {@link ServerOperations}; this class only carries calls across threads.
 */
public final class LocalPostgres implements PostgresServer {

    /** Whatever hangs, the loop must go on; what hangs goes on by itself and is asked next time. */
    private static final Duration OBSERVE_LIMIT = Duration.ofSeconds(2);

    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final Executor afterAWhile =
            CompletableFuture.delayedExecutor(
                    WalPosition.KEPT.toMillis(), TimeUnit.MILLISECONDS, threads);
    private final ServerOperations operations;

    /** Touches nothing yet: a running server is adopted by the first {@link #observe}. */
    public LocalPostgres(PostgresConfig config) {
        this.operations = new ServerOperations(config);
    }

    private <T> Future<T> call(Callable<T> work) {
        return onContext(submit(work));
    }

    private <T> CompletableFuture<T> submit(Callable<T> work) {
        CompletableFuture<T> result = new CompletableFuture<>();
        threads.execute(() -> {
            try {
                result.complete(work.call());
            } catch (Throwable e) {
                result.completeExceptionally(e);
            }
        });
        return result;
    }

    private static <T> Future<T> onContext(CompletableFuture<T> result) {
        Context context = Vertx.currentContext();
        return context == null
                ? Future.fromCompletionStage(result)
                : Future.fromCompletionStage(result, context);
    }

    private Future<Void> run(Action action) {
        return call(
                        () -> {
                            action.run();
                            return true;
                        })
                .mapEmpty();
    }

    @FunctionalInterface
    private interface Action {
        void run() throws Exception;
    }

    @Override
    public Future<LocalServer> observe() {
        CompletableFuture<LocalServer> whole = submit(operations::observe);
        return onContext(
                whole.copy()
                        .orTimeout(OBSERVE_LIMIT.toMillis(), TimeUnit.MILLISECONDS)
                        .exceptionallyComposeAsync(
                                failure ->
                                        failure instanceof java.util.concurrent.TimeoutException
                                                ? submit(operations::observeWithoutQuery)
                                                : CompletableFuture.failedFuture(failure),
                                threads));
    }

    /**
     * Up to where the server's data can be read now; empty if it doesn't answer. Beside any other
     * call, and many times a second if somebody waits for a position.
     */
    public Future<Optional<Lsn>> walPosition() {
        return call(() -> operations.walPosition().now(afterAWhile));
    }

    @Override
    public void clusterIs(String systemIdentifier) {
        operations.clusterIs(systemIdentifier);
    }

    @Override
    public void onProcessChange(Runnable listener) {
        operations.watch().listen(listener);
    }

    @Override
    public Future<OperationResult> bootstrap(BootstrapConfig bootstrap, Cancellation cancellation) {
        return call(() -> operations.bootstrap(bootstrap, cancellation));
    }

    @Override
    public Future<OperationResult> afterBootstrap(
            BootstrapConfig bootstrap, Cancellation cancellation) {
        return call(() -> operations.afterBootstrap(bootstrap, cancellation));
    }

    @Override
    public Future<OperationResult> discardFailedBootstrap() {
        return call(operations::discardFailedBootstrap);
    }

    @Override
    public Future<OperationResult> prepareClone(
            Optional<Upstream> source, Optional<Upstream> follows) {
        return call(() -> operations.rejoin().prepareClone(source, follows));
    }

    @Override
    public Optional<CloneProgress> cloneProgress() {
        return operations.rejoin().cloneProgress();
    }

    @Override
    public Future<OperationResult> cloneFrom(
            Optional<Upstream> source, boolean basebackupOnly, Cancellation cancellation) {
        return call(() -> operations.rejoin().cloneFrom(source, basebackupOnly, cancellation));
    }

    @Override
    public Future<OperationResult> startAsPrimary(Duration limit, Cancellation cancellation) {
        return call(() -> operations.startAsPrimary(limit, cancellation));
    }

    @Override
    public Future<OperationResult> startAsStandby(
            StandbyTarget target, Duration limit, Cancellation cancellation) {
        return call(() -> operations.startAsStandby(target, limit, cancellation));
    }

    @Override
    public Future<OperationResult> startOnTimeline(
            int timeline, StandbyTarget target, Duration limit, Cancellation cancellation) {
        return call(() -> operations.startOnTimeline(timeline, target, limit, cancellation));
    }

    @Override
    public Future<OperationResult> stop(
            StopMode mode, Optional<Duration> limit, ShutdownListener shutDown) {
        return call(() -> operations.stop(mode, limit, shutDown));
    }

    @Override
    public Future<OperationResult> restart(Duration limit, Cancellation cancellation) {
        return call(() -> operations.restart(limit, cancellation));
    }

    @Override
    public Future<OperationResult> promote(Duration limit, Cancellation cancellation) {
        return call(() -> operations.promote(limit, cancellation));
    }

    @Override
    public Future<OperationResult> follow(StandbyTarget target) {
        return call(() -> operations.follow(target));
    }

    @Override
    public Future<Boolean> follows(StandbyTarget target) {
        return call(() -> operations.follows(target));
    }

    @Override
    public Future<Divergence> assess(Upstream leader) {
        return call(() -> operations.rejoin().assess(leader));
    }

    @Override
    public Future<OperationResult> rewind(Upstream leader, Cancellation cancellation) {
        return call(() -> operations.rejoin().rewind(leader, cancellation));
    }

    @Override
    public Future<OperationResult> recoverInSingleUserMode(Cancellation cancellation) {
        return call(() -> operations.rejoin().recoverInSingleUserMode(cancellation));
    }

    @Override
    public boolean canRewind() {
        return operations.rejoin().canRewind();
    }

    @Override
    public Future<OperationResult> resumeReplay() {
        return call(operations::resumeReplay);
    }

    @Override
    public Future<OperationResult> checkpoint() {
        return call(operations::checkpoint);
    }

    @Override
    public Future<OperationResult> archiveEnd(Cancellation cancellation) {
        return call(() -> operations.rejoin().archiveEnd(cancellation));
    }

    @Override
    public Future<Boolean> checkpointedOn(int timeline) {
        return call(() -> operations.rejoin().checkpointedOn(timeline));
    }

    @Override
    public Future<OperationResult> copySlots(
            Upstream primary,
            SortedMap<String, PermanentSlot.Logical> wanted,
            StandbyTarget target,
            Duration limit,
            Cancellation cancellation) {
        return call(() -> operations.copySlots(primary, wanted, target, limit, cancellation));
    }

    @Override
    public SortedMap<String, Boolean> slotsReady() {
        return operations.slots().readiness().ready();
    }

    @Override
    public Future<Void> reconcileSlots(List<SlotChange> changes) {
        if (changes.isEmpty()) {
            operations.slots().readiness().forget();
            return Future.succeededFuture();
        }
        return run(() -> operations.slots().reconcile(changes));
    }

    @Override
    public Future<TimelineHistory> history(int timeline) {
        return call(() -> operations.rejoin().history(timeline));
    }

    @Override
    public Future<Void> applyConfiguration(PostgresConfig config) {
        return run(() -> operations.configuration().apply(config));
    }

    @Override
    public List<String> parameterProblems() {
        return operations.parameterProblems();
    }

    @Override
    public Future<Void> reload() {
        return run(() -> operations.configuration().reload());
    }

    @Override
    public Future<OperationResult> setSynchronousStandbyNames(Optional<String> value) {
        return call(() -> operations.configuration().setSyncNames(value));
    }

    @Override
    public Future<OperationResult> holdClientsOff() {
        return call(operations.configuration()::holdClientsOff);
    }

    @Override
    public Future<OperationResult> admitClients() {
        return call(operations.configuration()::admitClients);
    }

    @Override
    public void callback(String name, String role) {
        operations.callbacks().call(name, role);
    }

    @Override
    public Future<Void> close() {
        return run(operations::close);
    }
}
