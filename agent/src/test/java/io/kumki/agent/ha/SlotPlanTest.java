package io.kumki.agent.ha;

import static io.kumki.agent.ha.Situations.leader;
import static io.kumki.agent.ha.Situations.standby;
import static io.kumki.agent.ha.Situations.standbyAnswer;
import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.agent.ha.LocalServer.Slot;
import io.kumki.dcs.cluster.ClusterStatus;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.dcs.cluster.Tags;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which slots a server has for the others. */
@Timeout(10)
class SlotPlanTest {

    private static final Slot N1 = slot("n1", false, 900, false, "reserved");
    private static final Slot N3 = slot("n3", false, 900, false, "reserved");

    @Test
    void oneForEachOtherMember() {
        assertThat(on(standby()))
                .containsExactly(new SlotChange.Create("n1"), new SlotChange.Create("n3"));
    }

    @Test
    void noneOfNobodyIsKeptUnlessConfiguredUsedOrPaused() {
        Slot strange = slot("strange", false, 900, false, "");
        Slot kept = slot("keepme", false, 900, false, "");
        Slot used = slot("used", true, 900, false, "");
        assertThat(on(standby(), N1, N3, strange, kept, used))
                .containsExactly(new SlotChange.Drop("strange"));
        assertThat(on(standby().paused(), N1, N3, strange, kept, used)).isEmpty();
    }

    @Test
    void anAbsentMembersSlotStaysWhileTheLeaderRetainsIt() {
        Situations retained =
                standby()
                        .without("n3")
                        .status(
                                new ClusterStatus(
                                        Optional.empty(), new TreeMap<>(), List.of("n3", "n2")));
        assertThat(on(retained, N1, N3)).isEmpty();
        assertThat(on(standby().without("n3"), N1, N3)).containsExactly(new SlotChange.Drop("n3"));
    }

    /** Its member key may end with its lead; what it published as the leader names it as well. */
    @Test
    void theFormerLeadersSlotStaysThoughItsMemberKeyIsGone() {
        Situations former = leader();
        var stamps = SlotPlan.seen(former.get());
        ClusterStatus published =
                SlotPlan.status(former.memory(m -> m.withSlotsSeen(stamps)).get());
        var heir = new LocalServer.Answer.Primary(Situations.INFO, 3, new Lsn(1000), List.of(N1));
        Situations promoted = leader().named("n2").without("n1").answers(heir);
        SlotChange drop = new SlotChange.Drop("n1");
        Situations free = standby().without("n1").vacant();
        assertThat(on(free, N1, N3)).as("nothing published").contains(drop);
        assertThat(on(free.status(published), N1, N3)).doesNotContain(drop);
        assertThat(SlotPlan.changes(promoted.get())).as("nothing published").contains(drop);
        assertThat(SlotPlan.changes(promoted.status(published).get())).doesNotContain(drop);
    }

    @Test
    void aSlotByTheNameThatPostgresqlTakesIsItsMembersAndNoneIsForItself() {
        Situations given = standby().member("Node-B.dc2", "replica", Tags.NONE);
        assertThat(on(given, N1, N3, slot("node_b_dc2", false, 900, false, "reserved"))).isEmpty();
        Situations itself =
                leader().member("Node-B.dc2", "primary", Tags.NONE)
                        .named("Node-B.dc2")
                        .status(
                                new ClusterStatus(
                                        Optional.empty(), new TreeMap<>(), List.of("node_b_dc2")));
        assertThat(SlotPlan.changes(itself.get()))
                .contains(new SlotChange.Create("n2"))
                .doesNotContain(new SlotChange.Create("node_b_dc2"));
    }

    @Test
    void aLostSlotIsMadeAnewButNotInPause() {
        Slot lost = slot("n3", false, 900, false, "lost");
        assertThat(on(standby(), N1, lost))
                .containsExactly(new SlotChange.Drop("n3"), new SlotChange.Create("n3"));
        assertThat(on(standby().paused(), N1, lost)).isEmpty();
    }

    @Test
    void idleSlotsOfAStandbyHoldBackNeitherVacuumNorStandStill() {
        assertThat(on(standby(), N1, slot("n3", false, 900, true, "reserved")))
                .containsExactly(new SlotChange.Drop("n3"));
        assertThat(on(standby(), N1, slot("n3", false, 0, false, "")))
                .containsExactly(new SlotChange.Drop("n3"));
    }

    /** It is away for a moment only: dropped, its slot would begin where the log is by then. */
    @Test
    void aSlotOfTheOwnCascadeIsKeptWithItsXmin() {
        Tags fromN2 = Tags.of(Map.of("replicatefrom", "n2"));
        Situations cascade = standby().member("n3", "replica", fromN2);
        assertThat(on(cascade, N1, slot("n3", false, 1000, true, "reserved"))).isEmpty();
        assertThat(on(cascade.without("n3"), N1, slot("n3", false, 900, true, "reserved")))
                .containsExactly(new SlotChange.Drop("n3"));
    }

