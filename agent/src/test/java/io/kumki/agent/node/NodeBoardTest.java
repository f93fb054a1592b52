package io.kumki.agent.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.agent.ha.LocalServer;
import io.kumki.agent.ha.Situation;
import io.kumki.dcs.cluster.ClusterSettings;
import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.DynamicConfig;
import io.kumki.dcs.cluster.Leadership;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.restapi.NodeSnapshot;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What REST shows of a situation. */
@Timeout(10)
class NodeBoardTest {

    private static final MemberName ME = new MemberName("n1");
    private static final long NOW = 5_000_000_000L;
    private static final long TTL = Duration.ofSeconds(30).toNanos();
    private static final Instant SEEN = Instant.parse("2026-07-01T10:00:00Z");

    private static final ClusterView LED =
            ClusterView.EMPTY.withLeadership(new Leadership.Held(new MemberName("n2"), 1, 1, 1));

    private static final LocalServer.ServerInfo INFO =
            new LocalServer.ServerInfo(
                    "2026-07-01 10:00:00.5+00", 150_020, List.of(), LocalServer.SyncSetting.NONE);

    @Test
    void theViewOfTheStoreIsValidForOneTtlAfterItWasAskedFor() {
        NodeSnapshot.CachedCluster cached =
                board(LED, stopped(), Optional.of(new NodeBoard.LastGood(LED, NOW - 7, SEEN)))
                        .cluster()
                        .orElseThrow();
        assertThat(cached.validUntilNanos()).isEqualTo(NOW - 7 + TTL);
    }

    @Test
    void aReadThatFailedDropsTheViewButNotWhenTheStoreWasLastSeen() {
        NodeSnapshot node =
                board(LED.silent(), stopped(), Optional.of(new NodeBoard.LastGood(LED, NOW, SEEN)));
        assertThat(node.cluster()).isEmpty();
        assertThat(node.loop().dcsLastSeen()).isEqualTo(SEEN);
        assertThat(board(LED, stopped(), Optional.empty()).loop().dcsLastSeen())
                .isEqualTo(Instant.EPOCH);
    }

    /** What could take writes is looked after more closely. */
    @Test
    void aPrimaryMayHangForOneTtlAndOthersForTwo() {
        assertThat(board(LED, stopped(), Optional.empty()).loop().livenessLimitNanos())
                .isEqualTo(2 * TTL);
        assertThat(board(LED, primary(), Optional.empty()).loop().livenessLimitNanos())
                .isEqualTo(TTL);
    }

    @Test
    void aRunningServerThatDoesNotAnswerIsUnknown() {
        LocalServer mute = server(LocalServer.Postmaster.RUNNING, Optional.empty());
        NodeSnapshot node = board(LED, mute, Optional.empty());
        assertThat(node.server().state()).isEqualTo("unknown");
        assertThat(node.server().answer()).isEmpty();
        assertThat(board(LED, stopped(), Optional.empty()).server().state()).isEqualTo("stopped");
    }

    @Test
    void theAnswerOfAPrimaryIsShown() {
        NodeSnapshot.Answer answer =
                board(LED, primary(), Optional.empty()).server().answer().orElseThrow();
        assertThat(answer.serverVersion()).isEqualTo(150_020);
        assertThat(answer.wal()).isEqualTo(new NodeSnapshot.Wal.Primary(new Lsn(4711)));
        assertThat(answer.postmasterStartTime().toInstant())
                .isEqualTo(Instant.parse("2026-07-01T10:00:00.5Z"));
    }

    /** A position of 0 is none: peers must not take it for one. */
    @Test
    void aStandbyThatReceivedNothingShowsWhatItReplayed() {
        NodeSnapshot.Wal wal = wal(Lsn.parse("0/0"), new Lsn(99));
        assertThat(wal)
                .isEqualTo(
                        new NodeSnapshot.Wal.Standby(
                                Optional.of(new Lsn(99)),
                                Optional.of(new Lsn(99)),
                                Optional.empty(),
                                false,
                                false));
        assertThat(wal(Lsn.parse("0/0"), Lsn.parse("0/0")))
                .isEqualTo(
                        new NodeSnapshot.Wal.Standby(
                                Optional.empty(),
                                Optional.empty(),
                                Optional.empty(),
                                false,
                                false));
    }

    private static NodeSnapshot.Wal wal(Lsn received, Lsn replayed) {
        LocalServer.Answer.Standby standby =
                new LocalServer.Answer.Standby(
                        INFO,
                        1,
                        received,
                        replayed,
                        Optional.empty(),
                        false,
                        Optional.empty(),
                        false,
                        false,
                        List.of());
        LocalServer server = server(LocalServer.Postmaster.RUNNING, Optional.of(standby));
        return board(LED, server, Optional.empty()).server().answer().orElseThrow().wal();
    }

    private static LocalServer stopped() {
        return server(LocalServer.Postmaster.STOPPED, Optional.empty());
    }

    private static LocalServer primary() {
        return server(
                LocalServer.Postmaster.RUNNING,
                Optional.of(new LocalServer.Answer.Primary(INFO, 1, new Lsn(4711), List.of())));
    }

    private static LocalServer server(
            LocalServer.Postmaster postmaster, Optional<LocalServer.Answer> answer) {
        return new LocalServer(
                new LocalServer.DataDirectory.Empty(), postmaster, answer, new TreeMap<>());
    }

    private static NodeSnapshot board(
            ClusterView view, LocalServer server, Optional<NodeBoard.LastGood> lastGood) {
        Situation situation =
                PlainSituation.of(
                        PlainSelf.named(ME),
                        view,
                        ClusterSettings.of(new DynamicConfig(Map.of("ttl", 30), 1)),
                        server,
                        NOW,
                        SEEN);
        return NodeBoard.snapshot(
                "demo",
                situation,
                lastGood,
                Optional.empty(),
                NOW,
                OptionalLong.empty(),
                List.of());
    }
}
