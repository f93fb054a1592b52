package io.kumki.agent.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.agent.ha.Action;
import io.kumki.agent.ha.Decision;
import io.kumki.agent.ha.Situation;
import io.kumki.agent.ha.SlotChange;
import io.kumki.agent.postgres.PostgresServer;
import io.kumki.dcs.ClusterStore;
import io.kumki.dcs.cluster.ClusterSettings;
import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.MemberName;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What may not hold a turn up, nor break it off. */
@Timeout(10)
class ActionPerformerTest {

    private static final MemberName ME = new MemberName("n1");

    /** Answers what it is given; any other call is a mistake of the test. */
    static <T> T answering(Class<T> type, Map<String, Object> answers) {
        Object proxy =
                Proxy.newProxyInstance(
                        ActionPerformerTest.class.getClassLoader(),
                        new Class<?>[] {type},
                        (_, method, _) ->
                                Optional.ofNullable(answers.get(method.getName()))
                                        .orElseThrow(() ->
                                                new UnsupportedOperationException(
                                                        method.getName())));
        return type.cast(proxy);
    }

    private static ActionPerformer performer(Map<String, Object> serverAnswers) {
        LoopParts parts =
                new LoopParts(
                        "main",
                        answering(ConfigurationSource.class, Map.of()),
                        answering(ClusterStore.class, Map.of()),
                        answering(PostgresServer.class, serverAnswers),
                        answering(Peers.class, Map.of()),
                        Guard.NONE,
                        new Now(),
                        s -> Decision.of("none", "", s.memory()),
                        _ -> {});
        return new ActionPerformer(
                ME,
                parts,
                new LeaseKeeper(parts.store(), ME),
                new OperationRunner(
                        parts.server(), parts.config(), parts.clock(), () -> {}, (_, _) -> {}),
                new CommandDesk(),
                new FailsafePromise(),
                _ -> {},
                _ -> {});
    }

    private record Now() implements LoopClock {
        @Override
        public long nanos() {
            return System.nanoTime();
        }

        @Override
        public Instant wall() {
            return Instant.EPOCH;
        }

        @Override
        public Timer schedule(Duration delay, Runnable task) {
            return () -> {};
        }

        @Override
        public void execute(Runnable task) {
            task.run();
        }
    }

    private static Situation situation() {
        return PlainSituation.of(
                PlainSelf.named(ME),
                ClusterView.EMPTY,
                ClusterSettings.DEFAULT,
                PlainSituation.NO_SERVER,
                0,
                Instant.EPOCH);
    }

    @Test
    void aSlotThatCannotBeChangedDoesNotHoldTheTurnUp() {
        ActionPerformer performer =
                performer(Map.of("reconcileSlots", Promise.<Void>promise().future()));

        Future<ActionPerformer.Outcome> outcome =
                performer.perform(
                        new Action.ReconcileSlots(List.of(new SlotChange.Create("n2"))),
                        situation());

        assertThat(outcome.succeeded()).isTrue();
    }

    @Test
    void aHistoryThatCannotBeReadIsNotTheStoresSilence() {
        ActionPerformer performer =
                performer(Map.of("history", Future.failedFuture(new IOException("no such file"))));

        Future<ActionPerformer.Outcome> outcome =
                performer.perform(new Action.PublishHistory(7), situation());

        assertThat(outcome.result()).isInstanceOf(ActionPerformer.Outcome.Refused.class);
    }
}
