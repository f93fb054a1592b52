package io.kumki.restapi;

import static io.kumki.restapi.Nodes.answer;
import static io.kumki.restapi.Nodes.cluster;
import static io.kumki.restapi.Nodes.leader;
import static io.kumki.restapi.Nodes.primary;
import static io.kumki.restapi.Nodes.replica;
import static io.kumki.restapi.Nodes.server;
import static io.kumki.restapi.Nodes.standby;
import static io.kumki.restapi.Nodes.with;
import static io.kumki.restapi.Nodes.withSync;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.argumentSet;

import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.dcs.cluster.Tags;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The table of the contract's section 6, and the rules for paths and parameters. */
class ProbesTest {

    private static final Map<String, Object> STANDBY_CLUSTER =
            Map.of("standby_cluster", Map.of("host", "elsewhere"));
    private static final Map<String, Object> PAUSE = Map.of("pause", true);
    private static final Optional<ClusterView> NO_STORE = Optional.empty();

    /** Every probe that may say 200; the ones not listed in a case must say 503. */
    private static final List<String> PATHS =
            List.of(
                    "/",
                    "/primary",
                    "/master",
                    "/read-write",
                    "/leader",
                    "/standby-leader",
                    "/standby_leader",
                    "/replica",
                    "/read-only",
                    "/sync",
                    "/synchronous",
                    "/quorum",
                    "/async",
                    "/asynchronous",
                    "/read-only-sync",
                    "/read-only-synchronous",
                    "/read-only-quorum",
                    "/health",
                    "/liveness",
                    "/readiness",
                    "/nosuch");

    private static final String WRITES = "/ /primary /master /read-write /leader /read-only ";
    private static final String SYNC_LEADER =
            "/read-only-sync /read-only-synchronous /read-only-quorum ";
    private static final String ASYNC = "/replica /read-only /async /asynchronous ";
    private static final String SYNC =
            "/replica /read-only /sync /synchronous /read-only-sync /read-only-synchronous ";
    private static final String UP = "/health /liveness ";

