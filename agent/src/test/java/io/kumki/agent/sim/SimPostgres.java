package io.kumki.agent.sim;

import io.kumki.agent.config.BootstrapConfig;
import io.kumki.agent.config.PostgresConfig;
import io.kumki.agent.ha.Divergence;
import io.kumki.agent.ha.LocalServer;
import io.kumki.agent.ha.SlotChange;
import io.kumki.agent.ha.StandbyTarget;
import io.kumki.agent.ha.Upstream;
import io.kumki.agent.postgres.Cancellation;
import io.kumki.agent.postgres.CloneProgress;
import io.kumki.agent.postgres.OperationResult;
import io.kumki.agent.postgres.PostgresServer;
import io.kumki.agent.sim.SimServer.Phase;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.TimelineHistory;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One agent's hold on the simulated server: what lives in the server goes on when the agent dies,
 * what the agent waits for ends with it.
 */
final class SimPostgres implements PostgresServer {

    private static final Duration STEP = Duration.ofMillis(20);
    private static final Duration RELOAD = Duration.ofMillis(5);

    private final SimNode node;
    private final SimNode.Agent agent;
    private final SimServer server;
    private final SimWorld world;
    private final Chance chance;
    private final Mishaps mishaps;
    private final Rejoining rejoining;
    private boolean settingsWritten;

    SimPostgres(SimNode node, SimNode.Agent agent, Chance chance) {
        this.node = node;
        this.agent = agent;
        this.server = node.server();
        this.world = node.world();
        this.chance = chance;
        this.mishaps = node.parts().cluster().mishaps();
        this.rejoining = new Rejoining(node, chance.fork());
    }

    // ---- waiting

    /** Looks again and again, until there is a result or the limit passes. */
    private <T> Future<T> until(long limitNanos, Supplier<@Nullable T> look, Supplier<T> tooLate) {
        Promise<T> promise = Promise.promise();
        step(promise, world.now() + limitNanos, look, tooLate);
        return promise.future();
    }

    private <T> void step(
            Promise<T> promise, long end, Supplier<@Nullable T> look, Supplier<T> tooLate) {
        world.after(
                STEP.toNanos(),
                agent,
                () -> {
                    T result = look.get();
                    if (result == null && world.now() >= end) {
                        result = tooLate.get();
                    }
                    if (result == null) {
                        step(promise, end, look, tooLate);
                    } else {
                        promise.complete(result);
                    }
                });
    }

    /** What the agent's own work takes. */
    private <T> Future<T> afterwards(long delay, Supplier<T> result) {
        Promise<T> promise = Promise.promise();
        world.after(delay, agent, () -> promise.complete(result.get()));
        return promise.future();
    }

    private long takes(long leastMillis, long mostMillis) {
        return mishaps.takes(chance, leastMillis, mostMillis);
    }

    private static OperationResult done(String detail) {
        return new OperationResult.Done(detail);
    }

    private static OperationResult failed(String reason) {
        return new OperationResult.Failed(reason);
    }

    // ---- looking

    @Override
    public Future<LocalServer> observe() {
        boolean silent = mishaps.silent(chance);
        Promise<LocalServer> promise = Promise.promise();
        world.after(
                silent ? chance.millis(1_500, 4_000) : chance.millis(0, 3),
                agent,
                () -> {
                    LocalServer seen = Observation.of(node, !silent);
                    world.after(chance.millis(0, 2), agent, () -> promise.complete(seen));
                });
        return promise.future();
    }

    @Override
    public void onProcessChange(Runnable listener) {
        server.onChange(() -> world.after(chance.millis(0, 5), agent, listener));
    }

    @Override
    public Future<Boolean> follows(StandbyTarget target) {
        return Future.succeededFuture(
                server.standbySignal()
                        && settingsWritten
                        && target.upstream()
                                .map(upstream -> server.upstream().filter(upstream.host()::equals))
                                .map(Optional::isPresent)
                                .orElse(true));
    }

    @Override
    public Future<Boolean> checkpointedOn(int timeline) {
        return afterwards(chance.millis(1, 5), () -> server.checkpointTimeline() == timeline);
    }

    @Override
    public Future<TimelineHistory> history(int timeline) {
        return afterwards(chance.millis(0, 2), () -> server.branch().history());
    }

