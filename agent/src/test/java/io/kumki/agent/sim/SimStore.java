package io.kumki.agent.sim;

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
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * One agent's client of the simulated store. A request can be lost on its way (not done), or its
 * reply (done, and all that is seen is silence). Reads and renewals are tried again within the
 * budget, writes never.
 */
final class SimStore implements ClusterStore {

    /** Tries of what may be repeated, spread over the budget. */
    private static final int TRIES = 3;

    private final SimNode node;
    private final SimNode.Agent agent;
    private final SimClock clock;
    private final SimEtcd etcd;
    private final SimNetwork network;
    private final Chance chance;
    private Timing timing = Timing.DEFAULT;
    private Optional<LeaseRenewal> lastRenewal = Optional.empty();
    private long readRevision = -1;

    SimStore(SimNode node, SimNode.Agent agent, SimClock clock, Chance chance) {
        this.node = node;
        this.agent = agent;
        this.clock = clock;
        this.etcd = node.parts().etcd();
        this.network = node.parts().network();
        this.chance = chance;
    }

    /** A request that goes there, is done, and comes back; each way can fail. */
    private <T> void roundTrip(Supplier<T> work, Consumer<T> reply) {
        network.send(
                node.name(),
                SimNetwork.STORE,
                NOBODY,
                () -> {
                    if (!etcd.down()) {
                        T result = work.get();
                        network.send(
                                SimNetwork.STORE, node.name(), agent, () -> reply.accept(result));
                    }
                });
    }

    /** Requests on their way don't wait for anybody. */
    private static final SimWorld.Owner NOBODY =
            new SimWorld.Owner() {
                @Override
                public boolean gone() {
                    return false;
                }

                @Override
                public boolean frozen() {
                    return false;
                }

                @Override
                public void defer(SimWorld.Event event) {
                    throw new IllegalStateException("nobody freezes");
                }
            };

    private Future<WriteOutcome> write(String what, Supplier<WriteOutcome> work) {
        Promise<WriteOutcome> promise = Promise.promise();
        clock.schedule(
                timing.retryTimeout(),
                () -> promise.tryComplete(new WriteOutcome.Unknown(what + ": no answer")));
        roundTrip(work, promise::tryComplete);
        return promise.future();
    }

    private <T> Future<T> repeated(String what, Supplier<T> work, Consumer<T> received) {
        Promise<T> promise = Promise.promise();
        Duration step = timing.retryTimeout().dividedBy(TRIES);
        attempt(what, work, received, promise, step, TRIES);
        return promise.future();
    }

    private <T> void attempt(
            String what,
            Supplier<T> work,
            Consumer<T> received,
            Promise<T> promise,
            Duration step,
            int left) {
        if (promise.future().isComplete()) {
            return;
        }
        if (left == 0) {
            promise.fail(new StoreUnavailableException(what + ": no answer", null));
            return;
        }
        roundTrip(
                work,
                result -> {
                    if (!promise.future().isComplete()) {
                        received.accept(result);
                        promise.complete(result);
                    }
                });
        clock.schedule(step, () -> attempt(what, work, received, promise, step, left - 1));
    }

    @Override
    public Future<ClusterView> read() {
        return repeated("read", etcd::view, view -> readRevision = view.revision());
    }

    @Override
    public Future<LeaseRenewal> refreshLease(OptionalLong current) {
        Promise<LeaseRenewal> promise = Promise.promise();
        Duration step = timing.retryTimeout().dividedBy(TRIES);
        refresh(current, promise, step, TRIES);
        return promise.future();
    }

    private void refresh(
            OptionalLong current, Promise<LeaseRenewal> promise, Duration step, int left) {
        if (promise.future().isComplete()) {
            return;
        }
        if (left == 0) {
            promise.fail(new StoreUnavailableException("lease: no answer", null));
            return;
        }
        long sent = clock.nanos();
        Duration ttl = timing.ttl();
        roundTrip(
                () -> {
                    boolean extended = current.isPresent() && etcd.extend(current.getAsLong(), ttl);
                    long id = extended ? current.getAsLong() : etcd.grant(ttl);
                    boolean leads = etcd.leaderHangsOn(node.name(), id);
                    return new Refreshed(new LeaseRenewal(id, sent, ttl, !extended), leads);
                },
                answer -> {
                    if (!promise.future().isComplete()) {
                        lastRenewal = Optional.of(answer.renewal());
                        if (answer.leads()) {
                            proved();
                        }
                        promise.complete(answer.renewal());
                    }
                });
        clock.schedule(step, () -> refresh(current, promise, step, left - 1));
    }

