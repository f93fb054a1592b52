package io.kumki.ctl;

import io.kumki.dcs.ClusterStore;
import io.kumki.dcs.LeaseRenewal;
import io.kumki.dcs.StoreUnavailableException;
import io.kumki.dcs.WriteOutcome;
import io.kumki.dcs.cluster.ClusterSettings.Timing;
import io.kumki.dcs.cluster.ClusterStatus;
import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.DynamicConfig;
import io.kumki.dcs.cluster.FailoverRequest;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.dcs.cluster.SyncState;
import io.kumki.dcs.cluster.TimelineHistory;
import io.vertx.core.Future;
import java.util.Map;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/** One cluster's keys in memory; what a client may not write is refused loudly. */
public final class FakeStore implements ClusterStore {

    private ClusterView view = ClusterView.EMPTY;
    private UnaryOperator<ClusterView> beforeRead = UnaryOperator.identity();
    private Consumer<ClusterView> afterRead = _ -> {};
    private boolean silent;
    private boolean deleted;

    public void set(ClusterView other) {
        view = other;
    }

    /** What the cluster does by itself between two reads. */
    public void beforeEachRead(UnaryOperator<ClusterView> change) {
        beforeRead = change;
    }

    /** What others do between a read and the write that follows from it. */
    public void afterEachRead(Consumer<ClusterView> action) {
        afterRead = action;
    }

    public void fallSilent() {
        silent = true;
    }

    public ClusterView view() {
        return view;
    }

    public boolean deleted() {
        return deleted;
    }

    @Override
    public Future<ClusterView> read() {
        if (silent) {
            return Future.failedFuture(
                    new StoreUnavailableException("etcd at 10.0.0.5:2379 gave no answer", null));
        }
        view = beforeRead.apply(view);
        ClusterView seen = view;
        afterRead.accept(seen);
        return Future.succeededFuture(seen);
    }

    @Override
    public Future<WriteOutcome> putConfig(Map<String, Object> values, OptionalLong expected) {
        long revision = view.config().map(DynamicConfig::modRevision).orElse(0L);
        if (expected.isPresent() && expected.getAsLong() != revision) {
            return Future.succeededFuture(new WriteOutcome.Rejected("revision is " + revision));
        }
        view = Views.withConfig(view, new DynamicConfig(values, revision + 1));
        return Future.succeededFuture(new WriteOutcome.Applied(revision + 1));
    }

    @Override
    public Future<WriteOutcome> putFailover(FailoverRequest request, OptionalLong expected) {
        if (expected.isPresent() && expected.getAsLong() != view.failover().modRevision()) {
            return Future.succeededFuture(new WriteOutcome.Rejected("changed"));
        }
        view = Views.withFailover(view, request);
        return Future.succeededFuture(new WriteOutcome.Applied(1));
    }

    @Override
    public Future<WriteOutcome> deleteCluster() {
        view = ClusterView.EMPTY;
        deleted = true;
        return Future.succeededFuture(new WriteOutcome.Applied(1));
    }

    @Override
    public Future<LeaseRenewal> refreshLease(OptionalLong current) {
        throw notForClients();
    }

    @Override
    public Future<WriteOutcome> acquireLeader(MemberName self, long leaseId, long seenRevision) {
        throw notForClients();
    }

    @Override
    public Future<WriteOutcome> reattachLeader(MemberName self, long createRevision, long leaseId) {
        throw notForClients();
    }

    @Override
    public Future<WriteOutcome> takeLeaderAfterBootstrap(MemberName self, long leaseId) {
        throw notForClients();
    }

    @Override
    public Future<WriteOutcome> releaseLeader(MemberName self, long createRevision) {
        throw notForClients();
    }

    @Override
    public Future<WriteOutcome> putMember(Member member, long leaseId) {
        throw notForClients();
    }

    @Override
    public Future<WriteOutcome> beginBootstrap() {
        throw notForClients();
    }

    @Override
    public Future<WriteOutcome> cancelBootstrap() {
        throw notForClients();
    }

    @Override
    public Future<WriteOutcome> putInitialize(String systemIdentifier, boolean onlyIfAbsent) {
        throw notForClients();
    }

    @Override
    public Future<WriteOutcome> putSync(SyncState state, OptionalLong expectedRevision) {
        throw notForClients();
    }

    @Override
    public Future<WriteOutcome> deleteSync(OptionalLong expectedRevision) {
        throw notForClients();
    }

    @Override
    public Future<WriteOutcome> putStatus(ClusterStatus status) {
        throw notForClients();
    }

    @Override
    public Future<WriteOutcome> putHistory(TimelineHistory history) {
        throw notForClients();
    }

    @Override
    public Future<WriteOutcome> putFailsafe(
            MemberName leader, SortedMap<MemberName, String> members) {
        throw notForClients();
    }

    @Override
    public void watch(ChangeListener listener) {
        throw notForClients();
    }

    @Override
    public void configure(Timing timing) {
        throw notForClients();
    }

    @Override
    public String describe() {
        return "fake";
    }

    @Override
    public Future<Void> close() {
        return Future.succeededFuture();
    }

    private static AssertionError notForClients() {
        return new AssertionError("a client never does this");
    }
}
