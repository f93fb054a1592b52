package io.kumki.restapi;

import io.kumki.dcs.cluster.ClusterSettings;
import io.kumki.dcs.cluster.ClusterStatus;
import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.DynamicConfig;
import io.kumki.dcs.cluster.FailoverRequest;
import io.kumki.dcs.cluster.Leadership;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.dcs.cluster.SyncState;
import io.kumki.dcs.cluster.Tags;
import io.kumki.dcs.cluster.TimelineHistory;
import io.kumki.restapi.NodeSnapshot.Answer;
import io.kumki.restapi.NodeSnapshot.CachedCluster;
import io.kumki.restapi.NodeSnapshot.LoopState;
import io.kumki.restapi.NodeSnapshot.ServerStatus;
import io.kumki.restapi.NodeSnapshot.Wal;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/**
 * Healthy nodes and clusters; tests state only what differs. {@code n1} leads, {@code n2} follows.
 */
final class Nodes {

    static final MemberName N1 = new MemberName("n1");
    static final MemberName N2 = new MemberName("n2");
    static final MemberName N3 = new MemberName("n3");
    static final Lsn LEADER_LSN = new Lsn(1_000_000);
    static final OffsetDateTime STARTED = OffsetDateTime.parse("2026-07-01T10:00:00.123456+00:00");

    private static final long HOUR = 3_600_000_000_000L;

    private Nodes() {}

    static ClusterView cluster() {
        SortedMap<MemberName, Member> members = new TreeMap<>();
        members.put(N1, member(N1, "primary", Optional.of(LEADER_LSN)));
        members.put(N2, member(N2, "replica", Optional.of(new Lsn(999_000))));
        return new ClusterView(
                Optional.of("7000000000000000001"),
                new Leadership.Held(N1, 10, 10, 1),
                members,
                Optional.of(new DynamicConfig(new LinkedHashMap<>(Map.of("ttl", 30)), 55)),
                FailoverRequest.NONE,
                SyncState.NONE,
                new ClusterStatus(Optional.of(LEADER_LSN), new TreeMap<>(), List.of()),
                new TimelineHistory(
                        true,
                        List.of(
                                new TimelineHistory.Entry(
                                        1,
                                        new Lsn(5000),
                                        "no recovery target specified",
                                        Optional.of("2026-07-01T10:00:00+00:00"),
                                        Optional.of("n1")))),
                Optional.empty(),
                60);
    }

    static Member member(MemberName name, String role, Optional<Lsn> location) {
        boolean standby = role.equals("replica");
        return new Member(
                name,
                new Member.Addresses(
                        Optional.of("postgres://Host_" + name + ":5433/postgres"),
                        Optional.of("http://127.0.0.1:8008/patroni"),
                        Optional.empty()),
                Member.Status.of("running", role, "4.1.4"),
                new Member.WalProgress(
                        location,
                        standby ? location : Optional.empty(),
                        standby ? location : Optional.empty(),
                        standby ? Optional.of("streaming") : Optional.empty(),
                        2),
                Tags.NONE,
                1);
    }

    static ClusterView led(ClusterView view, Optional<MemberName> leader) {
        return view.withLeadership(
                leader.<Leadership>map(name -> new Leadership.Held(name, 70, 70, 2))
                        .orElse(new Leadership.Vacant()));
    }

    static UnaryOperator<ClusterView> leaderIs(MemberName name) {
        return view -> led(view, Optional.of(name));
    }

    static java.util.function.Function<ClusterView, ClusterView> with(FailoverRequest request) {
        return view -> copy(view, view.members(), view.config(), request, view.sync());
    }

    static ClusterView withConfig(ClusterView view, Map<String, Object> values) {
        return copy(
                view,
                view.members(),
                Optional.of(new DynamicConfig(values, 55)),
                view.failover(),
                view.sync());
    }

    static ClusterView withoutConfig(ClusterView view) {
        return copy(view, view.members(), Optional.empty(), view.failover(), view.sync());
    }

    static ClusterView withSync(ClusterView view, MemberName... standbys) {
        return copy(
                view,
                view.members(),
                view.config(),
                view.failover(),
                new SyncState(Optional.of(N1), 0, List.of(standbys), 9));
    }

    static ClusterView withMembers(ClusterView view, Member... members) {
        SortedMap<MemberName, Member> map = new TreeMap<>();
        for (Member member : members) {
            map.put(member.name(), member);
        }
        return copy(view, map, view.config(), view.failover(), view.sync());
    }

    private static ClusterView copy(
            ClusterView view,
            SortedMap<MemberName, Member> members,
            Optional<DynamicConfig> config,
            FailoverRequest failover,
            SyncState sync) {
        return new ClusterView(
                view.initialize(),
                view.leadership(),
                members,
                config,
                failover,
                sync,
                view.status(),
                view.history(),
                view.failsafe(),
                view.revision());
    }

    static NodeSnapshot leader() {
        return snapshot(
                "n1",
                server("running", "primary", Optional.of(answer(primary(), Optional.empty()))),
                leads(),
                Optional.of(valid(cluster())),
                ClusterSettings.DEFAULT);
    }

    static NodeSnapshot standby() {
        return snapshot(
                "n2",
                server(
                        "running",
                        "replica",
                        Optional.of(answer(replica(999_000), Optional.of("streaming")))),
                NodeSnapshot.Leadership.NONE,
                Optional.of(valid(cluster())),
                ClusterSettings.DEFAULT);
    }

