package io.kumki.agent.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.dcs.ClusterStore;
import io.kumki.dcs.LeaseRenewal;
import io.kumki.dcs.WriteOutcome;
import io.kumki.dcs.cluster.Leadership;
import io.kumki.dcs.cluster.MemberName;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LeaseKeeperTest {

    private static final MemberName ME = new MemberName("n1");
    private static final Leadership.Held HELD = new Leadership.Held(ME, 5, 5, 7);

    private final Map<String, Object> answers = new HashMap<>();
    private final LeaseKeeper lease =
            new LeaseKeeper(ActionPerformerTest.answering(ClusterStore.class, answers), ME);

    @Test
    void movesTheKeyOfItsTermToALeaseOfAnotherLength() {
        store(7, 20, false, new WriteOutcome.Applied(6));
        assertThat(lease.renew(HELD).result()).isEqualTo(LeaseKeeper.Renewal.RENEWED);
        lease.ttlChanged();
        assertThat(lease.facts().sentNanos()).isEmpty();

        store(8, 60, true, new WriteOutcome.Applied(6));
        assertThat(lease.renew(HELD).result()).isEqualTo(LeaseKeeper.Renewal.RENEWED);
        assertThat(lease.facts().leaseId()).hasValue(8);
        assertThat(lease.facts().leaderUntilNanos())
                .hasValue(Duration.ofSeconds(60).multipliedBy(49).dividedBy(50).toNanos());
    }

    @Test
    void losesTheLeadWhenItsTermIsOver() {
        store(7, 20, false, new WriteOutcome.Applied(6));
        assertThat(lease.renew(HELD).result()).isEqualTo(LeaseKeeper.Renewal.RENEWED);

        store(8, 20, true, new WriteOutcome.Rejected("another term"));
        assertThat(lease.renew(HELD).result()).isEqualTo(LeaseKeeper.Renewal.LOST);
    }

    /** What a promotion asks just before its signal, after a script of any length. */
    @Test
    void theLeadIsProvenUpToTheDeadlineAndNoLonger() {
        assertThat(lease.unproven(0)).get().asString().contains("no lease");
        store(7, 20, false, new WriteOutcome.Applied(6));
        assertThat(lease.renew(HELD).result()).isEqualTo(LeaseKeeper.Renewal.RENEWED);
        long until = lease.facts().leaderUntilNanos().orElseThrow();
        assertThat(lease.unproven(until - 1)).isEmpty();
        assertThat(lease.unproven(until)).get().asString().contains("the lease ended 0 ms ago");
    }

    private void store(long leaseId, int ttl, boolean granted, WriteOutcome move) {
        answers.put(
                "refreshLease",
                Future.succeededFuture(
                        new LeaseRenewal(leaseId, 0, Duration.ofSeconds(ttl), granted)));
        answers.put("reattachLeader", Future.succeededFuture(move));
    }
}
