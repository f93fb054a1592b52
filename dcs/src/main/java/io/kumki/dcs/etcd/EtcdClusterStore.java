package io.kumki.dcs.etcd;

import io.etcd.jetcd.api.RangeRequest;
import io.kumki.dcs.ClusterStore;
import io.kumki.dcs.LeaseRenewal;
import io.kumki.dcs.StoreUnavailableException;
import io.kumki.dcs.WriteOutcome;
import io.kumki.dcs.cluster.ClusterSettings.Timing;
import io.kumki.dcs.cluster.ClusterStatus;
import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.FailoverRequest;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.dcs.cluster.SyncState;
import io.kumki.dcs.cluster.TimelineHistory;
import io.kumki.dcs.etcd.EtcdCalls.Repeat;
import io.kumki.dcs.json.ConfigJson;
import io.kumki.dcs.json.FailoverJson;
import io.kumki.dcs.json.FailsafeJson;
import io.kumki.dcs.json.HistoryJson;
import io.kumki.dcs.json.MemberJson;
import io.kumki.dcs.json.StatusJson;
import io.kumki.dcs.json.SyncJson;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxInternal;
import java.net.URI;
import java.util.Map;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * The {@link ClusterStore} in etcd.
 *
 * <p>Everything inside happens on one event-loop context of the given Vert.x; calls are handed to
 * it and their results back to the caller's context. The Vert.x stays the caller's: {@link #close}
 * doesn't end it.
 */
public final class EtcdClusterStore implements ClusterStore {

    private final Vertx vertx;
    private final ContextInternal context;
    private final ClusterPath path;
    private final Endpoints endpoints;
    private final EtcdCalls calls;
    private final Leases leases;
    private final Writes writes;
    private final ViewReader reader;
    private final ClusterWatch watch;
    private final Discovery discovery;
    private long readRevision;
    private volatile URI endpointInUse;

    private EtcdClusterStore(
            Vertx vertx, EtcdConfig config, ClusterPath path, LongSupplier nanoClock) {
        this.vertx = vertx;
        this.path = path;
        this.context = ((VertxInternal) vertx).createEventLoopContext();
        Channels channels = new Channels(vertx, config.tls());
        if (config.endpoints().stream().anyMatch(uri -> "https".equals(uri.getScheme()))) {
            channels.sslContext(); // wrong files are told at the start
        }
        this.endpoints = new Endpoints(config.endpoints(), channels::connect);
        this.endpointInUse = endpoints.preferred().uri();
        Tokens tokens = new Tokens(config.credentials(), context);
        this.calls =
                new EtcdCalls(vertx, context, endpoints, tokens, nanoClock, this::suspectWatchOn);
        this.leases = new Leases(calls);
        this.writes = new Writes(calls);
        this.reader = new ViewReader(path);
        this.watch =
                new ClusterWatch(
                        vertx, context, calls, endpoints, tokens, path.prefix(), nanoClock);
        this.discovery = new Discovery(vertx, calls, endpoints, nanoClock);
        if (config.discoverMembers()) {
            calls.onRoundLost(discovery::afterLostRound);
            context.runOnContext(_ -> discovery.start());
        }
    }

    /**
     * Opens the store of one cluster; connects in the background.
     *
     * @param nanoClock monotonic nanoseconds, such as {@code System::nanoTime}
     * @throws IllegalArgumentException if a TLS file can't be used; the message names it
     */
    public static EtcdClusterStore open(
            Vertx vertx, EtcdConfig config, ClusterPath path, LongSupplier nanoClock) {
        GrpcLogging.quiet();
        return new EtcdClusterStore(vertx, config, path, nanoClock);
    }

    @Override
    public Future<ClusterView> read() {
        RangeRequest request =
                RangeRequest.newBuilder()
                        .setKey(EtcdApi.bytes(path.prefix()))
                        .setRangeEnd(EtcdApi.endOf(path.prefix()))
                        .build();
        return onContext(() ->
                calls.call(EtcdApi.RANGE, request, Repeat.FREELY, calls.deadlineNanos())
                        .map(answer -> {
                            long revision = answer.message().getHeader().getRevision();
                            readRevision = revision;
                            return reader.view(answer.message().getKvsList(), revision);
                        })
                        .recover(EtcdClusterStore::unavailable));
    }

    @Override
    public Future<LeaseRenewal> refreshLease(OptionalLong current) {
        return onContext(() ->
                leases.refresh(current, calls.deadlineNanos())
                        .recover(EtcdClusterStore::unavailable));
    }

    @Override
    public Future<WriteOutcome> acquireLeader(MemberName self, long leaseId, long seenRevision) {
        return perform(
                Write.create(
                                path,
                                "leader",
                                self.value(),
                                leaseId,
                                kv ->
                                        kv.getLease() == leaseId
                                                && kv.getValue()
                                                        .equals(EtcdApi.bytes(self.value())))
                        .unlessNewer(path.key("failsafe"), seenRevision));
    }

    @Override
    public Future<WriteOutcome> reattachLeader(MemberName self, long createRevision, long leaseId) {
        return perform(Write.moveInTerm(path, "leader", self.value(), createRevision, leaseId));
    }

    @Override
    public Future<WriteOutcome> takeLeaderAfterBootstrap(MemberName self, long leaseId) {
        return perform(Write.put(path, "leader", self.value(), leaseId));
    }

    @Override
    public Future<WriteOutcome> releaseLeader(MemberName self, long createRevision) {
        return perform(Write.deleteTerm(path, "leader", self.value(), createRevision));
    }

    @Override
    public Future<WriteOutcome> putMember(Member member, long leaseId) {
        return perform(
                Write.put(path, "members/" + member.name(), MemberJson.write(member), leaseId));
    }

    @Override
    public Future<WriteOutcome> beginBootstrap() {
        // an empty key may be anybody's: after a lost answer nobody can tell whose
        return perform(Write.create(path, "initialize", "", 0, _ -> false));
    }

    @Override
    public Future<WriteOutcome> cancelBootstrap() {
        return perform(Write.delete(path, "initialize"));
    }

    @Override
    public Future<WriteOutcome> putInitialize(String systemIdentifier, boolean onlyIfAbsent) {
        return perform(
                onlyIfAbsent
                        ? Write.create(
                                path,
                                "initialize",
                                systemIdentifier,
                                0,
                                kv -> kv.getValue().equals(EtcdApi.bytes(systemIdentifier)))
                        : Write.put(path, "initialize", systemIdentifier, 0));
    }

    @Override
    public Future<WriteOutcome> putConfig(
            Map<String, Object> values, OptionalLong expectedRevision) {
        return put("config", ConfigJson.write(values), expectedRevision);
    }

    @Override
    public Future<WriteOutcome> putFailover(
            FailoverRequest request, OptionalLong expectedRevision) {
        return put("failover", FailoverJson.write(request), expectedRevision);
    }

    @Override
    public Future<WriteOutcome> putSync(SyncState state, OptionalLong expectedRevision) {
        return put("sync", SyncJson.write(state), expectedRevision);
    }

    @Override
    public Future<WriteOutcome> deleteSync(OptionalLong expectedRevision) {
        return perform(
                expectedRevision.isPresent()
                        ? Write.deleteAtRevision(path, "sync", expectedRevision.getAsLong())
                        : Write.delete(path, "sync"));
    }

    @Override
    public Future<WriteOutcome> putStatus(ClusterStatus status) {
        return put("status", StatusJson.write(status), OptionalLong.empty());
    }

    @Override
    public Future<WriteOutcome> putHistory(TimelineHistory history) {
        return put("history", HistoryJson.write(history), OptionalLong.empty());
    }

    @Override
    public Future<WriteOutcome> putFailsafe(
            MemberName leader, SortedMap<MemberName, String> members) {
        return perform(
                Write.putWhileLeader(
                        path, "failsafe", FailsafeJson.write(members), leader.value()));
    }

    @Override
    public Future<WriteOutcome> deleteCluster() {
        return perform(Write.deleteAll(path));
    }

    @Override
    public void watch(ChangeListener listener) {
        Context caller = vertx.getOrCreateContext();
        context.runOnContext(_ -> watch.start(listener, caller, readRevision));
    }

    @Override
    public void configure(Timing timing) {
        context.runOnContext(_ -> calls.configure(timing));
    }

    @Override
    public String describe() {
        String error = calls.lastError();
        return "etcd at " + endpointInUse + (error.isEmpty() ? "" : ", last error: " + error);
    }

    @Override
    public Future<Void> close() {
        return onContext(() -> {
            calls.close();
            discovery.close();
            watch.close();
            endpoints.close();
            return Future.succeededFuture();
        });
    }

    private Future<WriteOutcome> put(String key, String value, OptionalLong expectedRevision) {
        return perform(
                expectedRevision.isPresent()
                        ? Write.putAtRevision(path, key, value, expectedRevision.getAsLong())
                        : Write.put(path, key, value, 0));
    }

    private Future<WriteOutcome> perform(Write write) {
        return onContext(() -> writes.perform(write, calls.deadlineNanos()));
    }

    private void suspectWatchOn(Endpoint endpoint) {
        watch.suspect(endpoint);
    }

    /** Runs on the store's context; the result arrives on the caller's. */
    private <T> Future<T> onContext(Supplier<Future<T>> work) {
        Promise<T> promise = ((VertxInternal) vertx).getOrCreateContext().promise();
        context.runOnContext(_ ->
                // what the work throws fails its future, as everything else does
                Future.<T>future(start -> work.get().onComplete(start))
                        .onComplete(result -> {
                            endpointInUse = endpoints.preferred().uri();
                            promise.handle(result);
                        }));
        return promise.future();
    }

    private static <T> Future<T> unavailable(Throwable failure) {
        return Future.failedFuture(
                failure instanceof EtcdCallException
                        ? new StoreUnavailableException(EtcdCalls.text(failure), failure)
                        : failure);
    }
}
