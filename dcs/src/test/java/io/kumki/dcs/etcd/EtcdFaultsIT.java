package io.kumki.dcs.etcd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kumki.dcs.LeaseRenewal;
import io.kumki.dcs.StoreUnavailableException;
import io.kumki.dcs.WriteOutcome;
import io.kumki.dcs.cluster.ClusterSettings.Timing;
import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.Leadership;
import io.kumki.dcs.cluster.Member;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Endpoints that hang, answers that get lost, an etcd that goes away and comes back. */
class EtcdFaultsIT {

    private static EtcdProcess etcd;
    private static Vertx vertx;
    private static int clusters;

    private final String scope = "faults" + clusters++;
    private final List<EtcdClusterStore> opened = new ArrayList<>();

    @BeforeAll
    static void start() {
        etcd = EtcdProcess.single();
        vertx = StoreTests.vertx();
    }

    @AfterAll
    static void end() {
        StoreTests.await(vertx.close());
        etcd.close();
    }

    @AfterEach
    void closeClients() {
        opened.forEach(store -> StoreTests.await(store.close()));
    }

    @Test
    void an_endpoint_that_accepts_and_says_nothing_is_left_for_the_next_one() throws IOException {
        try (ServerSocket hole = blackHole()) {
            EtcdClusterStore store = open(StoreTests.SHORT, address(hole), etcd.endpoint(0));
            StoreTests.await(store.read());

            long start = System.nanoTime();
            StoreTests.await(store.read());
            assertThat(StoreTests.since(start)).isLessThan(Duration.ofMillis(500));
        }
    }

    @Test
    void a_read_without_any_answer_fails_within_its_budget_and_says_what_to_check()
            throws IOException {
        try (ServerSocket hole = blackHole()) {
            EtcdClusterStore store = open(StoreTests.SHORT, address(hole));

            long start = System.nanoTime();
            assertThatThrownBy(() -> StoreTests.await(store.read()))
                    .isInstanceOf(StoreUnavailableException.class)
                    .hasMessageContaining(address(hole).toString())
                    .hasMessageContaining("etcdctl endpoint health");
            assertThat(StoreTests.since(start)).isLessThan(Duration.ofMillis(3_500));
            assertThat(store.describe()).contains("DEADLINE_EXCEEDED");
        }
    }

    @Test
    void a_write_without_any_answer_is_unknown_within_its_budget() throws IOException {
        try (ServerSocket hole = blackHole()) {
            EtcdClusterStore store = open(StoreTests.SHORT, address(hole));

            long start = System.nanoTime();
            assertThat(StoreTests.await(store.beginBootstrap()))
                    .isInstanceOf(WriteOutcome.Unknown.class);
            assertThat(StoreTests.await(store.putMember(Member.nameOnly(StoreTests.A), 1)))
                    .isInstanceOf(WriteOutcome.Unknown.class);
            assertThat(StoreTests.since(start)).isLessThan(Duration.ofSeconds(7));
        }
    }

    @Test
    void a_write_that_was_never_sent_goes_to_the_next_endpoint() throws IOException {
        ServerSocket nobody = blackHole();
        nobody.close();
        EtcdClusterStore store = open(StoreTests.SHORT, address(nobody), etcd.endpoint(0));

        assertThat(StoreTests.await(store.putConfig(Map.of("ttl", 30), OptionalLong.empty())))
                .isInstanceOf(WriteOutcome.Applied.class);
    }

    @Test
    void an_acquisition_whose_answer_was_lost_is_read_back() {
        try (UnreliableProxy proxy = new UnreliableProxy(etcd.endpoint(0))) {
            EtcdClusterStore store = open(Timing.DEFAULT, proxy.endpoint(), etcd.endpoint(0));
            long lease = StoreTests.lease(store).leaseId();
            proxy.loseAnswers(true);

            WriteOutcome outcome =
                    StoreTests.await(
                            store.acquireLeader(StoreTests.A, lease, StoreTests.ANY_REVISION));

            ClusterView view = StoreTests.await(store.read());
            long revision = ((Leadership.Held) view.leadership()).modRevision();
            assertThat(outcome).isEqualTo(new WriteOutcome.Applied(revision));
        }
    }

    @Test
    void an_unconditional_write_whose_answer_was_lost_is_unknown_and_not_repeated() {
        try (UnreliableProxy proxy = new UnreliableProxy(etcd.endpoint(0))) {
            EtcdClusterStore store = open(Timing.DEFAULT, proxy.endpoint(), etcd.endpoint(0));
            StoreTests.await(store.read());
            proxy.loseAnswers(true);

            WriteOutcome outcome =
                    StoreTests.await(store.putConfig(Map.of("ttl", 31), OptionalLong.empty()));

            assertThat(outcome).isInstanceOf(WriteOutcome.Unknown.class);
            ClusterView view = StoreTests.await(store.read());
            assertThat(view.config().orElseThrow().values()).isEqualTo(Map.of("ttl", 31));
            assertThat(etcd.ctl("get", "/service/" + scope + "/config", "-w", "fields"))
                    .contains("\"Version\" : 1");
        }
    }

    @Test
    void a_lost_answer_to_the_bootstrap_race_stays_unknown() {
        try (UnreliableProxy proxy = new UnreliableProxy(etcd.endpoint(0))) {
            EtcdClusterStore store = open(Timing.DEFAULT, proxy.endpoint(), etcd.endpoint(0));
            StoreTests.await(store.read());
            proxy.loseAnswers(true);

            assertThat(StoreTests.await(store.beginBootstrap()))
                    .isInstanceOf(WriteOutcome.Unknown.class);
        }
    }

