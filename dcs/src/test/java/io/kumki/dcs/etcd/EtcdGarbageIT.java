package io.kumki.dcs.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.dcs.WriteOutcome;
import io.kumki.dcs.cluster.ClusterStatus;
import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.Leadership;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.TimelineHistory;
import io.vertx.core.Vertx;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever stands in the keys, a view comes out, and the log names the key once. */
class EtcdGarbageIT {

    private static final List<String> KEYS =
            List.of(
                    "leader",
                    "members/pg-a",
                    "config",
                    "failover",
                    "sync",
                    "status",
                    "history",
                    "failsafe");

    private static EtcdProcess etcd;
    private static Vertx vertx;
    private static int clusters;

    private final String scope = "garbage" + clusters++;

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

    @ParameterizedTest
    @ValueSource(strings = {"a/b {", "/5:]", "{\"leader\":/", "/\uD83D\uDC18"})
    void garbage_in_every_key_is_left_out_and_reported_once(String garbage) {
        List<LogRecord> logged = new CopyOnWriteArrayList<>();
        Handler handler = handler(logged);
        Logger.getLogger(ViewReader.class.getName()).addHandler(handler);
        EtcdClusterStore store = StoreTests.open(vertx, scope, etcd.endpoints());
        try {
            KEYS.forEach(key -> put(key, garbage));
            put("initialize", garbage);
            put("members/too/deep", garbage);
            put("unknown", garbage);

            ClusterView view = StoreTests.await(store.read());
            StoreTests.await(store.read());

            assertThat(view.leadership()).isInstanceOf(Leadership.Held.class);
            assertThat(view.members().values()).containsExactly(Member.nameOnly(StoreTests.A));
            assertThat(view.config()).isEmpty();
            assertThat(view.failover().present()).isFalse();
            assertThat(view.sync().active()).isFalse();
            assertThat(view.status()).isEqualTo(ClusterStatus.NONE);
            assertThat(view.history()).isEqualTo(TimelineHistory.UNKNOWN);
            assertThat(view.failsafe()).isEmpty();
            assertThat(view.initialize()).isPresent();
            assertThat(view.systemIdentifier()).isEmpty();
            for (String key : KEYS) {
                assertThat(logged)
                        .filteredOn(log -> log.getMessage().contains("/" + scope + "/" + key + " "))
                        .as(key)
                        .hasSize(1);
            }
        } finally {
            Logger.getLogger(ViewReader.class.getName()).removeHandler(handler);
            StoreTests.await(store.close());
        }
    }

    @Test
    void an_unreadable_leader_key_is_held_and_cannot_be_taken() {
        EtcdClusterStore store = StoreTests.open(vertx, scope, etcd.endpoints());
        try {
            put("leader", "a/b");
            long lease = StoreTests.lease(store).leaseId();

            assertThat(
                            StoreTests.await(
                                    store.acquireLeader(
                                            StoreTests.A, lease, StoreTests.ANY_REVISION)))
                    .isInstanceOf(WriteOutcome.Rejected.class);
            assertThat(StoreTests.await(store.read()).leadership())
                    .isInstanceOf(Leadership.Held.class);
        } finally {
            StoreTests.await(store.close());
        }
    }

    @Test
    void keys_of_a_cluster_whose_name_is_longer_are_not_seen() {
        EtcdClusterStore store = StoreTests.open(vertx, scope, etcd.endpoints());
        try {
            etcd.ctl("put", "/service/" + scope + "b/leader", "pg-z");

            assertThat(StoreTests.await(store.read()).leader()).isEmpty();
        } finally {
            StoreTests.await(store.close());
        }
    }

    private void put(String key, String value) {
        etcd.ctl("put", "/service/" + scope + "/" + key, value);
    }

    private static Handler handler(List<LogRecord> records) {
        return new Handler() {
            @Override
            public void publish(LogRecord entry) {
                records.add(entry);
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
    }
}
