package io.kumki.dcs.etcd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kumki.dcs.ClusterStore;
import io.kumki.dcs.ClusterStore.Change;
import io.kumki.dcs.LeaseRenewal;
import io.kumki.dcs.StoreUnavailableException;
import io.kumki.dcs.WriteOutcome;
import io.kumki.dcs.cluster.ClusterSettings.Timing;
import io.kumki.dcs.etcd.EtcdConfig.Tls;
import io.vertx.core.Vertx;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** An etcd of three members that loses one: the lease of a healthy leader stays. */
class EtcdThreeMembersIT {

    private EtcdProcess etcd;
    private Vertx vertx;
    private EtcdClusterStore store;
    private long leaseId;

    @BeforeEach
    void start() {
        etcd = EtcdProcess.three();
        vertx = StoreTests.vertx();
        store = StoreTests.open(vertx, "three", etcd.endpoints());
    }

    @AfterEach
    void end() {
        StoreTests.await(store.close());
        StoreTests.await(vertx.close());
        etcd.close();
    }

    @Test
    void a_frozen_follower_costs_one_slow_call_and_no_lease() {
        int follower = (etcd.leader() + 1) % 3;
        lead(askingFirst(follower), StoreTests.SHORT);
        List<Change> changes = StoreTests.watch(store);

        etcd.freeze(follower);
        Turns turns = turnsFor(Duration.ofSeconds(9));
        etcd.thaw(follower);

        assertThat(turns.failures).isEmpty();
        assertThat(turns.longest).isLessThan(Duration.ofSeconds(2));
        assertThat(turns.slow).as("turns of more than 300 ms").isLessThanOrEqualTo(2);
        assertThat(changes).as("the watch moved").contains(Change.ANY);
    }

    @Test
    void a_killed_leader_costs_a_short_gap_and_no_lease() {
        int leader = etcd.leader();
        lead(
                askingFirst(leader),
                new Timing(Duration.ofSeconds(20), Duration.ofSeconds(1), Duration.ofSeconds(9)));

        etcd.kill(leader);
        Turns turns = turnsFor(Duration.ofSeconds(8));

        assertThat(turns.failures).isEmpty();
        assertThat(turns.longest).isLessThan(Duration.ofSeconds(7));
    }

    @Test
    void without_a_majority_the_store_is_unavailable_within_its_budget_and_recovers() {
        int leader = etcd.leader();
        lead(askingFirst(leader), StoreTests.SHORT);
        etcd.kill((leader + 1) % 3);
        etcd.kill((leader + 2) % 3);

        long start = System.nanoTime();
        assertThatThrownBy(() -> StoreTests.await(store.read()))
                .isInstanceOf(StoreUnavailableException.class);
        assertThat(StoreTests.since(start)).isLessThan(Duration.ofSeconds(4));

        etcd.relaunch((leader + 1) % 3);
        Awaitility.await()
                .atMost(Duration.ofSeconds(15))
                .until(() -> store.read().otherwiseEmpty(), read -> StoreTests.await(read) != null);
    }

    @Test
    void a_member_that_only_etcd_names_takes_over_from_the_configured_one() {
        int first = (etcd.leader() + 1) % 3;
        use(EtcdConfig.of(List.of(etcd.endpoint(first))), StoreTests.SHORT);
        StoreTests.await(store.read());
        etcd.kill(first);

        StoreTests.await(store.read());

        assertThat(store.describe()).doesNotStartWith("etcd at " + etcd.endpoint(first));
    }

    private List<URI> askingFirst(int member) {
        List<URI> endpoints = new ArrayList<>(etcd.endpoints());
        endpoints.addFirst(endpoints.remove(member));
        return endpoints;
    }

    private void use(EtcdConfig config, Timing timing) {
        StoreTests.await(store.close());
        store = StoreTests.open(vertx, "three", config);
        store.configure(timing);
    }

    private void lead(List<URI> endpoints, Timing timing) {
        use(new EtcdConfig(endpoints, Optional.empty(), Tls.NONE, false), timing);
        leaseId = StoreTests.lease(store).leaseId();
        assertThat(
                        StoreTests.await(
                                store.acquireLeader(
                                        StoreTests.A, leaseId, StoreTests.ANY_REVISION)))
                .isInstanceOf(WriteOutcome.Applied.class);
        StoreTests.await(store.read());
    }

    /** What a leader's loop does, four times a second. */
    private Turns turnsFor(Duration time) {
        Turns turns = new Turns();
        long start = System.nanoTime();
        Awaitility.await()
                .atMost(time.plusSeconds(30))
                .pollInterval(Duration.ofMillis(250))
                .until(() -> {
                    turns.turn(store, leaseId);
                    return StoreTests.since(start).compareTo(time) > 0;
                });
        return turns;
    }

    private static final class Turns {
        private final List<String> failures = new ArrayList<>();
        private Duration longest = Duration.ZERO;
        private int slow;

        void turn(ClusterStore store, long leaseId) {
            long start = System.nanoTime();
            try {
                LeaseRenewal renewal =
                        StoreTests.await(store.refreshLease(OptionalLong.of(leaseId)));
                if (renewal.granted()) {
                    failures.add("the lease was lost");
                }
                if (StoreTests.await(store.read()).leader().isEmpty()) {
                    failures.add("the leader key was lost");
                }
            } catch (StoreUnavailableException e) {
                failures.add(e.getMessage());
            }
            Duration took = StoreTests.since(start);
            longest = took.compareTo(longest) > 0 ? took : longest;
            slow += took.toMillis() > 300 ? 1 : 0;
        }
    }
}