    private record Refreshed(LeaseRenewal renewal, boolean leads) {}

    /** What the lease guard would find on file; a little less, as clocks differ in rate. */
    private void proved() {
        lastRenewal.ifPresent(renewal ->
                node.guard()
                        .proved(
                                agent,
                                renewal.deadlineNanos() - renewal.ttl().dividedBy(100).toNanos()));
    }

    private Future<WriteOutcome> lead(
            String what, MemberName self, long leaseId, BooleanSupplier condition) {
        return write(
                        what,
                        () -> {
                            if (!condition.getAsBoolean()) {
                                return new WriteOutcome.Rejected("the leader key is held");
                            }
                            boolean free = etcd.leader().isEmpty();
                            WriteOutcome outcome =
                                    onLease(
                                            leaseId,
                                            () -> etcd.put(SimEtcd.LEADER, self.value(), leaseId));
                            if (free && outcome.applied()) {
                                node.parts().cluster().invariants().acquired(self.value());
                            }
                            return outcome;
                        })
                .onSuccess(outcome -> {
                    if (outcome.applied()) {
                        proved();
                    }
                });
    }

    private WriteOutcome onLease(long leaseId, LongSupplier put) {
        return etcd.leaseLives(leaseId)
                ? new WriteOutcome.Applied(put.getAsLong())
                : new WriteOutcome.Rejected(WriteOutcome.Rejected.LEASE_NOT_FOUND);
    }

    private boolean leaderIs(MemberName self) {
        return etcd.leader().filter(self.value()::equals).isPresent();
    }

    @Override
    public Future<WriteOutcome> acquireLeader(MemberName self, long leaseId, long seenRevision) {
        return lead(
                "acquire",
                self,
                leaseId,
                () ->
                        etcd.leader().isEmpty()
                                && etcd.entry("failsafe")
                                        .filter(entry -> entry.modRevision() > seenRevision)
                                        .isEmpty());
    }

    @Override
    public Future<WriteOutcome> reattachLeader(MemberName self, long createRevision, long leaseId) {
        return lead(
                "reattach", self, leaseId, () -> etcd.term() == createRevision && leaderIs(self));
    }

    @Override
    public Future<WriteOutcome> takeLeaderAfterBootstrap(MemberName self, long leaseId) {
        return lead("take", self, leaseId, () -> true);
    }

    @Override
    public Future<WriteOutcome> releaseLeader(MemberName self, long createRevision) {
        return write(
                "release",
                () -> {
                    if (!leaderIs(self) || etcd.term() != createRevision) {
                        return new WriteOutcome.Rejected("the leader key isn't ours");
                    }
                    node.parts().cluster().invariants().released(self.value());
                    return new WriteOutcome.Applied(etcd.delete(SimEtcd.LEADER));
                });
    }

    @Override
    public Future<WriteOutcome> putMember(Member member, long leaseId) {
        return write(
                "member",
                () ->
                        onLease(
                                leaseId,
                                () -> etcd.put(SimEtcd.MEMBERS + member.name(), member, leaseId)));
    }

    private Future<WriteOutcome> guarded(
            String key, BooleanSupplier condition, LongSupplier change) {
        return write(
                key,
                () ->
                        condition.getAsBoolean()
                                ? new WriteOutcome.Applied(change.getAsLong())
                                : new WriteOutcome.Rejected(key + " has changed"));
    }

    private boolean at(String key, OptionalLong revision) {
        long current = etcd.entry(key).map(SimEtcd.Entry::modRevision).orElse(0L);
        return revision.isEmpty() || revision.getAsLong() == current;
    }

