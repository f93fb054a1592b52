package io.kumki.dcs.etcd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kumki.dcs.ClusterStore.Change;
import io.kumki.dcs.LeaseRenewal;
import io.kumki.dcs.StoreUnavailableException;
import io.kumki.dcs.WriteOutcome;
import io.kumki.dcs.etcd.EtcdConfig.Credentials;
import io.kumki.dcs.etcd.EtcdConfig.Tls;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** An etcd with users: tokens of two seconds, restarts, changed rights. */
class EtcdAuthenticationIT {

    private static final String ROOT = "--user=root:pa55";

    /** Tokens live 2 s, and etcd looks for old ones every second. */
    private static final Duration EXPIRY = Duration.ofMillis(3_500);

    private EtcdProcess etcd;
    private Vertx vertx;
    private final List<EtcdClusterStore> opened = new ArrayList<>();

    @BeforeEach
    void enableAuthentication() {
        etcd = EtcdProcess.single("--auth-token=simple", "--auth-token-ttl=2", "--bcrypt-cost=4");
        vertx = StoreTests.vertx();
        etcd.ctl("user", "add", "root:pa55");
        etcd.ctl("user", "grant-role", "root", "root");
        etcd.ctl("user", "add", "kumki:s3cret");
        etcd.ctl("role", "add", "agent");
        etcd.ctl("role", "grant-permission", "agent", "readwrite", "--prefix=true", "/service/");
        etcd.ctl("user", "grant-role", "kumki", "agent");
        etcd.ctl("auth", "enable");
    }

    @AfterEach
    void end() {
        opened.forEach(store -> StoreTests.await(store.close()));
        StoreTests.await(vertx.close());
        etcd.close();
    }

    @Test
    void expired_tokens_are_renewed_by_reads_writes_keep_alives_and_the_watch() {
        EtcdClusterStore store = open("kumki", "s3cret");
        LeaseRenewal lease = StoreTests.lease(store);
        StoreTests.await(
                store.acquireLeader(StoreTests.A, lease.leaseId(), StoreTests.ANY_REVISION));
        StoreTests.await(store.read());
        List<Change> changes = StoreTests.watch(store);

        double authenticated = authentications();

        pass(EXPIRY);
        assertThat(StoreTests.await(store.refreshLease(OptionalLong.of(lease.leaseId()))).granted())
                .isFalse();
        pass(EXPIRY);
        assertThat(StoreTests.await(store.putConfig(Map.of("a", 1), OptionalLong.empty())))
                .isInstanceOf(WriteOutcome.Applied.class);
        pass(EXPIRY);
        StoreTests.await(store.read());

        // 3 from etcd 3.4.42, 3.5.28 and 3.6.9 on, which want a token for the keep-alive as well
        assertThat(authentications() - authenticated)
                .as("the tokens did expire")
                .isBetween(2.0, 3.0);
        Awaitility.await().untilAsserted(() -> assertThat(changes).contains(Change.CONFIG));
    }

    @Test
    void a_restarted_etcd_that_forgot_all_tokens_is_used_on() {
        EtcdClusterStore store = open("kumki", "s3cret");
        LeaseRenewal lease = StoreTests.lease(store);
        StoreTests.await(store.read());
        List<Change> changes = StoreTests.watch(store);

        etcd.kill(0);
        etcd.restart(0);

        assertThat(StoreTests.await(store.refreshLease(OptionalLong.of(lease.leaseId()))).granted())
                .isFalse();
        Awaitility.await().untilAsserted(() -> assertThat(changes).contains(Change.ANY));
    }

    @Test
    void changed_rights_do_not_disturb() {
        EtcdClusterStore store = open("kumki", "s3cret");
        StoreTests.await(store.read());

        etcd.ctl(ROOT, "role", "add", "other");
        etcd.ctl(ROOT, "user", "grant-role", "kumki", "other");

        assertThat(StoreTests.await(store.putConfig(Map.of("a", 1), OptionalLong.empty())))
                .isInstanceOf(WriteOutcome.Applied.class);
        StoreTests.await(store.read());
    }

    @Test
    void a_wrong_password_is_told_and_shown_nowhere() {
        EtcdClusterStore store = open("kumki", "wr0ng");

        assertThatThrownBy(() -> StoreTests.await(store.read()))
                .isInstanceOf(StoreUnavailableException.class)
                .hasMessageContaining("invalid user ID or password")
                .message()
                .doesNotContain("wr0ng");
    }

    @Test
    void a_user_without_rights_is_refused_and_not_asked_for_ever() {
        etcd.ctl(ROOT, "role", "revoke-permission", "agent", "--prefix=true", "/service/");
        EtcdClusterStore store = open("kumki", "s3cret");

        long start = System.nanoTime();
        assertThatThrownBy(() -> StoreTests.await(store.read()))
                .isInstanceOf(StoreUnavailableException.class)
                .hasMessageContaining("permission denied");
        assertThat(StoreTests.await(store.beginBootstrap()))
                .isInstanceOf(WriteOutcome.Rejected.class);
        assertThat(StoreTests.since(start)).isLessThan(Duration.ofSeconds(5));
    }

    @Test
    void credentials_for_an_etcd_without_users_are_harmless_until_it_wants_them() {
        etcd.ctl(ROOT, "auth", "disable");
        EtcdClusterStore store = open("kumki", "s3cret");
        StoreTests.await(store.read());

        etcd.ctl("auth", "enable");
        StoreTests.await(store.read());
    }

    @Test
    void no_credentials_for_an_etcd_with_users_is_refused() {
        EtcdClusterStore store = StoreTests.open(vertx, "auth", etcd.endpoints());
        opened.add(store);

        assertThatThrownBy(() -> StoreTests.await(store.read()))
                .isInstanceOf(StoreUnavailableException.class)
                .hasMessageContaining("user name is empty");
    }

    private double authentications() {
        return etcd.metric(
                0, "grpc_server_handled_total{grpc_code=\"OK\",grpc_method=\"Authenticate\"");
    }

    private void pass(Duration time) {
        long start = System.nanoTime();
        Awaitility.await()
                .atMost(time.plusSeconds(5))
                .until(() -> StoreTests.since(start).compareTo(time) > 0);
    }

    private EtcdClusterStore open(String user, String password) {
        EtcdClusterStore store =
                StoreTests.open(
                        vertx,
                        "auth",
                        new EtcdConfig(
                                etcd.endpoints(),
                                Optional.of(new Credentials(user, password)),
                                Tls.NONE,
                                true));
        opened.add(store);
        return store;
    }
}
