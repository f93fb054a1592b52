package io.kumki.dcs.etcd;

import io.kumki.dcs.ClusterStore;
import io.kumki.dcs.ClusterStore.Change;
import io.kumki.dcs.LeaseRenewal;
import io.kumki.dcs.cluster.ClusterSettings.Timing;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.dcs.etcd.EtcdConfig.Tls;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** What the tests of the store share. */
final class StoreTests {

    static final MemberName A = new MemberName("pg-a");
    static final MemberName B = new MemberName("pg-b");
    static final long ANY_REVISION = Long.MAX_VALUE - 1;

    /** Short times, so that a lost lease shows within a test. */
    static final Timing SHORT =
            new Timing(Duration.ofSeconds(7), Duration.ofSeconds(1), Duration.ofSeconds(3));

    /** Longer than any budget in these tests. */
    private static final int LIMIT_SECONDS = 30;

    private StoreTests() {}

    static Vertx vertx() {
        return Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1).setWorkerPoolSize(2));
    }

    /** The future's result; its failure is thrown. */
    static <T> T await(Future<T> future) {
        try {
            return future.await(LIMIT_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw new AssertionError("no result in " + LIMIT_SECONDS + " s", e);
        }
    }

    static EtcdClusterStore open(Vertx vertx, String scope, List<URI> endpoints) {
        return open(vertx, scope, new EtcdConfig(endpoints, Optional.empty(), Tls.NONE, false));
    }

    static EtcdClusterStore open(Vertx vertx, String scope, EtcdConfig config) {
        return EtcdClusterStore.open(
                vertx, config, ClusterPath.of("service", scope), System::nanoTime);
    }

    static LeaseRenewal lease(ClusterStore store) {
        return await(store.refreshLease(OptionalLong.empty()));
    }

    static List<Change> watch(ClusterStore store) {
        List<Change> changes = new CopyOnWriteArrayList<>();
        store.watch((change, _) -> changes.add(change));
        return changes;
    }

    static Duration since(long startNanos) {
        return Duration.ofNanos(System.nanoTime() - startNanos);
    }
}
