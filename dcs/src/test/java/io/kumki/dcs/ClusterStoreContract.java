package io.kumki.dcs;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.dcs.ClusterStore.Change;
import io.kumki.dcs.cluster.ClusterSettings.Timing;
import io.kumki.dcs.cluster.ClusterStatus;
import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.FailoverRequest;
import io.kumki.dcs.cluster.Leadership;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.Member.Addresses;
import io.kumki.dcs.cluster.Member.Status;
import io.kumki.dcs.cluster.Member.WalProgress;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.dcs.cluster.SyncState;
import io.kumki.dcs.cluster.Tags;
import io.kumki.dcs.cluster.TimelineHistory;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What every {@link ClusterStore} does: each write's condition from both sides, leases, the watch.
 * The real adapter and the simulated store pass the same tests.
 */
public abstract class ClusterStoreContract {

    private static final long ANY_REVISION = Long.MAX_VALUE - 1;
    private static final MemberName A = new MemberName("pg-a");
    private static final MemberName B = new MemberName("pg-b");
    private static final Timing SHORT_LEASE =
            new Timing(Duration.ofSeconds(5), Duration.ofSeconds(1), Duration.ofSeconds(2));

    protected ClusterStore store;
    private ClusterStore other;

    /** A client of the store under test; all clients of one test see the same, empty cluster. */
    protected abstract ClusterStore open();

    /** Waits for an answer. */
    protected abstract <T> T get(Future<T> future);

    /** Lets time pass until the condition holds; fails after {@code limit} of the store's time. */
    protected abstract void await(Duration limit, BooleanSupplier condition);

    /** The monotonic clock that the store was given. */
    protected abstract long nanoTime();

    @BeforeEach
    final void openTwoClients() {
        store = open();
        other = open();
    }

    @Test
    void an_empty_store_has_no_cluster() {
        ClusterView view = read();

        assertThat(view.initialize()).isEmpty();
        assertThat(view.leadership()).isEqualTo(new Leadership.Vacant());
        assertThat(view.members()).isEmpty();
        assertThat(view.config()).isEmpty();
        assertThat(view.failover()).isEqualTo(FailoverRequest.NONE);
        assertThat(view.sync()).isEqualTo(SyncState.NONE);
        assertThat(view.status()).isEqualTo(ClusterStatus.NONE);
        assertThat(view.history()).isEqualTo(TimelineHistory.UNKNOWN);
        assertThat(view.failsafe()).isEmpty();
    }

    @Test
    void a_lease_is_granted_for_the_ttl_and_counts_from_before_it_was_sent() {
        long before = nanoTime();
        LeaseRenewal granted = lease(store);
        long after = nanoTime();

        assertThat(granted.granted()).isTrue();
        assertThat(granted.ttl()).isEqualTo(Timing.DEFAULT.ttl());
        assertThat(granted.sentAtNanos() - before).isNotNegative();
        assertThat(after - granted.sentAtNanos()).isNotNegative();
    }

    @Test
    void a_lease_is_refreshed_and_not_replaced() {
        LeaseRenewal granted = lease(store);
        LeaseRenewal refreshed = get(store.refreshLease(OptionalLong.of(granted.leaseId())));

        assertThat(refreshed.leaseId()).isEqualTo(granted.leaseId());
        assertThat(refreshed.granted()).isFalse();
        assertThat(refreshed.ttl()).isEqualTo(granted.ttl());
        assertThat(refreshed.sentAtNanos() - granted.sentAtNanos()).isPositive();
    }

    @Test
    void a_lease_that_is_gone_is_replaced() {
        LeaseRenewal renewal = get(store.refreshLease(OptionalLong.of(4711)));

        assertThat(renewal.granted()).isTrue();
        assertThat(renewal.leaseId()).isNotEqualTo(4711);
    }

    @Test
    void another_ttl_takes_a_new_lease() {
        LeaseRenewal granted = lease(store);
        store.configure(SHORT_LEASE);
        LeaseRenewal renewal = get(store.refreshLease(OptionalLong.of(granted.leaseId())));

        assertThat(renewal.granted()).isTrue();
        assertThat(renewal.leaseId()).isNotEqualTo(granted.leaseId());
        assertThat(renewal.ttl()).isEqualTo(SHORT_LEASE.ttl());
    }

    @Test
    void keys_vanish_with_their_lease() {
        store.configure(SHORT_LEASE);
        long lease = lease(store).leaseId();
        applied(store.acquireLeader(A, lease, ANY_REVISION));
        applied(store.putMember(Member.nameOnly(A), lease));

        await(
                Duration.ofSeconds(12),
                () -> read().leader().isEmpty() && read().members().isEmpty());
    }

