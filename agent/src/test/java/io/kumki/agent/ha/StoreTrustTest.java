package io.kumki.agent.ha;

import static io.kumki.agent.ha.Situations.leader;
import static io.kumki.agent.ha.Situations.standby;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.argumentSet;

import io.kumki.dcs.cluster.MemberName;
import io.kumki.dcs.cluster.SyncState;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The store is at revision 100 here, its leader key was created at 5. */
@Timeout(10)
class StoreTrustTest {

    private static StoreTrust seen(long revision, long syncRevision) {
        return new StoreTrust(revision, syncRevision, Optional.empty());
    }

    private static StoreTrust doubted(long upTo, boolean commitsWaited) {
        return new StoreTrust(
                100, 0, Optional.of(new StoreTrust.Doubt(upTo, new TreeMap<>(), commitsWaited)));
    }

    private static Situations sync(long revision, MemberName leader) {
        return standby()
                .set("synchronous_mode", true)
                .sync(new SyncState(Optional.of(leader), 0, List.of(), revision));
    }

    private static final MemberName N1 = new MemberName("n1");

    static Stream<Arguments> turns() {
        return Stream.of(
                argumentSet("the first look", standby(), StoreTrust.FRESH, false),
                argumentSet("nothing new", standby(), seen(100, 0), false),
                argumentSet("newer", standby(), seen(99, 0), false),
                argumentSet("older", standby(), seen(101, 0), true),
                argumentSet("etcd is silent", standby().silent(), seen(101, 0), false),
                argumentSet("the sync key is older", sync(50, N1), seen(90, 60), true),
                argumentSet("the sync key is newer", sync(61, N1), seen(90, 60), false),
                argumentSet("the sync key was deleted", standby(), seen(90, 60), false),
                argumentSet(
                        "in doubt, the sync key wasn't written",
                        sync(90, N1),
                        doubted(95, true),
                        true),
                argumentSet(
                        "in doubt, a leader has written it",
                        sync(96, N1),
                        doubted(95, true),
                        false),
                argumentSet(
                        "in doubt, it is only marked",
                        sync(96, StoreTrust.NOBODY),
                        doubted(95, true),
                        true),
                argumentSet("in doubt, no key, the old lead", standby(), doubted(95, false), true),
                argumentSet("in doubt, no key, a new lead", standby(), doubted(4, false), false));
    }

    @ParameterizedTest
    @MethodSource("turns")
    void doubtsWhatIsOlderThanWhatWasSeen(Situations now, StoreTrust before, boolean doubts) {
        Situation s = now.memory(m -> m.withStoreTrust(before)).get();
        assertThat(StoreTrust.refresh(s).doubt().isPresent()).isEqualTo(doubts);
    }

    @Test
    void aVoteOnTheOldKeyIsForgotten() {
        Situation s =
                sync(50, N1).setBack().memory(m -> m.withElectedOn(OptionalLong.of(50))).get();
        assertThat(Recollection.refresh(s).electedOn()).isEmpty();
    }

    @Test
    void whoDoubtsTellsTheOthersByAKeyThatNamesNobody() {
        Action mark =
                new Action.WriteSync(
                        new SyncState(Optional.of(StoreTrust.NOBODY), 0, List.of(), 0), 50);
        assertThat(upkeep(sync(50, N1).setBack())).contains(mark);
        assertThat(upkeep(sync(50, N1))).doesNotContain(mark);
        assertThat(upkeep(sync(50, StoreTrust.NOBODY).setBack())).doesNotContain(mark);
    }

    @Test
    void aLeadingPrimaryWritesTheKeyAnew() {
        Situations leads = leader().set("synchronous_mode", true).sync(0, "n1", "n2").setBack();
        Situation s = leads.get();
        assertThat(upkeep(leads)).contains(SyncPlan.claim(s));
    }

    private static List<Action> upkeep(Situations given) {
        Situation s = given.get();
        return Upkeep.plan(s.withMemory(Recollection.refresh(s)), Optional.empty()).actions();
    }
}
