package io.kumki.agent.ha;

import static io.kumki.agent.ha.Situations.leader;
import static io.kumki.agent.ha.Situations.standby;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.argumentSet;

import io.kumki.agent.ha.LocalServer.Answer;
import io.kumki.agent.ha.LocalServer.ServerInfo;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.Tags;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class UpkeepTest {

    static Stream<Arguments> pauses() {
        Answer.Standby paused = standing(150_020, true);
        return Stream.of(
                argumentSet("paused by a primary that grew", standby().answers(paused), true),
                argumentSet("nobody leads", standby().answers(paused).vacant(), true),
                argumentSet("maintenance mode", standby().answers(paused).paused(), false),
                argumentSet("etcd silent", standby().answers(paused).silent(), false),
                argumentSet(
                        "an operation is under way",
                        standby()
                                .answers(paused)
                                .doing(new Operation.Restart(java.time.Duration.ofSeconds(1))),
                        false),
                argumentSet(
                        "a server that ends by itself",
                        standby().answers(standing(130_011, true)),
                        false),
                argumentSet("replays", standby().answers(standing(150_020, false)), false),
                argumentSet("a primary", leader(), false));
    }

    @ParameterizedTest
    @MethodSource("pauses")
    void resumesReplayThatStands(Situations s, boolean resumes) {
        List<Action> actions = Upkeep.plan(s.get(), Optional.empty()).actions();
        assertThat(actions.contains(new Action.ResumeReplay())).isEqualTo(resumes);
    }

    /** A checkpoint of an earlier promotion says nothing about this one. */
    @ParameterizedTest
    @CsvSource({"0, true", "1, true", "2, false", "3, true"})
    void aCheckpointIsDueOnEachTimelineAnew(int done, boolean due) {
        Situations primary = leader().memory(m -> m.withCheckpointedTimeline(done));
        assertThat(Upkeep.plan(primary.get(), Optional.empty()).actions())
                .filteredOn(Action.CheckpointAfterPromote.class::isInstance)
                .hasSize(due ? 1 : 0);
    }

    /** Or the key would go on naming a leader that doesn't exist, and bar everybody. */
    @Test
    void aLeaderThatWasRenamedInPauseTakesTheSyncKeyOver() {
        Situations s = leader().paused().set("synchronous_mode", true).sync(0, "n9", "n2");
        assertThat(Upkeep.plan(s.get(), Optional.empty()).actions())
                .contains(SyncPlan.claim(s.get()));
    }

    @Test
    void whoLeavesSynchronousDutySaysSoUntilItIsBack() {
        Situations s =
                standby()
                        .set("synchronous_mode", true)
                        .sync(0, "n1", "n2")
                        .tagged(Map.of("x", "y", "sync_priority", 3))
                        .command(new OperatorCommand.Shutdown());
        Memory leaving = Rules.decide(s.get()).memory();
        s.memory(_ -> leaving);
        assertThat(published(s))
                .isEqualTo(Tags.of(Map.of("x", "y", "nosync", true, "sync_priority", 0)));
        Situation back = standby().memory(_ -> leaving).get();
        assertThat(Rules.decide(back).memory().leavesSync()).isEmpty();
    }

    private static Tags published(Situations s) {
        return Upkeep.plan(s.get(), Optional.empty()).actions().stream()
                .flatMap(action ->
                        action instanceof Action.PublishMember(var member)
                                ? Stream.of(member.tags())
                                : Stream.of())
                .findFirst()
                .orElseThrow();
    }

    private static Answer.Standby standing(int version, boolean paused) {
        return new Answer.Standby(
                new ServerInfo("2026-01-01 00:00:00.000000+00:00", version, List.of()),
                2,
                new Lsn(1000),
                new Lsn(900),
                Optional.empty(),
                paused,
                Optional.empty(),
                false,
                false,
                List.of());
    }
}