    @Override
    public Future<WriteOutcome> beginBootstrap() {
        return guarded(
                "initialize",
                () -> etcd.entry("initialize").isEmpty(),
                () -> etcd.put("initialize", "", 0));
    }

    @Override
    public Future<WriteOutcome> cancelBootstrap() {
        return guarded("initialize", () -> true, () -> etcd.delete("initialize"));
    }

    @Override
    public Future<WriteOutcome> putInitialize(String systemIdentifier, boolean onlyIfAbsent) {
        return guarded(
                "initialize",
                () -> !onlyIfAbsent || etcd.entry("initialize").isEmpty(),
                () -> etcd.put("initialize", systemIdentifier, 0));
    }

    @Override
    public Future<WriteOutcome> putConfig(
            Map<String, Object> values, OptionalLong expectedRevision) {
        return guarded(
                "config",
                () -> at("config", expectedRevision),
                () -> etcd.put("config", new LinkedHashMap<>(values), 0));
    }

    @Override
    public Future<WriteOutcome> putFailover(
            FailoverRequest request, OptionalLong expectedRevision) {
        return guarded(
                "failover",
                () -> at("failover", expectedRevision),
                () -> etcd.put("failover", request, 0));
    }

    @Override
    public Future<WriteOutcome> putSync(SyncState state, OptionalLong expectedRevision) {
        return guarded(
                "sync", () -> at("sync", expectedRevision), () -> etcd.put("sync", state, 0));
    }

    @Override
    public Future<WriteOutcome> deleteSync(OptionalLong expectedRevision) {
        return guarded("sync", () -> at("sync", expectedRevision), () -> etcd.delete("sync"));
    }

    @Override
    public Future<WriteOutcome> putStatus(ClusterStatus status) {
        return guarded("status", () -> true, () -> etcd.put("status", status, 0));
    }

    @Override
    public Future<WriteOutcome> putHistory(TimelineHistory history) {
        return guarded("history", () -> true, () -> etcd.put("history", history, 0));
    }

    @Override
    public Future<WriteOutcome> putFailsafe(
            MemberName leader, SortedMap<MemberName, String> members) {
        return guarded(
                "failsafe",
                () -> etcd.leader().filter(leader.value()::equals).isPresent(),
                () -> etcd.put("failsafe", members, 0));
    }

    @Override
    public Future<WriteOutcome> deleteCluster() {
        return guarded("cluster", () -> true, etcd::deleteAll);
    }

    @Override
    public void watch(ChangeListener listener) {
        new Watch(listener).begin();
    }

    /** Events come a little later; what a broken connection swallowed is made up for afterwards. */
    private final class Watch implements SimEtcd.Watcher {
        private final ChangeListener listener;
        private boolean missed;
        private long lastArrival;

        Watch(ChangeListener listener) {
            this.listener = listener;
        }

        /** Goes on from the last read: what changed since is told. */
        void begin() {
            etcd.watch(this);
            if (readRevision >= 0 && readRevision < etcd.revision()) {
                changed(Change.ANY, Optional.empty());
            }
        }

        @Override
        public void changed(Change change, Optional<MemberName> leaderGone) {
            if (agent.gone()) {
                etcd.unwatch(this);
                return;
            }
            if (missed) {
                return;
            }
            if (network.openBothWays(node.name(), SimNetwork.STORE)) {
                long now = node.world().now();
                lastArrival = Math.max(lastArrival, now + chance.millis(1, 20));
                node.world()
                        .after(
                                lastArrival - now,
                                agent,
                                () -> listener.changed(change, leaderGone));
            } else {
                missed = true;
                resume();
            }
        }

        private void resume() {
            clock.schedule(
                    Duration.ofMillis(chance.between(300, 1_500)),
                    () -> {
                        if (network.openBothWays(node.name(), SimNetwork.STORE) && !etcd.down()) {
                            missed = false;
                            listener.changed(Change.ANY, Optional.empty());
                        } else {
                            resume();
                        }
                    });
        }
    }

    @Override
    public void configure(Timing now) {
        timing = now;
    }

    @Override
    public String describe() {
        return "simulated";
    }

    @Override
    public Future<Void> close() {
        return Future.succeededFuture();
    }
}
