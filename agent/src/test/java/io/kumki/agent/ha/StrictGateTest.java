package io.kumki.agent.ha;

import static io.kumki.agent.ha.Situations.leader;
import static io.kumki.agent.ha.Situations.standby;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.argumentSet;

import io.kumki.agent.ha.LocalServer.Answer;
import io.kumki.agent.ha.LocalServer.ClusterState;
import io.kumki.agent.ha.LocalServer.SyncSetting;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.ScheduledRestart;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** When clients are held off a primary, and when they are let in again. */
@Timeout(10)
class StrictGateTest {

    private static final OperatorCommand RESTART =
            new OperatorCommand.RestartNow(ScheduledRestart.Conditions.NONE);

    static Stream<Arguments> starts() {
        return Stream.of(
                argumentSet("after a crash", strict(crashed()), true),
                argumentSet("asked for", strict(leader()).command(RESTART), true),
                argumentSet("in pause", strict(leader()).paused().command(RESTART), true),
                argumentSet(
                        "in pause, nobody leads",
                        strict(leader()).vacant().paused().command(RESTART),
                        false),
                argumentSet("a standby", strict(standby()).command(RESTART), false),
                argumentSet("not strict", crashed().set("synchronous_mode", true), false),
                argumentSet(
                        "strict, but off", crashed().set("synchronous_mode_strict", true), false));
    }

    @ParameterizedTest
    @MethodSource("starts")
    void aPrimaryThatStartsAgainHoldsClientsOff(Situations s, boolean held) {
        List<Action> actions = Rules.decide(s.get()).actions();
        assertThat(actions).last().isInstanceOf(Action.Start.class);
        assertThat(actions.contains(new Action.HoldClientsOff())).isEqualTo(held);
    }

    static Stream<Arguments> admissions() {
        return Stream.of(
                argumentSet("confirmed", held("n2", true).sync(0, "n1", "n2"), true),
                argumentSet("not confirmed yet", held("n2", false).sync(0, "n1", "n2"), false),
                argumentSet(
                        "the key names somebody who isn't waited for",
                        held("n2", true).sync(0, "n1", "n3"),
                        false),
                argumentSet("the key is another's", held("n2", true).sync(0, "n2", "n3"), false),
                argumentSet("there is no key", held("n2", true), false),
                argumentSet("anybody would do", held("*", false).sync(0, "n1"), false),
                argumentSet(
                        "a quorum has confirmed",
                        held("ANY 1 (n2,n3)", true)
                                .set("synchronous_mode", "quorum")
                                .sync(1, "n1", "n2", "n3"),
                        true),
                argumentSet(
                        "a smaller quorum could take over",
                        held("ANY 1 (n2,n3)", true)
                                .set("synchronous_mode", "quorum")
                                .sync(0, "n1", "n2", "n3"),
                        false),
                argumentSet(
                        "no longer strict",
                        held("*", false).sync(0, "n1").set("synchronous_mode_strict", false),
                        true),
                argumentSet(
                        "mode switched off", held("*", false).set("synchronous_mode", false), true),
                argumentSet(
                        "in pause, confirmed", held("n2", true).sync(0, "n1", "n2").paused(), true),
                argumentSet(
                        "in pause, not confirmed",
                        held("n2", false).sync(0, "n1", "n2").paused(),
                        false),
                argumentSet(
                        "in pause, without the key",
                        held("n2", false).sync(0, "n1", "n2").vacant().paused(),
                        true),
                argumentSet(
                        "another leads", held("n2", true).sync(0, "n1", "n2").held("n3"), false),
                argumentSet(
                        "etcd silent, confirmed",
                        held("n2", true).sync(0, "n1", "n2").silent(),
                        true),
                argumentSet(
                        "etcd silent, not confirmed",
                        held("n2", false).sync(0, "n1", "n2").silent(),
                        false),
                argumentSet(
                        "an operation runs",
                        held("n2", true)
                                .sync(0, "n1", "n2")
                                .doing(new Operation.Restart(Duration.ofSeconds(1))),
                        false),
                argumentSet(
                        "a standby with a copied file", strict(standby()).clientsHeldOff(), true),
                argumentSet(
                        "a standby cluster",
                        strict(standby())
                                .set("standby_cluster", Map.of("host", "remote"))
                                .clientsHeldOff(),
                        true),
                argumentSet("not held off", strict(leader()).answers(primary("n2")), false));
    }

    @ParameterizedTest
    @MethodSource("admissions")
    void clientsAreLetInWhenWhoeverTakesOverHasWhatTheyFind(Situations s, boolean admitted) {
        assertThat(StrictGate.next(s.get()).action().isPresent()).isEqualTo(admitted);
    }

    @Test
    void whileEtcdIsSilentOneLookIsNotEnoughEither() {
        Situations s =
                held("n2", false)
                        .answers(primary("n2", 1000))
                        .memory(_ -> Memory.FRESH)
                        .sync(0, "n1", "n2")
                        .silent();
        int looks = 0;
        StrictGate.Next next;
        do {
            next = StrictGate.next(s.get());
            Memory memory = next.memory();
            s.memory(_ -> memory);
            looks++;
            assertThat(next.action().isPresent() || next.again().isPresent()).isTrue();
        } while (next.action().isEmpty() && looks < 10);
        assertThat(looks).isEqualTo(2);
    }

    private static Situations strict(Situations s) {
        return s.set("synchronous_mode", true).set("synchronous_mode_strict", true);
    }

    private static Situations crashed() {
        return leader().stopped(ClusterState.IN_PRODUCTION, false);
    }

    /** A primary that demands this, and whether that is shown to be met. */
    private static Situations held(String demand, boolean settled) {
        Answer.Primary primary = primary(demand);
        SyncProof proof =
                new SyncProof(
                        demand,
                        primary.info().postmasterStartTime(),
                        Optional.of(new Lsn(1000)),
                        settled);
        return strict(leader())
                .answers(primary)
                .clientsHeldOff()
                .memory(m ->
                        m.withSync(
                                new Memory.Sync(Optional.of(proof), false, SyncSilence.NOTHING)));
    }

    private static Answer.Primary primary(String demand) {
        return primary(demand, 0);
    }

    private static Answer.Primary primary(String demand, long flushed) {
        LocalServer.ServerInfo info = Situations.INFO;
        SyncDemand names = SyncDemand.parse(demand);
        List<LocalServer.Sender> senders =
                info.senders().stream()
                        .map(one ->
                                new LocalServer.Sender(
                                        one.usename(),
                                        one.applicationName(),
                                        one.clientAddr(),
                                        one.state(),
                                        one.syncState(),
                                        names.names().contains(one.applicationName()) ? 1 : 0,
                                        one.writtenLsn(),
                                        new Lsn(flushed),
                                        one.replayedLsn(),
                                        one.slotName()))
                        .toList();
        return new Answer.Primary(
                new LocalServer.ServerInfo(
                        info.postmasterStartTime(),
                        info.version(),
                        senders,
                        new SyncSetting(demand, true)),
                2,
                new Lsn(1000),
                List.of());
    }
}