    static NodeSnapshot.Leadership leads() {
        return new NodeSnapshot.Leadership(OptionalLong.of(System.nanoTime() + HOUR));
    }

    static CachedCluster valid(ClusterView view) {
        return new CachedCluster(view, System.nanoTime() + HOUR);
    }

    static Wal primary() {
        return new Wal.Primary(LEADER_LSN);
    }

    static Wal replica(long replayed) {
        return new Wal.Standby(
                Optional.of(new Lsn(999_500)),
                Optional.of(new Lsn(replayed)),
                Optional.of(OffsetDateTime.parse("2026-07-01T10:00:00Z")),
                false,
                false);
    }

    static Answer answer(Wal wal, Optional<String> replicationState) {
        return new Answer(STARTED, 150020, wal, 2, Optional.empty(), replicationState, List.of());
    }

    static ServerStatus server(String state, String role, Optional<Answer> answer) {
        return new ServerStatus(
                state, role, role, answer, Optional.of("7000000000000000001"), new TreeMap<>());
    }

    /** The standby, which doesn't move for so long although its leader is ahead. */
    static NodeSnapshot standingStill(Duration time) {
        NodeSnapshot node = standby();
        ServerStatus server = node.server();
        return with(
                node,
                new ServerStatus(
                        server.state(),
                        server.role(),
                        server.rememberedRole(),
                        server.answer(),
                        server.systemIdentifier(),
                        server.pendingRestart(),
                        Optional.of(new NodeSnapshot.Standstill(time, "it lacks some"))));
    }

    static NodeSnapshot snapshot(
            String name,
            ServerStatus server,
            NodeSnapshot.Leadership leadership,
            Optional<CachedCluster> cluster,
            ClusterSettings settings) {
        return new NodeSnapshot(
                "demo",
                name,
                server,
                leadership,
                cluster,
                settings,
                Tags.NONE,
                Tags.NONE,
                new LoopState(
                        System.nanoTime() + HOUR,
                        30_000_000_000L,
                        Instant.parse("2026-07-01T10:00:00Z")),
                Optional.empty(),
                OptionalLong.empty(),
                false,
                NodeSnapshot.Condition.GOOD);
    }

    static NodeSnapshot with(NodeSnapshot node, ServerStatus server) {
        return copy(node, server, node.leadership(), node.cluster(), node.settings(), node.tags());
    }

    static NodeSnapshot with(NodeSnapshot node, NodeSnapshot.Leadership leadership) {
        return copy(node, node.server(), leadership, node.cluster(), node.settings(), node.tags());
    }

    static NodeSnapshot with(NodeSnapshot node, Optional<ClusterView> view) {
        return copy(
                node,
                node.server(),
                node.leadership(),
                view.map(Nodes::valid),
                node.settings(),
                node.tags());
    }

    /** The settings of a dynamic configuration. */
    static NodeSnapshot with(NodeSnapshot node, Map<String, ?> config) {
        return copy(
                node,
                node.server(),
                node.leadership(),
                node.cluster(),
                ClusterSettings.of(config),
                node.tags());
    }

    /** It shows other tags than configured: it waits to leave the synchronous set. */
    static NodeSnapshot leavingSync(NodeSnapshot node) {
        return new NodeSnapshot(
                node.scope(),
                node.name(),
                node.server(),
                node.leadership(),
                node.cluster(),
                node.settings(),
                new Tags(new TreeMap<>(Map.of("nosync", true, "sync_priority", 0))),
                new Tags(new TreeMap<>(Map.of("sync_priority", 5))),
                node.loop(),
                node.scheduledRestart(),
                node.failsafeActiveUntilNanos(),
                node.watchdogFailed(),
                node.condition());
    }

    static NodeSnapshot with(NodeSnapshot node, Tags tags) {
        return copy(node, node.server(), node.leadership(), node.cluster(), node.settings(), tags);
    }

    static NodeSnapshot failsafe(NodeSnapshot node) {
        return new NodeSnapshot(
                node.scope(),
                node.name(),
                node.server(),
                node.leadership(),
                node.cluster(),
                node.settings(),
                node.tags(),
                node.configuredTags(),
                node.loop(),
                node.scheduledRestart(),
                OptionalLong.of(System.nanoTime() + HOUR),
                node.watchdogFailed(),
                node.condition());
    }

    /** The loop should have turned {@code late} nanoseconds ago. */
    static NodeSnapshot loopLate(NodeSnapshot node, long late) {
        return new NodeSnapshot(
                node.scope(),
                node.name(),
                node.server(),
                node.leadership(),
                node.cluster(),
                node.settings(),
                node.tags(),
                node.configuredTags(),
                new LoopState(System.nanoTime() - late, 30_000_000_000L, node.loop().dcsLastSeen()),
                node.scheduledRestart(),
                node.failsafeActiveUntilNanos(),
                node.watchdogFailed(),
                node.condition());
    }

    private static NodeSnapshot copy(
            NodeSnapshot node,
            ServerStatus server,
            NodeSnapshot.Leadership leadership,
            Optional<CachedCluster> cluster,
            ClusterSettings settings,
            Tags tags) {
        return new NodeSnapshot(
                node.scope(),
                node.name(),
                server,
                leadership,
                cluster,
                settings,
                tags,
                tags,
                node.loop(),
                node.scheduledRestart(),
                node.failsafeActiveUntilNanos(),
                node.watchdogFailed(),
                node.condition());
    }
}
