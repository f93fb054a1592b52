package io.kumki.agent.ha;

import static io.kumki.agent.ha.Situations.leader;
import static io.kumki.agent.ha.Situations.standby;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.argumentSet;

import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.DynamicConfig;
import io.kumki.dcs.cluster.Leadership;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.dcs.cluster.SyncState;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The store is at revision 100 here, its leader key was created at 5, its configuration at 1. */
@Timeout(10)
class StoreTrustTest {

    private static final MemberName N1 = new MemberName("n1");

    private static Situations marked() {
        return standby().set("synchronous_mode", true).marked(96, "n1", "n2", "n3");
    }

    private static ClusterView view(long revision, long sync, long leader, long config) {
        Optional<MemberName> syncLeader = sync == 0 ? Optional.empty() : Optional.of(N1);
        ClusterView none = ClusterView.EMPTY;
        return new ClusterView(
                none.initialize(),
                new Leadership.Held(N1, leader, leader, 7),
                none.members(),
                Optional.of(new DynamicConfig(Map.of(), config)),
                none.failover(),
                new SyncState(syncLeader, 0, List.of(), sync),
                none.status(),
                none.history(),
                none.failsafe(),
                revision);
    }

    private static StoreTrust seen(long revision, long sync) {
        return seen(view(revision, sync, 5, 1));
    }

    private static StoreTrust seen(ClusterView view) {
        return new StoreTrust(view, Duration.ofSeconds(30), Optional.empty());
    }

    private static StoreTrust doubted(long upTo, long sinceSeconds) {
        return new StoreTrust(
                view(100, 0, 5, 1),
                Duration.ofSeconds(30),
                Optional.of(
                        new StoreTrust.Doubt(
                                upTo,
                                Situations.NOW - Duration.ofSeconds(sinceSeconds).toNanos(),
                                Duration.ofSeconds(30),
                                new TreeMap<>(),
                                true)));
    }

    private static Situations sync(long revision) {
        return standby()
                .set("synchronous_mode", true)
                .sync(new SyncState(Optional.of(N1), 0, List.of(), revision));
    }

    static Stream<Arguments> turns() {
        return Stream.of(
                argumentSet("the first look", standby(), StoreTrust.FRESH, false),
                argumentSet("nothing new", standby(), seen(100, 0), false),
                argumentSet("newer", standby(), seen(99, 0), false),
                argumentSet("older", standby(), seen(101, 0), true),
                argumentSet("etcd is silent", standby().silent(), seen(101, 0), false),
                argumentSet("the sync key is older", sync(50), seen(90, 60), true),
                argumentSet("the sync key is newer", sync(61), seen(90, 60), false),
                argumentSet("the sync key was deleted", standby(), seen(90, 60), false),
                argumentSet("the leader key is older", standby(), seen(view(90, 0, 6, 1)), true),
                argumentSet("the configuration is older", standby(), seen(view(90, 0, 5, 2)), true),
                argumentSet("nobody leads", standby().vacant(), seen(view(90, 0, 6, 1)), false),
                argumentSet("in doubt, the sync key is old", sync(90), doubted(95, 1), true),
                argumentSet("in doubt, a leader wrote it", sync(96), doubted(95, 1), false),
                argumentSet("in doubt, it is only marked", marked(), doubted(95, 99), true),
                argumentSet("in doubt, the old lead", standby(), doubted(95, 60), true),
                argumentSet("in doubt, a lead that lasts", standby(), doubted(95, 61), false),
                argumentSet("in doubt, no lead", standby().vacant(), doubted(95, 61), true),
                argumentSet("in doubt, a new lead", standby(), doubted(4, 1), false));
    }

    @ParameterizedTest
    @MethodSource("turns")
    void doubtsWhatIsOlderThanWhatWasSeen(Situations now, StoreTrust before, boolean doubts) {
        Situation s = now.memory(m -> m.withStoreTrust(before)).get();
        assertThat(StoreTrust.refresh(s).doubt().isPresent()).isEqualTo(doubts);
    }

    @Test
    void aVoteOnTheOldKeyIsForgotten() {
        Situation s = sync(50).setBack().memory(m -> m.withElectedOn(OptionalLong.of(50))).get();
        assertThat(Recollection.refresh(s).electedOn()).isEmpty();
    }

    @Test
    void whoDoubtsTellsTheOthersByAKeyThatNamesNobody() {
        Action mark = new Action.WriteSync(SetBackMark.of(names("n1", "n2", "n3")), 50);
        assertThat(upkeep(sync(50).setBack())).contains(mark);
        assertThat(upkeep(sync(50))).doesNotContain(mark);
        assertThat(upkeep(marked().setBack())).noneMatch(Action.WriteSync.class::isInstance);
    }

    @Test
    void whoKnowsOfMoreMembersAddsThem() {
        Situations less = standby().set("synchronous_mode", true).marked(96, "n3", "n9").setBack();
        assertThat(upkeep(less))
                .contains(new Action.WriteSync(SetBackMark.of(names("n1", "n2", "n3", "n9")), 96));
    }

    @Test
    void whereSynchronousModeIsOffALeaderIsLeftInPeace() {
        assertThat(upkeep(standby().setBack())).noneMatch(Action.WriteSync.class::isInstance);
        assertThat(upkeep(standby().vacant().setBack()))
                .anyMatch(Action.WriteSync.class::isInstance);
    }

    @Test
    void aLeadingPrimaryWritesTheKeyAnew() {
        Situations leads = leader().set("synchronous_mode", true).sync(0, "n1", "n2").setBack();
        assertThat(upkeep(leads)).contains(SyncPlan.claim(leads.get()));
    }

    /** Somebody may write anything there. */
    @ParameterizedTest
    @ValueSource(strings = {"", ")", ",,", "n1", "n1)", "n1,n2", " ,n1"})
    void anyMarkCanBeRead(String rest) {
        MemberName leader = new MemberName("(etcd was set back; members before: " + rest);
        SyncState state = new SyncState(Optional.of(leader), 0, List.of(), 9);
        assertThat(SetBackMark.is(state)).isTrue();
        assertThat(names("n1", "n2")).containsAll(SetBackMark.voters(state));
    }

    private static NavigableSet<MemberName> names(String... names) {
        NavigableSet<MemberName> all = new TreeSet<>();
        Stream.of(names).map(MemberName::new).forEach(all::add);
        return all;
    }

    private static List<Action> upkeep(Situations given) {
        Situation s = given.get();
        return Upkeep.plan(s.withMemory(Recollection.refresh(s)), Optional.empty()).actions();
    }
}