    @Test
    void a_lease_counts_from_the_sending_of_the_try_that_was_answered() {
        try (UnreliableProxy proxy = new UnreliableProxy(etcd.endpoint(0))) {
            EtcdClusterStore store = open(Timing.DEFAULT, proxy.endpoint());
            long lease = StoreTests.lease(store).leaseId();
            proxy.delayAnswers(400);

            LeaseRenewal slow = StoreTests.await(store.refreshLease(OptionalLong.of(lease)));
            long answered = System.nanoTime();

            assertThat(slow.leaseId()).isEqualTo(lease);
            assertThat(Duration.ofNanos(answered - slow.sentAtNanos()))
                    .isGreaterThanOrEqualTo(Duration.ofMillis(400));

            proxy.delayAnswers(0);
            proxy.loseAnswers(true);
            long asked = System.nanoTime();
            Future<LeaseRenewal> late = store.refreshLease(OptionalLong.of(lease));
            vertx.setTimer(500, _ -> proxy.cut(true));
            vertx.setTimer(
                    600,
                    _ -> {
                        proxy.loseAnswers(false);
                        proxy.cut(false);
                    });
            assertThat(Duration.ofNanos(StoreTests.await(late).sentAtNanos() - asked))
                    .isGreaterThanOrEqualTo(Duration.ofMillis(400));
        }
    }

    @Test
    void an_etcd_that_is_only_slow_gets_its_answer_in() {
        try (UnreliableProxy proxy = new UnreliableProxy(etcd.endpoint(0))) {
            EtcdClusterStore store = open(Timing.DEFAULT, proxy.endpoint());
            StoreTests.await(store.read());
            proxy.delayAnswers(1_300);

            assertThat(StoreTests.await(store.read())).isNotNull();
        }
    }

    @Test
    void a_whole_etcd_that_restarts_within_the_budget_loses_nothing() {
        EtcdClusterStore store = open(Timing.DEFAULT, etcd.endpoint(0));
        long lease = StoreTests.lease(store).leaseId();
        StoreTests.await(store.acquireLeader(StoreTests.A, lease, StoreTests.ANY_REVISION));

        etcd.kill(0);
        Future<ClusterView> during = store.read();
        etcd.relaunch(0);

        assertThat(StoreTests.await(during).leader()).contains(StoreTests.A);
        assertThat(StoreTests.await(store.refreshLease(OptionalLong.of(lease))).granted())
                .isFalse();
    }

    @Test
    void a_frozen_etcd_answers_at_once_after_it_thawed() {
        EtcdClusterStore store = open(Timing.DEFAULT, etcd.endpoint(0));
        StoreTests.await(store.read());

        etcd.freeze(0);
        Future<ClusterView> during = store.read();
        vertx.setTimer(2_000, _ -> etcd.thaw(0));
        StoreTests.await(during);

        long start = System.nanoTime();
        StoreTests.await(store.read());
        assertThat(StoreTests.since(start)).isLessThan(Duration.ofMillis(500));
    }

    @Test
    void keep_alives_leave_nothing_behind_in_etcd() {
        EtcdClusterStore store = open(Timing.DEFAULT, etcd.endpoint(0));
        long lease = StoreTests.lease(store).leaseId();
        refresh(store, lease, 20);
        double goroutines = etcd.metric(0, "go_goroutines");
        double requests = keepAliveMessages();

        refresh(store, lease, 300);

        assertThat(keepAliveMessages() - requests).isEqualTo(300);
        assertThat(etcd.metric(0, "go_goroutines")).isLessThan(goroutines + 20);
    }

    @Test
    void futures_complete_on_the_context_that_called_and_close_leaves_vertx_alive() {
        EtcdClusterStore store = open(Timing.DEFAULT, etcd.endpoint(0));
        Context caller = vertx.getOrCreateContext();
        Future<Boolean> onCaller =
                Future.future(promise ->
                        caller.runOnContext(_ ->
                                store.read()
                                        .map(_ -> caller.equals(Vertx.currentContext()))
                                        .onComplete(promise)));
        assertThat(StoreTests.await(onCaller)).isTrue();

        StoreTests.await(store.close());
        assertThatThrownBy(() -> StoreTests.await(store.read()))
                .isInstanceOf(StoreUnavailableException.class)
                .hasMessageContaining("closed");
        assertThat(StoreTests.await(vertx.timer(1).map("fired"))).isEqualTo("fired");
    }

    private static void refresh(EtcdClusterStore store, long lease, int times) {
        IntStream.range(0, times)
                .forEach(_ -> StoreTests.await(store.refreshLease(OptionalLong.of(lease))));
    }

    private static double keepAliveMessages() {
        return etcd.metric(0, "grpc_server_msg_received_total{grpc_method=\"LeaseKeepAlive\"");
    }

    private EtcdClusterStore open(Timing timing, URI... endpoints) {
        EtcdClusterStore store = StoreTests.open(vertx, scope, List.of(endpoints));
        store.configure(timing);
        opened.add(store);
        return store;
    }

    /** Connections are made by the kernel, nobody ever reads from them. */
    private static ServerSocket blackHole() throws IOException {
        return new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    }

    private static URI address(ServerSocket socket) {
        return URI.create("http://127.0.0.1:" + socket.getLocalPort());
    }
}
