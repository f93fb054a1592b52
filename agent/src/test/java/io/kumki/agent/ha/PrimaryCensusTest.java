package io.kumki.agent.ha;

import static io.kumki.agent.ha.Situations.leader;
import static io.kumki.agent.ha.Situations.peer;
import static io.kumki.agent.ha.Situations.standby;
import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.dcs.cluster.MemberName;
import io.kumki.dcs.cluster.Tags;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Two primaries are seen, also without a store, and a hand-over isn't taken for them. */
@Timeout(10)
class PrimaryCensusTest {

    private static final PeerAnswer PRIMARY = peer(true, 0, 2, Tags.NONE);
    private static final PeerAnswer AWAY = new PeerAnswer.Unreachable("away");

    private static SortedMap<MemberName, PeerAnswer> heard(PeerAnswer n2, PeerAnswer n3) {
        SortedMap<MemberName, PeerAnswer> answers = new TreeMap<>();
        answers.put(new MemberName("n2"), n2);
        answers.put(new MemberName("n3"), n3);
        return answers;
    }

    private static List<String> asked(Situations s) {
        return PrimaryCensus.toAsk(s.get()).stream().map(m -> m.name().value()).toList();
    }

    @Test
    void aHealthyClusterAsksNobody() {
        assertThat(asked(leader())).isEmpty();
        assertThat(asked(standby())).isEmpty();
    }

    @Test
    void twoKeysThatSayPrimaryAreLookedInto() {
        Situations both = leader().member("n2", "primary", Tags.NONE);
        assertThat(asked(both)).containsExactly("n2");
        assertThat(asked(standby().member("n3", "primary", Tags.NONE))).containsExactly("n1", "n3");
    }

    @Test
    void withoutAStoreEverybodyKnownIsAsked() {
        assertThat(asked(leader().silent())).containsExactly("n2", "n3");
        Situations forgotten = standby().silent().without("n1").without("n3");
        assertThat(asked(forgotten)).isEmpty();
        assertThat(asked(forgotten.failsafe("n1", "n2"))).containsExactly("n1");
        Memory memory = Recollection.refresh(standby().get());
        assertThat(asked(forgotten.memory(_ -> memory))).contains("n1", "n3");
    }

    @Test
    void twoRoundsMakeAnAlarm() {
        Situation s = leader().silent().get();
        PrimaryCensus first = PrimaryCensus.NONE.after(s, heard(PRIMARY, AWAY));
        assertThat(first.primaries()).isEmpty();
        assertThat(first.suspects()).isTrue();
        PrimaryCensus second = first.after(s, heard(PRIMARY, AWAY));
        assertThat(second.names()).containsExactly("n1", "n2");
        assertThat(second.alarm()).contains("n1, n2");
        assertThat(second.suspects()).isFalse();
    }

    @Test
    void twoOthersAreSeenByAStandby() {
        Situation s = standby().silent().get();
        SortedMap<MemberName, PeerAnswer> both = new TreeMap<>();
        both.put(new MemberName("n1"), PRIMARY);
        both.put(new MemberName("n3"), PRIMARY);
        assertThat(PrimaryCensus.NONE.after(s, both).after(s, both).names())
                .containsExactly("n1", "n3");
    }

    @Test
    void oneAfterTheOtherIsAHandOver() {
        Situation before = leader().silent().get();
        Situation after = leader().silent().answers(Situations.standbyAnswer(1000, true)).get();
        PrimaryCensus census =
                PrimaryCensus.NONE
                        .after(before, heard(peer(1000), AWAY))
                        .after(before, heard(PRIMARY, AWAY))
                        .after(after, heard(PRIMARY, AWAY));
        assertThat(census.primaries()).isEmpty();
    }

    @Test
    void theAlarmStaysWhileNobodySaysOtherwise() {
        Situation s = leader().silent().get();
        PrimaryCensus alarmed =
                PrimaryCensus.NONE.after(s, heard(PRIMARY, AWAY)).after(s, heard(PRIMARY, AWAY));
        assertThat(alarmed.after(s, heard(AWAY, AWAY)).names()).containsExactly("n1", "n2");
        assertThat(alarmed.after(s, heard(peer(1000), AWAY)).names()).isEmpty();
        assertThat(
                        alarmed.after(
                                        s,
                                        heard(
                                                new PeerAnswer.NoPosition("stopped", "demoted"),
                                                AWAY))
                                .names())
                .isEmpty();
    }
}