    static Stream<Arguments> situations() {
        return Stream.of(
                argumentSet(
                        "bootstrapping",
                        with(
                                standby(),
                                server("initializing new cluster", "uninitialized", none())),
                        "/liveness"),
                argumentSet(
                        "cloning",
                        with(standby(), server("creating replica", "replica", none())),
                        "/liveness"),
                argumentSet("leader, running", leader(), WRITES + SYNC_LEADER + UP + "/readiness"),
                argumentSet(
                        "leader by lease, server crashed",
                        with(leader(), server("crashed", "primary", none())),
                        WRITES + SYNC_LEADER + "/liveness /readiness"),
                argumentSet(
                        "leader by lease, server starting",
                        with(leader(), server("starting", "primary", none())),
                        WRITES + SYNC_LEADER + "/liveness /readiness"),
                argumentSet(
                        "primary without the lock",
                        with(leader(), NodeSnapshot.Leadership.NONE),
                        UP),
                argumentSet(
                        "primary whose lease has just ended",
                        with(
                                leader(),
                                new NodeSnapshot.Leadership(
                                        OptionalLong.of(System.nanoTime() - 1))),
                        UP),
                argumentSet("standby streaming", standby(), ASYNC + UP + "/readiness"),
                argumentSet(
                        "synchronous standby",
                        with(
                                with(standby(), Optional.of(withSync(cluster(), Nodes.N2))),
                                Map.of("synchronous_mode", true)),
                        "/replica /read-only /sync /synchronous /read-only-sync"
                                + " /read-only-synchronous /readiness "
                                + UP),
                argumentSet(
                        "quorum standby",
                        with(
                                with(standby(), Optional.of(withSync(cluster(), Nodes.N2))),
                                Map.of("synchronous_mode", "quorum")),
                        "/replica /read-only /quorum /read-only-quorum /readiness " + UP),
                argumentSet(
                        "synchronous standby, named in other letters",
                        synchronous(standby(), true, new MemberName("N2")),
                        SYNC + UP + "/readiness"),
                argumentSet(
                        "another member where commits wait for one",
                        synchronous(standby(), true, Nodes.N3),
                        ASYNC + UP + "/readiness"),
                argumentSet(
                        "another member where commits wait for a quorum",
                        synchronous(standby(), "quorum", Nodes.N3),
                        ASYNC + UP + "/readiness"),
                argumentSet(
                        "named in the key, but the mode is off",
                        synchronous(standby(), false, Nodes.N2),
                        ASYNC + UP + "/readiness"),
                argumentSet(
                        "named in the key, but the mode is ignored in a standby cluster",
                        with(
                                with(standby(), Optional.of(withSync(cluster(), Nodes.N2))),
                                Map.of(
                                        "synchronous_mode",
                                        true,
                                        "standby_cluster",
                                        Map.of("host", "elsewhere"))),
                        ASYNC + UP + "/readiness"),
                argumentSet(
                        "synchronous standby, not streaming",
                        synchronous(
                                with(
                                        standby(),
                                        server(
                                                "running",
                                                "replica",
                                                Optional.of(
                                                        answer(
                                                                replica(999_000),
                                                                Optional.empty())))),
                                true,
                                Nodes.N2),
                        SYNC + UP),
                argumentSet(
                        "synchronous standby, stopped",
                        synchronous(
                                with(standby(), server("stopped", "replica", none())),
                                true,
                                Nodes.N2),
                        "/liveness"),
                argumentSet(
                        "synchronous standby that balances no load",
                        synchronous(
                                with(standby(), Tags.of(Map.of("noloadbalance", true))),
                                true,
                                Nodes.N2),
                        UP + "/readiness"),
                argumentSet(
                        "leader of synchronous standbys",
                        synchronous(leader(), true, Nodes.N2),
                        WRITES + SYNC_LEADER + UP + "/readiness"),
                argumentSet(
                        "synchronous standby, store unreachable",
                        with(synchronous(standby(), true, Nodes.N2), NO_STORE),
                        "/replica /read-only " + UP),
                argumentSet(
                        "synchronous standby in pause",
                        with(
                                with(standby(), Optional.of(withSync(cluster(), Nodes.N2))),
                                Map.of("synchronous_mode", true, "pause", true)),
                        SYNC + UP + "/readiness"),
                argumentSet(
                        "standby with noloadbalance",
                        with(standby(), Tags.of(Map.of("noloadbalance", true))),
                        UP + "/readiness"),
                argumentSet(
                        "standby running, not streaming",
                        with(
                                standby(),
                                server(
                                        "running",
                                        "replica",
                                        Optional.of(
                                                answer(
                                                        replica(999_000),
                                                        Optional.of("in archive recovery"))))),
                        ASYNC + UP),
                argumentSet(
                        "standby stopped",
                        with(standby(), server("stopped", "replica", none())),
                        "/liveness"),
                argumentSet(
                        "standby that answers no query",
                        with(standby(), server("unknown", "replica", none())),
                        "/liveness"),
                argumentSet(
                        "leader that answers no query",
                        with(leader(), server("unknown", "primary", none())),
                        WRITES + SYNC_LEADER + "/liveness /readiness"),
                argumentSet(
                        "standby cluster: its leader",
                        with(
                                with(
                                        leader(),
                                        server(
                                                "running",
                                                "standby_leader",
                                                Optional.of(
                                                        answer(
                                                                replica(999_000),
                                                                Optional.of("streaming"))))),
                                STANDBY_CLUSTER),
                        "/leader /standby-leader /standby_leader /read-only /readiness "
                                + SYNC_LEADER
                                + UP),
                argumentSet(
                        "standby cluster: a leader that is a replica still",
                        with(with(standby(), Nodes.leads()), STANDBY_CLUSTER),
                        "/leader /standby-leader /standby_leader /read-only /readiness "
                                + SYNC_LEADER
                                + UP),
                argumentSet(
                        "standby cluster: another member",
                        with(standby(), STANDBY_CLUSTER),
                        ASYNC + UP + "/readiness"),
                argumentSet(
                        "paused, store unreachable, primary",
                        with(with(with(leader(), NodeSnapshot.Leadership.NONE), NO_STORE), PAUSE),
                        WRITES + UP),
                argumentSet(
                        "paused, store unreachable, standby",
                        with(with(standby(), NO_STORE), PAUSE),
                        "/replica /read-only " + UP),
                argumentSet(
                        "store unreachable, former leader after demotion",
                        with(
                                with(
                                        standby(),
                                        server(
                                                "running",
                                                "replica",
                                                Optional.of(
                                                        answer(
                                                                replica(999_000),
                                                                Optional.empty())))),
                                NO_STORE),
                        "/replica /read-only " + UP),
                argumentSet(
                        "store unreachable, failsafe active, leader",
                        Nodes.failsafe(with(leader(), NO_STORE)),
                        WRITES + UP + "/readiness"),
                argumentSet(
                        "store unreachable, failsafe active, standby",
                        Nodes.failsafe(with(standby(), NO_STORE)),
                        "/replica /read-only /readiness " + UP),
                argumentSet(
                        "store unreachable, standby whose receiver reports nothing",
                        with(standby(), NO_STORE),
                        "/replica /read-only " + UP),
                argumentSet(
                        "loop hangs",
                        Nodes.loopLate(
                                with(leader(), NodeSnapshot.Leadership.NONE), 31_000_000_000L),
                        "/health"),
                argumentSet(
                        "loop hangs while paused",
                        Nodes.loopLate(
                                with(with(leader(), NodeSnapshot.Leadership.NONE), PAUSE),
                                31_000_000_000L),
                        UP),
                argumentSet(
                        "paused primary with its lock",
                        with(leader(), PAUSE),
                        WRITES + SYNC_LEADER + UP + "/readiness"),
                argumentSet(
                        "new leader, promotion not complete",
                        with(
                                leader(),
                                server(
                                        "running",
                                        "promoted",
                                        Optional.of(answer(primary(), Optional.empty())))),
                        WRITES + SYNC_LEADER + UP + "/readiness"));
    }

