package io.kumki.agent.node;

import io.kumki.agent.ha.Crashes;
import io.kumki.agent.ha.LocalServer;
import io.kumki.agent.ha.Published;
import io.kumki.agent.ha.Situation;
import io.kumki.agent.ha.Standstill;
import io.kumki.agent.postgres.CloneProgress;
import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.ScheduledRestart;
import io.kumki.restapi.NodeSnapshot;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** Makes the snapshot that the REST API serves out of a turn's facts. */
final class NodeBoard {

    private NodeBoard() {}

    /**
     * @param lastGood the last view that etcd gave, and when it was asked for
     * @param nextRunNanos planned begin of the next turn
     * @param failsafeUntil until when failsafe mode is in action here; empty if it isn't
     * @param primaries members seen to be primaries at the same time
     */
    static NodeSnapshot snapshot(
            String scope,
            Situation s,
            Optional<LastGood> lastGood,
            Optional<ScheduledRestart> scheduledRestart,
            long nextRunNanos,
            OptionalLong failsafeUntil,
            List<String> primaries) {
        Duration ttl = s.settings().timing().ttl();
        boolean runningPrimary = s.couldWrite();
        return new NodeSnapshot(
                scope,
                s.me().value(),
                server(s),
                new NodeSnapshot.Leadership(Published.leadsUntil(s)),
                s.etcdSilent()
                        ? Optional.empty()
                        : lastGood.map(good ->
                                new NodeSnapshot.CachedCluster(
                                        s.cluster(), good.sentNanos() + ttl.toNanos())),
                s.settings(),
                Published.tags(s),
                s.self().tags(),
                new NodeSnapshot.LoopState(
                        nextRunNanos,
                        runningPrimary ? ttl.toNanos() : ttl.multipliedBy(2).toNanos(),
                        lastGood.map(LastGood::wall).orElse(Instant.EPOCH)),
                scheduledRestart,
                failsafeUntil,
                s.self().unfit().isPresent(),
                new NodeSnapshot.Condition(
                        s.server().health().volumes(),
                        Crashes.recent(s),
                        Crashes.impairment(s),
                        Crashes.trouble(s),
                        primaries));
    }

    /** The last answer of the store. */
    record LastGood(ClusterView view, long sentNanos, Instant wall) {}

    private static NodeSnapshot.ServerStatus server(Situation s) {
        Optional<NodeSnapshot.Answer> answer = s.server().answer().flatMap(a -> answer(s, a));
        String state = Published.state(s);
        String shown = state.equals("running") && answer.isEmpty() ? "unknown" : state;
        String role = Published.role(s);
        return new NodeSnapshot.ServerStatus(
                shown,
                role,
                role,
                answer,
                s.server().control().map(LocalServer.ControlData::systemIdentifier),
                s.server().pendingRestart(),
                Standstill.lasting(s).map(time -> standstill(s, time)));
    }

    private static NodeSnapshot.Standstill standstill(Situation s, Duration time) {
        return new NodeSnapshot.Standstill(
                time,
                "nothing is received or replayed since "
                        + time.toSeconds()
                        + " s: the own log ends at "
                        + s.position()
                        + ", the leader's at "
                        + Standstill.leaderPosition(s));
    }

    private static Optional<NodeSnapshot.Answer> answer(Situation s, LocalServer.Answer answer) {
        LocalServer.ServerInfo info = answer.info();
        Optional<OffsetDateTime> started = WireTimes.parse(info.postmasterStartTime());
        return started.map(start ->
                new NodeSnapshot.Answer(
                        start,
                        info.version(),
                        wal(answer),
                        s.timeline(),
                        leaderEnd(answer),
                        answer instanceof LocalServer.Answer.Standby standby
                                ? Published.replicationState(standby)
                                : Optional.empty(),
                        info.senders().stream().map(NodeBoard::sender).toList()));
    }

    private static NodeSnapshot.Wal wal(LocalServer.Answer answer) {
        return switch (answer) {
            case LocalServer.Answer.Primary primary ->
                    new NodeSnapshot.Wal.Primary(primary.flushedLsn());
            case LocalServer.Answer.Standby standby ->
                    new NodeSnapshot.Wal.Standby(
                            known(
                                    standby.receivedLsn().isZero()
                                            ? standby.replayedLsn()
                                            : standby.receivedLsn()),
                            known(standby.replayedLsn()),
                            standby.replayedTimestamp().flatMap(WireTimes::parse),
                            standby.replayPaused(),
                            !standby.receivedLsn().isZero());
        };
    }

    private static Optional<Lsn> leaderEnd(LocalServer.Answer answer) {
        return answer instanceof LocalServer.Answer.Standby standby
                ? standby.receiver()
                        .map(LocalServer.Receiver::latestEndLsn)
                        .flatMap(NodeBoard::known)
                : Optional.empty();
    }

    private static Optional<Lsn> known(Lsn lsn) {
        return lsn.isZero() ? Optional.empty() : Optional.of(lsn);
    }

    private static NodeSnapshot.Sender sender(LocalServer.Sender sender) {
        return new NodeSnapshot.Sender(
                sender.usename(),
                sender.applicationName(),
                sender.clientAddr(),
                sender.state(),
                sender.syncState(),
                sender.syncPriority());
    }

    /** How far a copy has come. */
    static NodeSnapshot.CloneProgress progress(CloneProgress clone) {
        return new NodeSnapshot.CloneProgress(
                clone.method(), clone.source(), clone.bytes(), clone.totalBytes(), clone.seconds());
    }
}
