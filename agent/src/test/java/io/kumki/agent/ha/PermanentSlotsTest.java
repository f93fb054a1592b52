package io.kumki.agent.ha;

import static io.kumki.agent.ha.Situations.leader;
import static io.kumki.agent.ha.Situations.standby;
import static io.kumki.agent.ha.Situations.standbyAnswer;
import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.agent.ha.LocalServer.Slot;
import io.kumki.agent.ha.PermanentSlot.Logical;
import io.kumki.agent.ha.PermanentSlot.Physical;
import io.kumki.agent.ha.PermanentSlot.Where;
import io.kumki.dcs.cluster.ClusterStatus;
import io.kumki.dcs.cluster.Lsn;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Slots that the configuration asks for, and those it says are somebody else's. */
@Timeout(10)
class PermanentSlotsTest {

    private static final Slot N1 = Slot.physical("n1", false, new Lsn(900), false, "reserved");
    private static final Slot N2 = Slot.physical("n2", true, new Lsn(900), false, "reserved");
    private static final Slot N3 = Slot.physical("n3", false, new Lsn(900), false, "reserved");
    private static final Logical APP = new Logical("app", "pgoutput");
    private static final long SECOND = Duration.ofSeconds(1).toNanos();

    @Test
    void aPhysicalOneIsEverywhereWhereTheMemberMayLead() {
        Physical everywhere = new Physical(Where.ANY);
        SlotChange create = new SlotChange.Create("backup");
        assertThat(onStandby(standby().permanent("backup", everywhere))).contains(create);
        assertThat(onPrimary(leader().permanent("backup", everywhere))).contains(create);
        assertThat(onStandby(standby().permanent("n2", everywhere)))
                .as("its own name")
                .containsExactly(new SlotChange.Create("n1"), new SlotChange.Create("n3"));
        assertThat(
                        onStandby(
                                standby()
                                        .tagged(Map.of("nofailover", true))
                                        .permanent("backup", everywhere)))
                .doesNotContain(create);
        assertThat(onPrimary(leader().permanent("backup", new Physical(Where.STANDBY_CLUSTER))))
                .as("for standby clusters only")
                .doesNotContain(create);
    }

    @Test
    void aSlotIsIgnoredOnlyIfAllThatIsGivenMatches() {
        Slot other = logical("other", "app", "test_decoding", 900);
        assertThat(onPrimary(leader().ignoring(ignored("", "logical", "app", "")), N2, N3, other))
                .isEmpty();
        assertThat(
                        onPrimary(
                                leader().ignoring(ignored("other", "logical", "app", "pgoutput")),
                                N2,
                                N3,
                                other))
                .containsExactly(new SlotChange.Drop("other"));
        assertThat(
                        onPrimary(
                                leader().ignoring(ignored("other", "physical", "", "")),
                                N2,
                                N3,
                                other))
                .containsExactly(new SlotChange.Drop("other"));
        Slot citus = logical("citus_shard_move_slot_1_10", "app", "pgoutput", 900);
        assertThat(onPrimary(leader(), N2, N3, citus)).isEmpty();
    }

    @Test
    void theLeaderCreatesALogicalOneAndReplacesOneOfAnotherDefinition() {
        Situations given = leader().permanent("feed", APP);
        SlotChange create = new SlotChange.CreateLogical("feed", "app", "pgoutput");
        assertThat(onPrimary(given, N2, N3)).containsExactly(create);
        assertThat(onPrimary(given, N2, N3, logical("feed", "app", "pgoutput", 900))).isEmpty();
        assertThat(onPrimary(given, N2, N3, logical("feed", "app", "test_decoding", 900)))
                .containsExactly(new SlotChange.Drop("feed"), create);
    }

    @Test
    void aStandbyAdvancesALogicalOneToWhatWasConfirmedButNeverBeyondItsReplay() {
        Slot feed = logical("feed", "app", "pgoutput", 900);
        assertThat(onStandby(standby().permanent("feed", APP).status(at(950)), N1, N3, feed))
                .contains(new SlotChange.AdvanceLogical("feed", "app", new Lsn(950)));
        assertThat(onStandby(standby().permanent("feed", APP).status(at(5000)), N1, N3, feed))
                .contains(new SlotChange.AdvanceLogical("feed", "app", new Lsn(1000)));
        assertThat(onStandby(standby().permanent("feed", APP).status(at(900)), N1, N3, feed))
                .noneMatch(SlotChange.AdvanceLogical.class::isInstance)
                .anyMatch(SlotChange.Verify.class::isInstance);
    }

    @Test
    void aStandbyCopiesWhatThePrimaryHasAndNothingElse() {
        assertThat(copies(standby().permanent("feed", APP).status(at(950)))).isTrue();
        assertThat(copies(standby().permanent("feed", APP))).as("not published").isFalse();
        assertThat(copies(standby().permanent("feed", APP).status(at(950)).paused())).isFalse();
        assertThat(
                        copies(
                                standby()
                                        .permanent("feed", APP)
                                        .status(at(950))
                                        .tagged(Map.of("nofailover", true))))
                .isFalse();
        assertThat(
                        copies(
                                standby().permanent("feed", APP).status(at(950)),
                                logical("feed", "app", "pgoutput", 900)))
                .isFalse();
    }