    @ParameterizedTest
    @MethodSource("situations")
    void everyProbeInEverySituation(NodeSnapshot node, String healthyPaths) {
        Probes probes = new Probes(node, System.nanoTime());
        List<String> healthy = new ArrayList<>();
        for (String path : PATHS) {
            boolean ok =
                    switch (path) {
                        case "/liveness" -> probes.live();
                        case "/readiness" -> probes.ready(Query.NONE);
                        default -> probes.healthy(path, Query.NONE);
                    };
            if (ok) {
                healthy.add(path);
            }
        }
        assertThat(healthy).containsExactlyInAnyOrder(healthyPaths.strip().split(" +"));
    }

    @ParameterizedTest
    @CsvSource({
        "/replica?lag=1kB, true", // replayed 999000, the leader at 1000000
        "/replica?lag=1000, true",
        "/replica?lag=999, false",
        "/replica?lag=0.9kB, false",
        "/replica?lag=10mb, true",
        "/replica?lag=, true",
        "/replica?lag=-1, false",
        "/replica?lag=0x3e8, true",
        "/replica?lag=1e999, true",
        "/read-only?lag=1, false",
        "/async?lag=1, false",
        "/replica?replication_state=streaming, true",
        "/replica?replication_state=other, false",
        "/replica?tag_zone=a, true",
        "/replica?tag_zone=A, false",
        "/replica?tag_zone=a&tag_weight=5, true",
        "/replica?tag_zone=a&tag_weight=6, false",
        "/replica?tag_ratio=1.4, true",
        "/replica?tag_clonefrom=true, true",
        "/replica?tag_noloadbalance=false, false",
        "/health?tag_zone=b, false",
        "/xreplicax?tag_zone=a&tag_zone=b, true",
        "/replica/anything, true",
        "/my-read-only, true",
        "/healthz, true",
        "/async/, false",
        "/primary-replica, false",
        "/replica?tag_zone=%61, true",
    })
    void pathsAndParameters(String uri, boolean healthy) {
        NodeSnapshot node =
                with(
                        standby(),
                        Tags.of(Map.of("zone", "a", "weight", 5, "ratio", 1.4, "clonefrom", true)));
        String[] parts = uri.split("\\?", 2);
        Query query = Query.parse(parts.length > 1 ? parts[1] : "");
        assertThat(new Probes(node, System.nanoTime()).healthy(parts[0], query)).isEqualTo(healthy);
    }

    @ParameterizedTest
    @CsvSource({
        "'', true",
        "lag=999, false",
        "lag=1000, true",
        "lag=500&mode=write, true",
        "lag=499&mode=write, false",
        "lag=500&mode=apply, false"
    })
    void readinessCountsFromReplayOrFromReceipt(String query, boolean ready) {
        assertThat(new Probes(standby(), System.nanoTime()).ready(Query.parse(query)))
                .isEqualTo(ready);
    }