    @Test
    void the_leader_key_is_taken_once() {
        long leaseA = lease(store).leaseId();
        long revision = applied(store.acquireLeader(A, leaseA, ANY_REVISION));
        rejected(other.acquireLeader(B, lease(other).leaseId(), ANY_REVISION));

        assertThat(read().leadership())
                .isEqualTo(new Leadership.Held(A, revision, revision, leaseA));
    }

    @Test
    void the_leader_key_needs_a_living_lease() {
        WriteOutcome outcome = get(store.acquireLeader(A, 4711, ANY_REVISION));

        assertThat(outcome).isInstanceOf(WriteOutcome.Rejected.class);
        assertThat(((WriteOutcome.Rejected) outcome).leaseNotFound()).isTrue();
        assertThat(read().leader()).isEmpty();
    }

    @Test
    void an_own_leader_key_moves_to_another_lease_and_keeps_its_term() {
        long first = applied(store.acquireLeader(A, lease(store).leaseId(), ANY_REVISION));
        long lease = lease(store).leaseId();
        long second = applied(store.reattachLeader(A, first, lease));

        assertThat(read().leadership()).isEqualTo(new Leadership.Held(A, first, second, lease));
    }

    @Test
    void a_leader_key_of_another_term_is_not_moved() {
        long first = applied(store.acquireLeader(A, lease(store).leaseId(), ANY_REVISION));
        applied(release(store, A));
        rejected(store.reattachLeader(A, first, lease(store).leaseId()));
        applied(store.acquireLeader(A, lease(store).leaseId(), ANY_REVISION));
        rejected(store.reattachLeader(A, first, lease(store).leaseId()));
    }

    @Test
    void the_bootstrap_winner_takes_the_leader_key_whatever_it_holds() {
        applied(other.acquireLeader(B, lease(other).leaseId(), ANY_REVISION));
        applied(store.takeLeaderAfterBootstrap(A, lease(store).leaseId()));

        assertThat(read().leader()).contains(A);
    }

    @Test
    void the_leader_key_is_released_by_its_holder_only() {
        applied(store.acquireLeader(A, lease(store).leaseId(), ANY_REVISION));
        rejected(release(other, B));
        assertThat(read().leader()).contains(A);

        applied(release(store, A));
        assertThat(read().leadership()).isEqualTo(new Leadership.Vacant());
        rejected(release(store, A));
    }

    /** It was given up without an answer, and the lead was won again since. */
    @Test
    void a_late_release_leaves_the_next_term_alone() {
        long first = leadsAgain();

        rejected(store.releaseLeader(A, first));
        assertThat(read().leader()).contains(A);
    }

    /** One member twice, one term after the other; the answer is the first one's revision. */
    private long leadsAgain() {
        long lease = lease(store).leaseId();
        long first = applied(store.acquireLeader(A, lease, ANY_REVISION));
        applied(release(store, A));
        applied(store.acquireLeader(A, lease, ANY_REVISION));
        return first;
    }

    /** Of the term that is there. */
    private Future<WriteOutcome> release(ClusterStore by, MemberName name) {
        long term = read().leadership() instanceof Leadership.Held held ? held.createRevision() : 0;
        return by.releaseLeader(name, term);
    }

    @Test
    void a_new_term_of_leadership_has_a_higher_create_revision() {
        long first = leadsAgain();

        assertThat(((Leadership.Held) read().leadership()).createRevision()).isGreaterThan(first);
    }

    @Test
    void a_member_publishes_itself() {
        long lease = lease(store).leaseId();
        Member member =
                new Member(
                        A,
                        new Addresses(
                                Optional.of("postgres://10.0.0.1:5432/postgres"),
                                Optional.of("http://10.0.0.1:8008/patroni"),
                                Optional.empty()),
                        Status.of("running", "replica", "4.1.4"),
                        new WalProgress(
                                Optional.of(new Lsn(4096)),
                                Optional.of(new Lsn(4096)),
                                Optional.of(new Lsn(2048)),
                                Optional.of("streaming"),
                                3),
                        Tags.of(Map.of("nofailover", true, "failover_priority", 2)),
                        lease);
        applied(store.putMember(member, lease));

        assertThat(read().members()).containsExactly(Map.entry(A, member));
    }

    @Test
    void one_member_wins_the_right_to_bootstrap() {
        applied(store.beginBootstrap());
        rejected(other.beginBootstrap());
        assertThat(read().initialize()).contains("");

        applied(store.cancelBootstrap());
        assertThat(read().initialize()).isEmpty();
        applied(other.beginBootstrap());
    }