    /** A copy that is invalidated here again and again would restart the server each turn. */
    @Test
    void aStandbyDropsAnInvalidatedCopyAndCopiesItAnewOnlyAfterAPause() {
        Slot dead = lost("feed");
        Situations wanted = standby().permanent("feed", APP).status(at(950));
        assertThat(onStandby(wanted, N1, N3, dead)).containsExactly(new SlotChange.Drop("feed"));
        assertThat(copies(wanted)).isTrue();
        Upstream primary = new Upstream(Optional.empty(), "n1", 5432, "postgres", Optional.empty());
        Operation copy =
                new Operation.CopySlots(
                        primary, new TreeMap<>(Map.of("feed", APP)), StandbyTarget.NOBODY);
        for (OperationOutcome outcome :
                List.of(new OperationOutcome.Done(""), new OperationOutcome.Failed("refused"))) {
            Memory after =
                    Aftermath.of(
                            Memory.FRESH,
                            new Situation.Ongoing(copy, Situations.NOW, Optional.<Lsn>empty()),
                            outcome,
                            Duration.ofSeconds(30),
                            Situations.NOW);
            wanted.memory(_ -> after);
            assertThat(copies(wanted.at(Situations.NOW + SECOND * 29))).isFalse();
            assertThat(copies(wanted.at(Situations.NOW + SECOND * 60))).isTrue();
        }
    }

    @Test
    void theLeaderMakesAnInvalidatedLogicalOneAnew() {
        Situations given = leader().permanent("feed", APP);
        assertThat(onPrimary(given, N2, N3, lost("feed")))
                .containsExactly(
                        new SlotChange.Drop("feed"),
                        new SlotChange.CreateLogical("feed", "app", "pgoutput"));
        assertThat(onPrimary(given.paused(), N2, N3, lost("feed"))).isEmpty();
    }

    private static Slot lost(String name) {
        return new Slot(
                name,
                true,
                "app",
                "pgoutput",
                false,
                new Lsn(800),
                new Lsn(940),
                false,
                "lost",
                false);
    }

    @Test
    void aLogicalSlotOfNobodyIsDroppedSoThatItPinsNothing() {
        Slot old = logical("old", "app", "pgoutput", 900);
        assertThat(onStandby(standby(), N1, N3, old)).containsExactly(new SlotChange.Drop("old"));
        assertThat(onStandby(standby().paused(), N1, N3, old)).isEmpty();
    }

    @Test
    void whatKeepsPostgresFromSynchronisingGoesOnceAnotherLeads() {
        Slot left =
                new Slot(
                        "feed",
                        true,
                        "app",
                        "pgoutput",
                        false,
                        new Lsn(900),
                        new Lsn(900),
                        false,
                        "reserved",
                        true);
        assertThat(onStandby(standby(), N1, N3, left)).containsExactly(new SlotChange.Drop("feed"));

        // a copy of ours, made before the primary's slot was given that class
        Situations wanted = standby().permanent("feed", APP);
        assertThat(onStandby(wanted, N1, N3, left)).contains(new SlotChange.Drop("feed"));
        TreeMap<String, Lsn> ours = new TreeMap<>(Map.of("feed", new Lsn(900)));
        Situations published = wanted.status(new ClusterStatus(Optional.empty(), ours, List.of()));
        assertThat(onStandby(published, N1, N3, left)).doesNotContain(new SlotChange.Drop("feed"));
    }

    @Test
    void aLogicalOneNamedLikeAMembersSlotIsNamedAndSkipped() {
        assertThat(onPrimary(leader().permanent("n3", APP), N2, N3))
                .singleElement()
                .isInstanceOfSatisfying(
                        SlotChange.Skip.class,
                        skip -> assertThat(skip.why()).contains("slots.n3").contains("member"));
    }

    @Test
    void theLeaderPublishesWhatItsConsumersConfirmed() {
        var answer =
                new LocalServer.Answer.Primary(
                        Situations.INFO,
                        2,
                        new Lsn(1000),
                        List.of(N2, N3, logical("feed", "app", "pgoutput", 940)));
        assertThat(SlotPlan.status(leader().answers(answer).permanent("feed", APP).get()).slots())
                .containsEntry("feed", new Lsn(940))
                .containsEntry("n3", new Lsn(900));
    }

    /** A standby copies what is published: a dead one would be copied again and again. */
    @Test
    void theLeaderPublishesNoSlotThatWasInvalidated() {
        Slot dead = lost("feed");
        var answer =
                new LocalServer.Answer.Primary(
                        Situations.INFO, 2, new Lsn(1000), List.of(N2, N3, dead));
        assertThat(SlotPlan.status(leader().answers(answer).permanent("feed", APP).get()).slots())
                .containsKey("n3")
                .doesNotContainKey("feed");
    }

    private static boolean copies(Situations given, Slot... slots) {
        Situation s = given.answers(standbyAnswer(1000, true, slots)).get();
        return Rules.decide(s).rule().equals("follower.copies-logical-slots");
    }

    private static List<SlotChange> onStandby(Situations given, Slot... slots) {
        return SlotPlan.changes(given.answers(standbyAnswer(1000, true, slots)).get());
    }

    private static List<SlotChange> onPrimary(Situations given, Slot... slots) {
        var answer =
                new LocalServer.Answer.Primary(Situations.INFO, 2, new Lsn(1000), List.of(slots));
        return SlotPlan.changes(given.answers(answer).get());
    }

    private static ClusterStatus at(long feed) {
        TreeMap<String, Lsn> slots = new TreeMap<>();
        slots.put("feed", new Lsn(feed));
        return new ClusterStatus(Optional.empty(), slots, List.of());
    }

    private static IgnoredSlot ignored(String name, String type, String database, String plugin) {
        return new IgnoredSlot(given(name), given(type), given(database), given(plugin));
    }

    private static Optional<String> given(String text) {
        return Optional.of(text).filter(value -> !value.isEmpty());
    }

    private static Slot logical(String name, String database, String plugin, long confirmed) {
        return new Slot(
                name,
                true,
                database,
                plugin,
                false,
                new Lsn(800),
                new Lsn(confirmed),
                false,
                "reserved",
                false);
    }
}