    // ---- creating

    @Override
    public Future<OperationResult> bootstrap(BootstrapConfig bootstrap, Cancellation ignored) {
        return afterwards(
                        takes(300, 2_000),
                        () -> {
                            if (fails()) {
                                return failed("initdb failed");
                            }
                            server.create("73" + (1_000_000_000L + world.now() % 1_000_000_000L));
                            return done("");
                        })
                .compose(result ->
                        result.done()
                                ? start(true, Duration.ofMinutes(5), new Cancellation())
                                : Future.succeededFuture(result));
    }

    @Override
    public Future<OperationResult> afterBootstrap(BootstrapConfig bootstrap, Cancellation ignored) {
        return afterwards(
                takes(50, 500),
                () ->
                        server.writable() && !fails()
                                ? done("")
                                : failed("users could not be created"));
    }

    @Override
    public Future<OperationResult> discardFailedBootstrap() {
        server.gone();
        return afterwards(
                takes(10, 100),
                () -> {
                    server.discard();
                    return done("renamed");
                });
    }

    /** What needs room, or is hit by a mishap. */
    private boolean fails() {
        return mishaps.fails(chance) || server.diskFull();
    }

    // ---- starting and stopping

    @Override
    public Future<OperationResult> startAsPrimary(Duration limit, Cancellation cancellation) {
        return start(true, limit, cancellation);
    }

    @Override
    public Future<OperationResult> startAsStandby(
            StandbyTarget target, Duration limit, Cancellation cancellation) {
        target.upstream().ifPresent(upstream -> pointTo(upstream.host()));
        settingsWritten = true;
        return start(false, limit, cancellation);
    }

    @Override
    public Future<OperationResult> startOnTimeline(
            int timeline, StandbyTarget target, Duration limit, Cancellation cancellation) {
        return startAsStandby(target, limit, cancellation);
    }

    private Future<OperationResult> start(
            boolean primary, Duration limit, Cancellation cancellation) {
        if (!server.initialized()) {
            node.parts().cluster().invariants().startOfUnusableData(server);
            return afterwards(chance.millis(1, 5), () -> failed("no usable data directory"));
        }
        if (server.runs(Phase.STOPPED)) {
            server.begin(primary);
            long duration = takes(primary ? 150 : 80, primary ? 1_500 : 800);
            if (fails()) {
                server.later(duration / 2, server::gone);
            } else {
                server.later(duration, this::started);
            }
        } else if (server.primary() != primary) {
            return afterwards(chance.millis(1, 5), () -> failed("it runs in another role"));
        }
        int life = server.life();
        return until(
                limit.toNanos(),
                () -> {
                    if (server.life() != life) {
                        return failed("the server ended while it started");
                    }
                    if (server.runs(Phase.RUNNING)) {
                        return done("accepts connections");
                    }
                    if (cancellation.cancelled()) {
                        server.gone();
                        return new OperationResult.Cancelled();
                    }
                    return null;
                },
                OperationResult.StillStarting::new);
    }

    private void started() {
        server.accept();
        if (server.primary()) {
            node.parts().cluster().invariants().startedAsPrimary(server);
            node.guard().look();
        } else {
            node.replication().begin();
        }
    }

    @Override
    public Future<OperationResult> stop(
            StopMode mode, Optional<Duration> limit, ShutdownListener shutDown) {
        if (server.runs(Phase.STOPPED)) {
            return afterwards(chance.millis(0, 3), () -> done("not running"));
        }
        if (mode == StopMode.IMMEDIATE) {
            server.close();
            server.later(takes(5, 80), server::gone);
        } else {
            boolean checkpointFirst = mode == StopMode.FAST && server.runs(Phase.RUNNING);
            world.after(
                    checkpointFirst ? takes(0, 200) : 0,
                    agent,
                    () -> stopCleanly(mode == StopMode.FAST, shutDown));
        }
        return until(
                limit.map(Duration::toNanos).orElse(Long.MAX_VALUE / 4),
                () -> server.runs(Phase.STOPPED) ? done("stopped") : null,
                () -> {
                    server.gone();
                    return done("stopped by force after its limit");
                });
    }

