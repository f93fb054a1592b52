package io.kumki.dcs.etcd;

import io.kumki.dcs.ClusterStore;
import io.kumki.dcs.ClusterStoreContract;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;

/** The contract of the store, held against a real etcd. */
class EtcdClusterStoreIT extends ClusterStoreContract {

    private static EtcdProcess etcd;
    private static Vertx vertx;
    private static int clusters;

    private final String scope = "batman" + clusters++;
    private final List<ClusterStore> opened = new ArrayList<>();

    @BeforeAll
    static void startEtcd() {
        etcd = EtcdProcess.single();
        vertx = StoreTests.vertx();
    }

    @AfterAll
    static void endEtcd() {
        StoreTests.await(vertx.close());
        etcd.close();
    }

    @AfterEach
    void closeClients() {
        opened.forEach(store -> StoreTests.await(store.close()));
    }

    @Override
    protected ClusterStore open() {
        ClusterStore store =
                EtcdClusterStore.open(
                        vertx, etcd.config(), ClusterPath.of("service", scope), System::nanoTime);
        opened.add(store);
        return store;
    }

    @Override
    protected <T> T get(Future<T> future) {
        return StoreTests.await(future);
    }

    @Override
    protected void await(Duration limit, BooleanSupplier condition) {
        Awaitility.await().atMost(limit).until(condition::getAsBoolean);
    }

    @Override
    protected long nanoTime() {
        return System.nanoTime();
    }
}
