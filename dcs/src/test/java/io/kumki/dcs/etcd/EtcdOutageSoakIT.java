package io.kumki.dcs.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.OperatingSystemMXBean;
import io.kumki.dcs.LeaseRenewal;
import io.kumki.dcs.StoreUnavailableException;
import io.vertx.core.Vertx;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * A long outage of etcd, half of it killed and half of it frozen: threads, heap and processor time
 * stay where they were, and the store is back at once afterwards. Not part of CI; run it with
 * {@code mvn -pl dcs verify -Dit.test=EtcdOutageSoakIT -Dsoak.minutes=60}.
 */
@Tag("soak")
@EnabledIfSystemProperty(named = "soak.minutes", matches = "[0-9.]+")
class EtcdOutageSoakIT {

    private static final double MAX_PROCESSOR_SHARE = 0.05;
    private static final long MAX_HEAP_GROWTH = 8L << 20;

    private final OperatingSystemMXBean system =
            (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

    @Test
    @Timeout(value = 3, unit = TimeUnit.HOURS)
    void an_outage_costs_neither_processor_time_nor_memory() {
        Duration half =
                Duration.ofMillis(
                        (long) (Double.parseDouble(System.getProperty("soak.minutes")) * 30_000));
        Vertx vertx = StoreTests.vertx();
        try (EtcdProcess etcd = EtcdProcess.single()) {
            EtcdClusterStore store = StoreTests.open(vertx, "soak", etcd.endpoints());
            store.configure(StoreTests.SHORT);
            OptionalLong lease = OptionalLong.of(StoreTests.lease(store).leaseId());
            StoreTests.watch(store);

            etcd.kill(0);
            lastsThrough(
                    store, lease, Duration.ofSeconds(15)); // every class of an outage is loaded
            lastsThrough(store, lease, half);
            etcd.restart(0);
            answersAtOnce(store);

            etcd.freeze(0);
            lastsThrough(store, lease, half);
            etcd.thaw(0);
            answersAtOnce(store);
            StoreTests.await(store.close());
        } finally {
            StoreTests.await(vertx.close());
        }
    }

    private void lastsThrough(EtcdClusterStore store, OptionalLong lease, Duration time) {
        long heap = usedHeap();
        int threads = Thread.activeCount();
        long processor = system.getProcessCpuTime();
        long start = System.nanoTime();
        Awaitility.await()
                .atMost(time.plusMinutes(1))
                .pollInterval(Duration.ofSeconds(1))
                .until(() -> {
                    turn(store, lease);
                    return StoreTests.since(start).compareTo(time) > 0;
                });
        double share = (double) (system.getProcessCpuTime() - processor) / time.toNanos();
        if (time.compareTo(Duration.ofSeconds(20)) > 0) {
            assertThat(share).as("processor time").isLessThan(MAX_PROCESSOR_SHARE);
            assertThat(Thread.activeCount()).as("threads").isLessThanOrEqualTo(threads + 2);
            assertThat(usedHeap() - heap).as("heap").isLessThan(MAX_HEAP_GROWTH);
        }
    }

    private static void turn(EtcdClusterStore store, OptionalLong lease) {
        try {
            StoreTests.await(store.read());
            LeaseRenewal renewal = StoreTests.await(store.refreshLease(lease));
            throw new AssertionError("etcd is down, yet it renewed " + renewal);
        } catch (StoreUnavailableException expected) {
            assertThat(expected).hasMessageContaining("no usable answer");
        }
    }

    private static void answersAtOnce(EtcdClusterStore store) {
        long start = System.nanoTime();
        StoreTests.await(store.read());
        assertThat(StoreTests.since(start)).isLessThan(Duration.ofSeconds(2));
    }

    private static long usedHeap() {
        System.gc(); // the live set is what may not grow
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }
}
