package io.kumki.restapi;

import io.kumki.dcs.StoreUnavailableException;
import io.kumki.dcs.WriteOutcome;
import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.FailoverRequest;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.dcs.cluster.ScheduledRestart;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/** A node as the API sees it: what it is asked is kept, what it answers is set by the test. */
final class FakeNode implements NodeView, NodeControl {

    volatile NodeSnapshot snapshot = Nodes.leader();
    volatile Optional<ClusterView> store = Optional.of(Nodes.cluster());
    final EventJournal journal = new EventJournal("n1", Api.NOW);
    volatile List<DecisionEntry> decisions = List.of();
    volatile List<Candidacy> candidacies =
            List.of(new Candidacy(new MemberName("n2"), Optional.empty()));
    volatile WriteOutcome writeOutcome = new WriteOutcome.Applied(100);

    /** What the cluster becomes when a failover request has been written. */
    volatile UnaryOperator<ClusterView> afterRequest = UnaryOperator.identity();

    volatile Future<RestartResult> restartResult =
            Future.succeededFuture(new RestartResult.Restarted());
    volatile Future<Boolean> restartScheduled = Future.succeededFuture(true);
    volatile ReinitializeResult reinitializeResult = new ReinitializeResult.Started();
    volatile FailsafeAnswer failsafeAnswer = new FailsafeAnswer.ModeOff();
    volatile Optional<SortedMap<MemberName, String>> failsafe = Optional.empty();

    /** Added to the clock at each look at the store: time flies. */
    volatile long nanosPerRead;

    final AtomicLong clockOffset = new AtomicLong();

    /** Who comes next is held up here: taken once. */
    final AtomicReference<Optional<CountDownLatch>> hang = new AtomicReference<>(Optional.empty());

    /** What {@code fresh} gives in place of the snapshot. */
    volatile Optional<Future<NodeSnapshot>> look = Optional.empty();

    /** What a look at the server's position gives. */
    volatile Supplier<Future<Optional<Lsn>>> position =
            () -> Future.succeededFuture(Optional.empty());

    /** How often that was looked at. */
    final AtomicInteger looks = new AtomicInteger();

    /** The agent has a bug. */
    volatile boolean broken;

    final List<Object> asked = Collections.synchronizedList(new ArrayList<>());

    @Override
    public NodeSnapshot snapshot() {
        Optional<CountDownLatch> latch = hang.getAndSet(Optional.empty());
        if (latch.isPresent()) {
            try {
                latch.get().await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        if (broken) {
            throw new IllegalStateException("a secret of the agent");
        }
        return snapshot;
    }

    @Override
    public Future<NodeSnapshot> fresh(Duration maxAge) {
        asked.add("fresh " + maxAge);
        return look.orElseGet(() -> Future.succeededFuture(snapshot));
    }

    @Override
    public Future<Optional<Lsn>> walPosition() {
        looks.incrementAndGet();
        return position.get();
    }

    @Override
    public long nowNanos() {
        return System.nanoTime() + clockOffset.get();
    }

    @Override
    public List<DecisionEntry> decisions() {
        return decisions;
    }

    @Override
    public EventJournal events() {
        return journal;
    }

    @Override
    public LoopMetrics loopMetrics() {
        return new LoopMetrics(
                7,
                12_500_000,
                new TreeMap<>(Map.of("leader.renews", 5L)),
                2,
                OptionalLong.of(20_000_000_000L),
                new TreeMap<>(Map.of("feed", true)),
                Optional.of(new WatchdogMetrics(true, 25, 3)),
                timings());
    }

    private LoopTimings timings() {
        Histogram times = Histogram.ofSeconds(0.01, 1);
        times.record(10_000_000);
        times.record(500_000_000);
        times.record(2_000_000_000);
        return new LoopTimings(
                times.snapshot(),
                new TreeMap<>(Map.of("read", times.snapshot(), "renew", times.snapshot())),
                times.snapshot(),
                new TreeMap<>(Map.of("writable", times.snapshot())),
                times.snapshot(),
                OptionalLong.of(nowNanos() - 1_000_000_000L));
    }

    @Override
    public Future<ClusterView> readCluster() {
        clockOffset.addAndGet(nanosPerRead);
        return store.map(Future::succeededFuture)
                .orElseGet(() ->
                        Future.failedFuture(new StoreUnavailableException("etcd is silent", null)));
    }

    @Override
    public Future<List<Candidacy>> askCandidates(Collection<MemberName> members) {
        asked.add(List.copyOf(members));
        return Future.succeededFuture(candidacies);
    }

    @Override
    public Future<Optional<Lease>> askLease(Member leader) {
        asked.add(leader.name());
        return Future.succeededFuture(
                Optional.of(new Lease(Duration.ofMillis(17_342), Duration.ofSeconds(30))));
    }

    @Override
    public Future<WriteOutcome> requestFailover(
            FailoverRequest request, OptionalLong expectedRevision) {
        asked.add(request);
        if (writeOutcome.applied()) {
            store = store.map(Nodes.with(request)).map(afterRequest);
        }
        return Future.succeededFuture(writeOutcome);
    }

    @Override
    public Future<WriteOutcome> writeConfig(
            Map<String, Object> values, OptionalLong expectedRevision) {
        asked.add(values);
        asked.add(expectedRevision);
        return Future.succeededFuture(writeOutcome);
    }

    @Override
    public void wake() {
        asked.add("wake");
    }

    @Override
    public Future<RestartResult> restart(ScheduledRestart.Conditions conditions) {
        asked.add(conditions);
        return restartResult;
    }

    @Override
    public Future<Boolean> scheduleRestart(ScheduledRestart restart) {
        asked.add(restart);
        return restartScheduled;
    }

    @Override
    public Future<Boolean> deleteScheduledRestart() {
        return restartScheduled;
    }

    @Override
    public Future<ReinitializeResult> reinitialize(boolean force, boolean fromLeader) {
        asked.add("reinitialize force=" + force + " fromLeader=" + fromLeader);
        return Future.succeededFuture(reinitializeResult);
    }

    @Override
    public void reload() {
        asked.add("reload");
    }

    @Override
    public Optional<SortedMap<MemberName, String>> failsafeMembers() {
        return failsafe;
    }

    @Override
    public Future<FailsafeAnswer> failsafe(FailsafeCall call) {
        asked.add(call);
        return Future.succeededFuture(failsafeAnswer);
    }
}