    private void stopCleanly(boolean planned, ShutdownListener shutDown) {
        if (server.runs(Phase.STOPPED) || server.runs(Phase.STOPPING)) {
            return;
        }
        boolean wasUp = server.runs(Phase.RUNNING);
        server.close();
        server.stoppedFor(planned && !node.stopping());
        server.later(
                takes(10, 150),
                () -> {
                    if (!wasUp) {
                        server.gone();
                        return;
                    }
                    boolean primary = server.primary();
                    long last = server.shutDownRecord();
                    if (primary) {
                        world.after(
                                chance.millis(1, 10),
                                agent,
                                () -> shutDown.shutDown(new Lsn(last)));
                    }
                    drain(world.now() + 5 * SimWorld.SECOND);
                });
    }

    /** A stopping primary waits for its standbys, up to {@code wal_sender_timeout}. */
    private void drain(long end) {
        boolean drained =
                !server.primary()
                        || node.parts().cluster().nodes().stream()
                                .allMatch(other -> other.replication().drained(server));
        if (drained || world.now() >= end) {
            server.later(chance.millis(1, 30), server::gone);
        } else {
            server.later(chance.millis(5, 30), () -> drain(end));
        }
    }

    @Override
    public Future<OperationResult> restart(Duration limit, Cancellation cancellation) {
        boolean primary = server.primary();
        return stop(StopMode.FAST, Optional.of(limit), ShutdownListener.NONE)
                .compose(_ -> start(primary, limit, cancellation));
    }

    // ---- changing roles

    @Override
    public Future<OperationResult> promote(Duration limit, Cancellation cancellation) {
        if (server.runs(Phase.RUNNING) && server.primary()) {
            return afterwards(chance.millis(0, 5), () -> done("is primary already"));
        }
        if (!server.runningStandby()) {
            return afterwards(chance.millis(0, 5), () -> failed("the standby isn't up"));
        }
        int life = server.life();
        if (mishaps.fails(chance)) {
            // it crashes on the way, or takes longer than anybody waits
            server.later(chance.millis(10, 300), chance.happens(0.9) ? server::gone : () -> {});
            server.later(limit.toNanos() + chance.millis(500, 4_000), this::promoted);
        } else {
            server.later(takes(30, 400), this::promoted);
        }
        return until(
                limit.toNanos(),
                () -> {
                    if (server.life() != life) {
                        return failed("the server ended while being promoted");
                    }
                    return server.primary() ? done("takes writes") : null;
                },
                () -> {
                    server.gone();
                    return failed("the server was asked, but is still in recovery; it was stopped");
                });
    }

    private void promoted() {
        if (server.runningStandby()) {
            server.promoted();
            node.guard().look();
            node.parts().cluster().invariants().promoted(server);
        }
    }

    @Override
    public Future<OperationResult> archiveEnd(Cancellation ignored) {
        return afterwards(takes(1, 500), () -> done("archiving is off"));
    }

    @Override
    public Future<OperationResult> follow(StandbyTarget target) {
        if (server.runs(Phase.STOPPED)) {
            return startAsStandby(target, Duration.ofSeconds(60), new Cancellation());
        }
        return afterwards(
                chance.millis(5, 60),
                () -> {
                    settingsWritten = true;
                    target.upstream()
                            .filter(up -> !server.upstream().filter(up.host()::equals).isPresent())
                            .ifPresent(upstream -> {
                                pointTo(upstream.host());
                                node.replication().restart();
                            });
                    return done("told by reload");
                });
    }

    private void pointTo(String host) {
        SimServer source = node.parts().cluster().server(host);
        boolean another = !server.upstream().filter(host::equals).isPresent();
        if (another && source != null && reached(source) && source.takesForItsOwn(server)) {
            node.parts().cluster().invariants().sentTo(server, source);
        }
        server.follow(host);
    }

    private boolean reached(SimServer source) {
        return source.runs(Phase.RUNNING)
                && node.parts().network().openBothWays(node.name(), source.name());
    }

    // ---- coming back

    @Override
    public Future<OperationResult> prepareClone(
            Optional<Upstream> source, Optional<Upstream> follows) {
        return afterwards(
                chance.millis(1, 20),
                () -> server.diskFull() ? failed("no room") : done("room for the copy"));
    }

    @Override
    public Optional<CloneProgress> cloneProgress() {
        return Optional.empty();
    }

