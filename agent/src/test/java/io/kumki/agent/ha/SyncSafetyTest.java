package io.kumki.agent.ha;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.kumki.agent.ha.LocalServer.Answer;
import io.kumki.dcs.cluster.SyncState;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Whatever happens between any two steps, whoever the sync key lets take over has every
 * acknowledged commit. Some defects are put in to show that this test would find them.
 */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class SyncSafetyTest {

    private static final int SEEDS = 500;
    private static final int EVENTS = 300;

    @Test
    void a_candidate_that_the_key_allows_has_every_acknowledged_commit() {
        int promotions = 0;
        int keys = 0;
        int silent = 0;
        for (long seed = 0; seed < SEEDS; seed++) {
            SyncWorld world = run(seed, SyncPlan::next);
            promotions += world.promotions();
            keys += world.keysWithStandbys();
            silent += world.turnsWithSilent();
        }
        assertThat(promotions).as("promotions").isGreaterThan(SEEDS / 4);
        assertThat(keys).as("keys that name standbys").isGreaterThan(SEEDS);
        assertThat(silent).as("turns that see a silent standby").isGreaterThan(SEEDS);
    }

    @Test
    void when_all_is_calm_the_key_names_as_many_as_are_wanted() {
        for (long seed = 0; seed < SEEDS; seed++) {
            run(seed, SyncPlan::next).calm();
        }
    }

    @Test
    void to_name_a_standby_before_it_has_confirmed_would_be_found() {
        assertFound((s, primary) -> SyncPlan.next(believing(s, primary), primary));
    }

    @Test
    void to_believe_the_session_and_not_the_checkpointer_would_be_found() {
        assertFound((s, primary) -> {
            Answer.Primary idle = withCheckpointerIdle(primary);
            return SyncPlan.next(s, idle);
        });
    }

    @Test
    void to_let_go_of_a_standby_that_the_key_still_names_would_be_found() {
        assertFound((s, primary) -> {
            SyncPlan.Next right = SyncPlan.next(s, primary);
            SyncDemand wanted = SyncStandbys.wanted(s, primary);
            boolean differs = !wanted.equals(SyncDemand.parse(primary.info().sync().inForce()));
            boolean keyFirst =
                    right.action().filter(Action.WriteSync.class::isInstance).isPresent();
            return keyFirst && differs && s.cluster().sync().active()
                    ? new SyncPlan.Next(
                            right.memory(),
                            Optional.of(new Action.SetSyncNames(Optional.of(wanted.text()))),
                            Optional.empty())
                    : right;
        });
    }

    @Test
    void to_forget_a_write_that_had_no_answer_would_be_found() {
        assertFound((s, primary) ->
                SyncPlan.next(
                        s.withMemory(s.memory().withSyncUnanswered(-1)), // of no revision
                        primary));
    }

    @Test
    void a_quorum_of_one_less_would_be_found() {
        assertFound((s, primary) -> {
            SyncPlan.Next right = SyncPlan.next(s, primary);
            return right.action().orElse(null)
                            instanceof Action.WriteSync(SyncState state, long revision)
                    ? new SyncPlan.Next(
                            right.memory(),
                            Optional.of(
                                    new Action.WriteSync(
                                            new SyncState(
                                                    state.leader(),
                                                    Math.max(0, state.syncQuorum() - 1),
                                                    state.standbys(),
                                                    0),
                                            revision)),
                            Optional.empty())
                    : right;
        });
    }

    private static SyncWorld run(long seed, SyncWorld.Planner planner) {
        SyncWorld world = new SyncWorld(seed, planner);
        try {
            for (int i = 0; i < EVENTS; i++) {
                world.event();
            }
        } catch (AssertionError e) {
            throw new AssertionError("seed " + seed + ": " + e.getMessage(), e);
        }
        return world;
    }

    private static void assertFound(SyncWorld.Planner defective) {
        Throwable found =
                catchThrowable(() -> {
                    for (long seed = 0; seed < SEEDS; seed++) {
                        run(seed, defective);
                    }
                });
        assertThat(found).isInstanceOf(AssertionError.class).hasMessageContaining("may take over");
    }

    private static Situation believing(Situation s, Answer.Primary primary) {
        LocalServer.SyncSetting sync = primary.info().sync();
        SyncProof settled =
                new SyncProof(
                        sync.inForce(),
                        primary.info().postmasterStartTime(),
                        Optional.of(primary.flushedLsn()),
                        true);
        return s.withMemory(
                s.memory()
                        .withSync(
                                new Memory.Sync(Optional.of(settled), false, SyncSilence.NOTHING)));
    }

    private static Answer.Primary withCheckpointerIdle(Answer.Primary primary) {
        LocalServer.ServerInfo info = primary.info();
        return new Answer.Primary(
                new LocalServer.ServerInfo(
                        info.postmasterStartTime(),
                        info.version(),
                        info.senders(),
                        new LocalServer.SyncSetting(info.sync().inForce(), true)),
                primary.timeline(),
                primary.flushedLsn(),
                List.copyOf(primary.slots()));
    }
}