    @Test
    void the_system_identifier_is_recorded() {
        applied(store.putInitialize("7300000000000000001", true));
        rejected(other.putInitialize("7300000000000000002", true));
        assertThat(read().systemIdentifier()).contains("7300000000000000001");

        applied(other.putInitialize("7300000000000000002", false));
        assertThat(read().systemIdentifier()).contains("7300000000000000002");
    }

    @Test
    void the_configuration_is_written_at_its_revision_only() {
        Map<String, Object> first = Map.of("ttl", 30, "own", Map.of("x", List.of(1, "ä", true)));
        long revision = applied(store.putConfig(first, OptionalLong.empty()));
        assertThat(read().config().orElseThrow().values()).isEqualTo(first);
        assertThat(read().config().orElseThrow().modRevision()).isEqualTo(revision);

        applied(store.putConfig(Map.of("ttl", 40), OptionalLong.of(revision)));
        rejected(other.putConfig(Map.of("ttl", 50), OptionalLong.of(revision)));
        assertThat(read().config().orElseThrow().values()).isEqualTo(Map.of("ttl", 40));

        applied(other.putConfig(Map.of("ttl", 60), OptionalLong.empty()));
        assertThat(read().config().orElseThrow().values()).isEqualTo(Map.of("ttl", 60));
    }

    @Test
    void a_request_is_written_and_cleared_at_its_revision_only() {
        FailoverRequest request =
                new FailoverRequest(
                        Optional.of(A),
                        Optional.of(B),
                        Optional.of("2030-01-01T00:00:00+00:00"),
                        0);
        long revision = applied(store.putFailover(request, OptionalLong.empty()));
        assertThat(read().failover())
                .isEqualTo(
                        new FailoverRequest(
                                request.leader(),
                                request.candidate(),
                                request.scheduledAt(),
                                revision));

        rejected(other.putFailover(FailoverRequest.NONE, OptionalLong.of(revision - 1)));
        applied(other.putFailover(FailoverRequest.NONE, OptionalLong.of(revision)));
        assertThat(read().failover().present()).isFalse();
        assertThat(read().failover().modRevision()).isGreaterThan(revision);
    }

    @Test
    void the_sync_state_is_a_chain_of_revisions() {
        SyncState state = new SyncState(Optional.of(A), 1, List.of(B), 0);
        long first = applied(store.putSync(state, OptionalLong.empty()));
        assertThat(read().sync()).isEqualTo(new SyncState(Optional.of(A), 1, List.of(B), first));

        SyncState alone = new SyncState(Optional.of(A), 0, List.of(), 0);
        long second = applied(store.putSync(alone, OptionalLong.of(first)));
        rejected(other.putSync(state, OptionalLong.of(first)));
        rejected(other.deleteSync(OptionalLong.of(first)));
        assertThat(read().sync().standbys()).isEmpty();

        applied(store.deleteSync(OptionalLong.of(second)));
        assertThat(read().sync()).isEqualTo(SyncState.NONE);
        applied(store.deleteSync(OptionalLong.empty()));
    }

    @Test
    void status_history_and_failsafe_come_back_as_written() {
        ClusterStatus status =
                new ClusterStatus(
                        Optional.of(new Lsn(67108864)),
                        new TreeMap<>(Map.of("pg_b", new Lsn(67100000))),
                        List.of("pg_a", "pg_b"));
        TimelineHistory history =
                new TimelineHistory(
                        true,
                        List.of(
                                new TimelineHistory.Entry(
                                        1,
                                        new Lsn(25623960),
                                        "no recovery target specified",
                                        Optional.of("2026-07-01T10:00:00.123456+00:00"),
                                        Optional.of("pg-a"))));
        TreeMap<MemberName, String> failsafe =
                new TreeMap<>(Map.of(A, "http://10.0.0.1:8008/patroni"));
        applied(store.putStatus(status));
        applied(store.putHistory(history));
        applied(store.acquireLeader(A, lease(store).leaseId(), ANY_REVISION));
        applied(store.putFailsafe(A, failsafe));

        assertThat(read().status()).isEqualTo(status);
        assertThat(read().history()).isEqualTo(history);
        assertThat(read().failsafe()).contains(failsafe);
    }

    @Test
    void only_the_holder_of_the_leader_key_changes_failsafe() {
        TreeMap<MemberName, String> failsafe = new TreeMap<>(Map.of(A, "http://a:8008/patroni"));

        rejected(store.putFailsafe(A, failsafe));
        applied(store.acquireLeader(A, lease(store).leaseId(), ANY_REVISION));
        rejected(store.putFailsafe(B, failsafe));
        assertThat(read().failsafe()).isEmpty();
    }