    @Test
    void aStandbyThatStandsStillForHalfAMinuteIsNoReplicaToReadFrom() {
        Probes still = new Probes(Nodes.standingStill(Duration.ofSeconds(30)), System.nanoTime());
        for (String path : List.of("/replica", "/read-only", "/async")) {
            assertThat(still.healthy(path, Query.NONE)).as(path).isFalse();
        }
        assertThat(still.healthy("/health", Query.NONE)).isTrue();
        assertThat(StatusDocument.of(still).get("standstill"))
                .isEqualTo(Map.of("seconds", 30L, "reason", "it lacks some"));

        Probes shortly =
                new Probes(Nodes.standingStill(Duration.ofMillis(29_999)), System.nanoTime());
        assertThat(shortly.healthy("/replica", Query.NONE)).isTrue();
        assertThat(StatusDocument.of(shortly)).doesNotContainKey("standstill");
    }

    @Test
    void aMemberOnItsWayBackTellsItsStep() {
        NodeSnapshot.Rejoin step =
                new NodeSnapshot.Rejoin(
                        "rejoin.rewinds", "rung 3 of 4", Instant.parse("2026-11-21T10:00:00.5Z"));
        NodeSnapshot node = standby().withRejoin(Optional.of(step));
        assertThat(StatusDocument.of(new Probes(node, System.nanoTime())).get("rejoin"))
                .isEqualTo(
                        Map.of(
                                "rule",
                                "rejoin.rewinds",
                                "reason",
                                "rung 3 of 4",
                                "since",
                                "2026-11-21T10:00:00Z"));
        assertThat(StatusDocument.of(new Probes(standby(), System.nanoTime())))
                .doesNotContainKey("rejoin");
    }

    @Test
    void aLeaseEndsInTheInstantOfItsDeadline() {
        NodeSnapshot node =
                with(leader(), new NodeSnapshot.Leadership(OptionalLong.of(5_000_000_000L)));
        assertThat(new Probes(node, 4_999_999_999L).healthy("/primary", Query.NONE)).isTrue();
        assertThat(new Probes(node, 5_000_000_000L).healthy("/primary", Query.NONE)).isFalse();
    }

    @Test
    void whoIsSynchronousIsNotToldFromAnOldView() {
        NodeSnapshot node = synchronous(standby(), true, Nodes.N2);
        long later = System.nanoTime() + Duration.ofDays(1).toNanos();
        for (String path : (SYNC + ASYNC).strip().split(" +", -1)) {
            assertThat(new Probes(node, later).healthy(path, Query.NONE))
                    .as(path)
                    .isEqualTo(List.of("/replica", "/read-only").contains(path));
        }
    }

    @Test
    void aSynchronousStandbyMayLagAsWell() {
        Probes probes = new Probes(synchronous(standby(), true, Nodes.N2), System.nanoTime());
        for (String path : List.of("/sync", "/read-only-sync")) {
            assertThat(probes.healthy(path, Query.parse("lag=1000"))).as(path).isTrue();
            assertThat(probes.healthy(path, Query.parse("lag=999"))).as(path).isFalse();
            assertThat(probes.healthy(path, Query.parse("tag_x=y"))).as(path).isFalse();
        }
    }

    private static NodeSnapshot synchronous(
            NodeSnapshot node, Object mode, MemberName... standbys) {
        return with(
                with(node, Optional.of(withSync(cluster(), standbys))),
                Map.of("synchronous_mode", mode));
    }

    private static Optional<NodeSnapshot.Answer> none() {
        return Optional.empty();
    }

    @Test
    void aTagIsComparedAsConfiguredAlsoWhileTheMemberLeavesTheSynchronousSet() {
        NodeSnapshot leaving = Nodes.leavingSync(Nodes.standby());
        Probes probes = new Probes(leaving, System.nanoTime());
        assertThat(probes.healthy("/replica", Query.parse("tag_sync_priority=5"))).isTrue();
        assertThat(probes.healthy("/replica", Query.parse("tag_nosync=true"))).isFalse();
        assertThat(StatusDocument.of(probes).get("tags")).isEqualTo(leaving.tags().values());
    }
}
