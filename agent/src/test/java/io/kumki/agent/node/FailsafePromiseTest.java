package io.kumki.agent.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.agent.ha.Situation;
import io.kumki.dcs.ClusterStore;
import io.kumki.dcs.LeaseRenewal;
import io.kumki.dcs.WriteOutcome;
import io.kumki.dcs.cluster.ClusterSettings;
import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.DynamicConfig;
import io.kumki.dcs.cluster.Leadership;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.restapi.NodeControl.FailsafeAnswer;
import io.kumki.restapi.NodeControl.FailsafeCall;
import io.vertx.core.Future;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class FailsafePromiseTest {

    private static final MemberName ME = new MemberName("n2");
    private static final MemberName LEADER = new MemberName("n1");
    private static final long NOW = Duration.ofHours(1).toNanos();
    private static final long TTL = Duration.ofSeconds(30).toNanos();
    private static final FailsafeCall CALL =
            new FailsafeCall(
                    LEADER,
                    "postgres://n1:5432/postgres",
                    "http://n1:8008/patroni",
                    Optional.of(new TreeMap<>(Map.of("n1", new Lsn(4711)))));

    private final FailsafePromise promise = new FailsafePromise();

    @Test
    void lastsForATtlAndNamesTheLeader() {
        assertThat(promise.answer(CALL, situation(ClusterView.EMPTY, true)))
                .isEqualTo(new FailsafeAnswer.Accepted(Optional.empty(), Duration.ofNanos(TTL)));
        assertThat(promise.leader(NOW)).contains(LEADER);
        assertThat(promise.leader(NOW + TTL - 1)).contains(LEADER);
        assertThat(promise.leader(NOW + TTL)).isEmpty();
        assertThat(promise.until(NOW)).hasValue(NOW + TTL);
    }

    @Test
    void isRefusedWhileTheModeIsOff() {
        assertThat(promise.answer(CALL, situation(ClusterView.EMPTY, false)))
                .isEqualTo(new FailsafeAnswer.ModeOff());
        assertThat(promise.leader(NOW)).isEmpty();
    }

    @Test
    void isRefusedFromTheRequestForTheKeyUntilTheStoreShowsWhoHoldsIt() {
        promise.asksForKey();
        assertThat(promise.answer(CALL, situation(ClusterView.EMPTY, true)))
                .isEqualTo(new FailsafeAnswer.RunningAsLeader());
        promise.storeShown();
        assertThat(
                        promise.answer(
                                CALL,
                                situation(
                                        ClusterView.EMPTY.withLeadership(
                                                new Leadership.Held(ME, 1, 1, 1)),
                                        true)))
                .isEqualTo(new FailsafeAnswer.RunningAsLeader());
        assertThat(promise.answer(CALL, situation(ClusterView.EMPTY, true)))
                .isInstanceOf(FailsafeAnswer.Accepted.class);
    }

    @Test
    void isRefusedToAnotherMemberOfTheOwnName() {
        FailsafeCall namesake = new FailsafeCall(ME, "", "", Optional.empty());

        assertThat(promise.answer(namesake, situation(ClusterView.EMPTY, true)))
                .isEqualTo(new FailsafeAnswer.RunningAsLeader());
    }

    @Test
    void completesAFreeKeyAndLeavesAHeldOne() {
        promise.answer(CALL, situation(ClusterView.EMPTY, true));

        ClusterView completed = promise.complete(ClusterView.EMPTY, NOW);
        assertThat(completed.leader()).contains(LEADER);
        assertThat(completed.leaderMember().orElseThrow().addresses().connUrl())
                .contains("postgres://n1:5432/postgres");
        assertThat(completed.status().leaderLsn()).contains(new Lsn(4711));
        ClusterView held =
                ClusterView.EMPTY.withLeadership(
                        new Leadership.Held(new MemberName("n3"), 1, 1, 1));
        assertThat(promise.complete(held, NOW)).isSameAs(held);
        assertThat(promise.complete(ClusterView.EMPTY, NOW + TTL)).isSameAs(ClusterView.EMPTY);
        assertThat(promise.complete(ClusterView.EMPTY.silent(), NOW).leader()).isEmpty();
    }

    private static Situation situation(ClusterView view, boolean failsafe) {
        return PlainSituation.of(
                PlainSelf.named(ME),
                view,
                ClusterSettings.of(new DynamicConfig(Map.of("failsafe_mode", failsafe), 1)),
                PlainSituation.NO_SERVER,
                NOW,
                Instant.EPOCH);
    }

    @Test
    void isAskedForInTheWordsOfTheContract() {
        assertThat(FailsafeDocument.write(CALL))
                .isEqualTo(
                        "{\"name\":\"n1\",\"conn_url\":\"postgres://n1:5432/postgres\","
                                + "\"api_url\":\"http://n1:8008/patroni\",\"slots\":{\"n1\":4711}}");
        assertThat(FailsafeDocument.reply(200, "Accepted", Map.of("lsn", "7")::get))
                .isEqualTo(
                        new Peers.FailsafeReply.Agreed(Optional.of(new Lsn(7)), Optional.empty()));
        assertThat(FailsafeDocument.reply(200, "Accepted", Map.of("promised-ms", "5000")::get))
                .isEqualTo(
                        new Peers.FailsafeReply.Agreed(
                                Optional.empty(), Optional.of(Duration.ofSeconds(5))));
        assertThat(FailsafeDocument.reply(200, "accepted", _ -> null))
                .isInstanceOf(Peers.FailsafeReply.Refused.class);
        assertThat(FailsafeDocument.reply(500, "Running as a leader", _ -> null))
                .isEqualTo(new Peers.FailsafeReply.Refused("it answered 500 Running as a leader"));
    }

    @Test
    void movesTheDeadlineOnlyWhileItHasNotPassed() {
        LeaseRenewal granted = new LeaseRenewal(7, NOW, Duration.ofNanos(TTL), true);
        ClusterStore store =
                ActionPerformerTest.answering(
                        ClusterStore.class,
                        Map.of(
                                "refreshLease",
                                Future.succeededFuture(granted),
                                "acquireLeader",
                                Future.succeededFuture(new WriteOutcome.Applied(1))));
        LeaseKeeper lease = new LeaseKeeper(store, ME);
        assertThat(lease.keep(NOW, Duration.ofNanos(TTL), NOW)).isFalse();
        assertThat(lease.acquire(1).result().applied()).isTrue();
        long until = lease.facts().leaderUntilNanos().orElseThrow();

        assertThat(lease.keep(NOW + 100, Duration.ofNanos(TTL), NOW + 200)).isTrue();
        assertThat(lease.facts().leaderUntilNanos()).hasValue(until + 100);
        assertThat(lease.keptUntilNanos()).hasValue(until + 100);
        assertThat(lease.keep(until + 200, Duration.ofNanos(TTL), until + 200)).isFalse();
        assertThat(lease.facts().leaderUntilNanos()).isEqualTo(OptionalLong.of(until + 100));
    }
}