    @Test
    void anIdleSlotFollowsThePublishedPositionButNeverBeyondTheOwnReplay() {
        assertThat(on(standby().status(positions(950)), N1, N3))
                .containsExactly(new SlotChange.Advance("n3", new Lsn(950)));
        assertThat(on(standby().status(positions(2000)), N1, N3))
                .containsExactly(new SlotChange.Advance("n3", new Lsn(1000)));
        assertThat(on(standby().status(positions(900)), N1, N3)).isEmpty();
    }

    @Test
    void theLeaderKeepsASlotForACascadeWhoseUpstreamIsGone() {
        Tags fromNowhere = Tags.of(Map.of("replicatefrom", "n9"));
        Situations given = leader().set("member_slots_ttl", 0).member("n3", "replica", fromNowhere);
        assertThat(SlotPlan.changes(given.get())).contains(new SlotChange.Create("n3"));
        Tags fromN2 = Tags.of(Map.of("replicatefrom", "n2"));
        Situations cascade = leader().set("member_slots_ttl", 0).member("n3", "replica", fromN2);
        assertThat(SlotPlan.changes(cascade.get())).doesNotContain(new SlotChange.Create("n3"));
    }

    @Test
    void theLeaderKeepsASlotForACascadeWhoseUpstreamIsDown() {
        Tags fromN2 = Tags.of(Map.of("replicatefrom", "n2"));
        Situations given =
                leader().set("member_slots_ttl", 0)
                        .member("n3", "replica", fromN2)
                        .change("n2", n2 -> FollowingTest.inState(n2, "crashed"));
        assertThat(SlotPlan.changes(given.get())).contains(new SlotChange.Create("n3"));
    }

    @Test
    void theLeadersIdleSlotFollowsTheCascadeThatUsesAnotherSoItPinsNoWal() {
        Tags fromN2 = Tags.of(Map.of("replicatefrom", "n2"));
        Slot n2 = slot("n2", true, 900, false, "reserved");
        var primary =
                new LocalServer.Answer.Primary(Situations.INFO, 2, new Lsn(5000), List.of(n2, N3));
        Situations given = leader().answers(primary).member("n3", "replica", fromN2);
        assertThat(SlotPlan.changes(given.get()))
                .containsExactly(new SlotChange.Advance("n3", new Lsn(1000)));
        assertThat(SlotPlan.changes(leader().answers(primary).get())).isEmpty();
    }

    @Test
    void theLeadersIdleSlotOfACascadeHoldsBackNoVacuumButThatOfItsOwnStandbyMay() {
        Tags fromN2 = Tags.of(Map.of("replicatefrom", "n2"));
        Slot n2 = slot("n2", false, 900, true, "reserved");
        for (Slot idle :
                List.of(
                        slot("n3", false, 900, true, "reserved"),
                        slot("n3", false, 0, false, "reserved"))) {
            var primary =
                    new LocalServer.Answer.Primary(
                            Situations.INFO, 2, new Lsn(5000), List.of(n2, idle));
            assertThat(
                            SlotPlan.changes(
                                    leader().answers(primary)
                                            .member("n3", "replica", fromN2)
                                            .get()))
                    .containsExactly(new SlotChange.Drop("n3"));
            assertThat(SlotPlan.changes(leader().answers(primary).get()))
                    .doesNotContain(new SlotChange.Drop("n2"), new SlotChange.Drop("n3"));
        }
    }

    @Test
    void membersThatShareASlotAreReportedAndItIsKeptForThem() {
        Situations shared =
                leader().member("a-b", "replica", Tags.NONE).member("A.b", "replica", Tags.NONE);
        assertThat(SlotPlan.changes(shared.get()))
                .contains(new SlotChange.Create("a_b"))
                .filteredOn(SlotChange.Report.class::isInstance)
                .singleElement()
                .satisfies(report ->
                        assertThat(report.toString())
                                .contains("a_b", "members A.b, a-b have", "rename"));
        Tags silent = Tags.of(Map.of("nostream", true));
        Situations one = leader().member("a-b", "replica", Tags.NONE).member("a.b", "r", silent);
        assertThat(SlotPlan.changes(one.get()))
                .doesNotHaveAnyElementsOfTypes(SlotChange.Report.class);
    }

    @ParameterizedTest
    @CsvSource({
        "node-1.dc2, node_1_dc2",
        "Node_B, node_b",
        "a b, au0032b",
        "\u00e9, u0233",
        "\ud83d\ude00, u128512",
        "n1234567890123456789012345678901234567890123456789012345678901234, n12345678901234567890123456789012345678901234567890123456789012",
    })
    void aSlotsNameIsMadeOfTheMembersAsThePeersDo(String member, String slot) {
        assertThat(SlotNames.of(new MemberName(member))).isEqualTo(slot);
    }

    private static List<SlotChange> on(Situations given, Slot... slots) {
        return SlotPlan.changes(given.answers(standbyAnswer(1000, true, slots)).get());
    }

    private static ClusterStatus positions(long n3) {
        TreeMap<String, Lsn> slots = new TreeMap<>();
        slots.put("n3", new Lsn(n3));
        return new ClusterStatus(Optional.empty(), slots, List.of());
    }

    private static Slot slot(
            String name, boolean active, long restart, boolean xmin, String walStatus) {
        return Slot.physical(name, active, new Lsn(restart), xmin, walStatus);
    }
}