    @Override
    public Future<OperationResult> cloneFrom(
            Optional<Upstream> source, boolean basebackupOnly, Cancellation cancellation) {
        return rejoining.cloneFrom(agent, source, cancellation);
    }

    @Override
    public Future<Divergence> assess(Upstream leader) {
        return rejoining.assess(agent, leader);
    }

    @Override
    public Future<OperationResult> rewind(Upstream leader, Cancellation cancellation) {
        return stop(
                        StopMode.FAST_NO_CHECKPOINT,
                        Optional.of(Duration.ofSeconds(60)),
                        ShutdownListener.NONE)
                .compose(_ -> rejoining.rewind(agent, leader, cancellation));
    }

    @Override
    public Future<OperationResult> recoverInSingleUserMode(Cancellation cancellation) {
        return afterwards(
                takes(200, 1_500),
                () -> {
                    if (!server.runs(Phase.STOPPED) || !server.initialized()) {
                        return failed("the server isn't stopped");
                    }
                    if (fails() || cancellation.cancelled()) {
                        return failed("single-user mode failed");
                    }
                    server.recoverAlone();
                    return done("recovered");
                });
    }

    @Override
    public boolean canRewind() {
        return node.parts().scenario().canRewind();
    }

    @Override
    public Future<OperationResult> resumeReplay() {
        return afterwards(chance.millis(1, 5), () -> done("nothing pauses it here"));
    }

    @Override
    public Future<OperationResult> checkpoint() {
        int life = server.life();
        return afterwards(
                takes(30, 600),
                () -> {
                    if (server.life() != life || !server.runs(Phase.RUNNING) || server.diskFull()) {
                        return failed("the server ended, or there is no room");
                    }
                    server.checkpoint();
                    return done("");
                });
    }

    // ---- the rest

    @Override
    public Future<OperationResult> copySlots(
            io.kumki.agent.ha.Upstream primary,
            java.util.SortedMap<String, io.kumki.agent.ha.PermanentSlot.Logical> wanted,
            StandbyTarget target,
            Duration limit,
            Cancellation cancellation) {
        throw new AssertionError("no logical slots are configured: " + wanted);
    }

    @Override
    public java.util.SortedMap<String, Boolean> slotsReady() {
        return new java.util.TreeMap<>();
    }

    @Override
    public Future<Void> reconcileSlots(List<SlotChange> changes) {
        return afterwards(
                        chance.millis(1, 10),
                        () -> {
                            for (SlotChange change : changes) {
                                switch (change) {
                                    case SlotChange.Create(String name) ->
                                            server.slots().put(name, server.position());
                                    case SlotChange.Drop(String name) ->
                                            server.slots().remove(name);
                                    case SlotChange.Advance(String name, Lsn to) ->
                                            server.slots().put(name, to);
                                    case SlotChange.CreateLogical _,
                                            SlotChange.AdvanceLogical _,
                                            SlotChange.Verify _,
                                            SlotChange.Report _,
                                            SlotChange.Skip _ ->
                                            throw new AssertionError(
                                                    "no logical slots are configured: " + change);
                                }
                            }
                            return true;
                        })
                .mapEmpty();
    }

    @Override
    public Future<Void> applyConfiguration(PostgresConfig config) {
        return Future.succeededFuture();
    }

    @Override
    public Future<Void> reload() {
        return Future.succeededFuture();
    }

    @Override
    public Future<OperationResult> setSynchronousStandbyNames(Optional<String> value) {
        return afterwards(
                RELOAD.toNanos(),
                () -> {
                    server.setSyncNames(value.orElse(""));
                    return done("");
                });
    }

    @Override
    public Future<OperationResult> holdClientsOff() {
        return afterwards(
                RELOAD.toNanos(),
                () -> {
                    server.holdOff();
                    return done("");
                });
    }

    @Override
    public Future<OperationResult> admitClients() {
        return afterwards(
                RELOAD.toNanos(),
                () -> {
                    server.admit();
                    return done("");
                });
    }

    @Override
    public void callback(String name, String role) {
        world.trace(() -> node.name() + " callback " + name + " " + role);
    }

    @Override
    public Future<Void> close() {
        return Future.succeededFuture();
    }
}