    @Test
    void the_leader_key_is_not_taken_by_who_has_not_seen_the_last_failsafe_key() {
        long term = applied(store.acquireLeader(A, lease(store).leaseId(), ANY_REVISION));
        long named = applied(store.putFailsafe(A, new TreeMap<>(Map.of(A, "http://a:8008"))));
        applied(release(store, A));

        rejected(other.acquireLeader(B, lease(other).leaseId(), term));
        assertThat(read().leader()).isEmpty();
        applied(other.acquireLeader(B, lease(other).leaseId(), named));
    }

    @Test
    void deleting_the_cluster_leaves_nothing() {
        applied(store.beginBootstrap());
        applied(store.acquireLeader(A, lease(store).leaseId(), ANY_REVISION));
        applied(store.deleteCluster());

        assertThat(read().initialize()).isEmpty();
        assertThat(read().leader()).isEmpty();
    }

    @Test
    void the_view_tells_the_revision_it_was_read_at() {
        long written = applied(store.beginBootstrap());

        assertThat(read().revision()).isGreaterThanOrEqualTo(written);
    }

    @Test
    void the_watch_tells_which_key_changed() {
        List<Change> changes = watched();
        applied(other.putConfig(Map.of("ttl", 30), OptionalLong.empty()));
        applied(other.putStatus(ClusterStatus.NONE));
        applied(other.putFailover(FailoverRequest.NONE, OptionalLong.empty()));
        applied(other.putSync(SyncState.NONE, OptionalLong.empty()));
        applied(other.beginBootstrap());
        applied(other.putMember(Member.nameOnly(B), lease(other).leaseId()));
        applied(other.putHistory(TimelineHistory.EMPTY));
        applied(other.acquireLeader(B, lease(other).leaseId(), ANY_REVISION));

        await(Duration.ofSeconds(10), () -> changes.contains(Change.LEADER));
        assertThat(changes)
                .containsSubsequence(
                        Change.CONFIG,
                        Change.STATUS,
                        Change.FAILOVER,
                        Change.SYNC,
                        Change.INITIALIZE,
                        Change.MEMBER,
                        Change.OTHER,
                        Change.LEADER);
    }

    @Test
    void the_watch_tells_of_a_member_that_came_but_not_of_what_it_publishes_later() {
        List<Change> changes = watched();
        long lease = lease(other).leaseId();
        applied(other.putMember(Member.nameOnly(B), lease));
        applied(other.putMember(Member.nameOnly(B), lease));
        applied(other.beginBootstrap());

        await(Duration.ofSeconds(10), () -> changes.contains(Change.INITIALIZE));
        assertThat(changes).containsExactly(Change.MEMBER, Change.OTHER, Change.INITIALIZE);
    }

    @Test
    void the_watch_tells_who_gave_up_the_leader_key() {
        List<Optional<MemberName>> gone = new CopyOnWriteArrayList<>();
        read();
        store.watch((_, leaderGone) -> gone.add(leaderGone));
        applied(other.acquireLeader(B, lease(other).leaseId(), ANY_REVISION));
        applied(release(other, B));

        await(Duration.ofSeconds(10), () -> gone.contains(Optional.of(B)));
    }

    @Test
    void what_changed_between_the_read_and_the_watch_is_told() {
        read();
        applied(other.putConfig(Map.of("ttl", 30), OptionalLong.empty()));
        List<Change> changes = new CopyOnWriteArrayList<>();
        store.watch((change, _) -> changes.add(change));

        await(
                Duration.ofSeconds(10),
                () -> changes.contains(Change.CONFIG) || changes.contains(Change.ANY));
    }

    private List<Change> watched() {
        read();
        List<Change> changes = new CopyOnWriteArrayList<>();
        store.watch((change, _) -> changes.add(change));
        return changes;
    }

    protected final ClusterView read() {
        return get(store.read());
    }

    protected final LeaseRenewal lease(ClusterStore client) {
        return get(client.refreshLease(OptionalLong.empty()));
    }

    protected final long applied(Future<WriteOutcome> write) {
        WriteOutcome outcome = get(write);
        assertThat(outcome).isInstanceOf(WriteOutcome.Applied.class);
        return ((WriteOutcome.Applied) outcome).revision();
    }

    protected final void rejected(Future<WriteOutcome> write) {
        assertThat(get(write)).isInstanceOf(WriteOutcome.Rejected.class);
    }
}
