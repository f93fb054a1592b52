package io.kumki.restapi;

import static io.kumki.restapi.Nodes.cluster;
import static io.kumki.restapi.Nodes.leader;
import static io.kumki.restapi.Nodes.server;
import static io.kumki.restapi.Nodes.standby;
import static io.kumki.restapi.Nodes.with;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.argumentSet;

import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.restapi.NodeControl.FailsafeAnswer;
import io.kumki.restapi.NodeControl.ReinitializeResult;
import io.kumki.restapi.NodeControl.RestartResult;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every endpoint that isn't a health check, in every state, over a real socket. */
@Timeout(60)
class EveryStateTest {

    private static final Map<String, Object> PAUSE = Map.of("pause", true);
    private static final Map<String, Object> FAILSAFE = Map.of("failsafe_mode", true);

    /** Name of a call to method, path and body. */
    private static final Map<String, String> CALLS = new LinkedHashMap<>();

    static {
        CALLS.put("patroni", "GET /patroni");
        CALLS.put("cluster", "GET /cluster");
        CALLS.put("history", "GET /history");
        CALLS.put("decisions", "GET /decisions");
        CALLS.put("metrics", "GET /metrics");
        CALLS.put("config", "GET /config");
        CALLS.put("patch", "PATCH /config {\"ttl\": 20}");
        CALLS.put("put", "PUT /config {\"ttl\": 20}");
        CALLS.put("failsafe", "GET /failsafe");
        CALLS.put("failsafe-post", "POST /failsafe {\"name\": \"n1\"}");
        CALLS.put(
                "at",
                "POST /switchover {\"leader\": \"n1\", \"scheduled_at\": \"2030-01-01T00:00Z\"}");
        CALLS.put("failover", "POST /failover {\"candidate\": \"n2\"}");
        CALLS.put("unswitch", "DELETE /switchover");
        CALLS.put("restart", "POST /restart");
        CALLS.put("restart-at", "POST /restart {\"schedule\": \"2030-01-01T00:00Z\"}");
        CALLS.put("unrestart", "DELETE /restart");
        CALLS.put("reinit", "POST /reinitialize");
        CALLS.put("reload", "POST /reload");
        CALLS.put("sigterm", "POST /sigterm");
        CALLS.put("citus", "POST /citus {\"type\": \"before_demote\"}");
        CALLS.put("mpp", "POST /mpp {\"type\": \"before_demote\"}");
    }

    /** What a healthy leader of a healthy cluster answers; each state says what differs. */
    private static final String HEALTHY =
            "patroni=200 cluster=200 history=200 decisions=200 metrics=200 config=200 patch=200"
                    + " put=200 failsafe=502 failsafe-post=502 at=202 failover=200 unswitch=404"
                    + " restart=200 restart-at=202 unrestart=200 reinit=200 reload=202"
                    + " sigterm=202 citus=200 mpp=200";

    /** An answer from the store is needed; from the cached view while there is one. */
    private static final String NO_STORE =
            "cluster=503 patch=503 put=503 at=503 failover=503 unswitch=503 restart=503"
                    + " restart-at=503";

    private static Api api;

    @BeforeAll
    static void start() {
        api = Api.start();
    }

    @AfterAll
    static void stop() {
        api.close();
    }

    record State(NodeSnapshot node, Optional<ClusterView> store) {}

    private static State state(NodeSnapshot node) {
        return new State(node, Optional.of(cluster()));
    }

    private static State state(String server, String role) {
        return state(with(standby(), server(server, role, Optional.empty())));
    }

    static Stream<Arguments> states() {
        return Stream.of(
                argumentSet("leader, running", state(leader()), ""),
                argumentSet("standby, running", state(standby()), ""),
                argumentSet(
                        "bootstrapping", state("initializing new cluster", "uninitialized"), ""),
                argumentSet("bootstrap failed", state("initdb failed", "uninitialized"), ""),
                argumentSet(
                        "own bootstrap script",
                        state("running custom bootstrap script", "uninitialized"),
                        ""),
                argumentSet("cloning", state("creating replica", "replica"), ""),
                argumentSet("starting", state("starting", "replica"), ""),
                argumentSet("start failed", state("start failed", "replica"), ""),
                argumentSet("restarting", state("restarting", "replica"), ""),
                argumentSet("stopping", state("stopping", "demoted"), ""),
                argumentSet("stopped", state("stopped", "demoted"), ""),
                argumentSet("crashed", state("crashed", "primary"), ""),
                argumentSet("answers no query", state("unknown", "primary"), ""),
                argumentSet(
                        "paused",
                        new State(
                                with(leader(), PAUSE),
                                Optional.of(Nodes.withConfig(cluster(), PAUSE))),
                        "at=400 restart-at=500"),
                argumentSet(
                        "nobody leads",
                        new State(with(standby(), Optional.of(vacant())), Optional.of(vacant())),
                        ""),
                argumentSet(
                        "no configuration",
                        new State(
                                with(leader(), Optional.of(Nodes.withoutConfig(cluster()))),
                                Optional.of(Nodes.withoutConfig(cluster()))),
                        "config=502 patch=503"),
                argumentSet(
                        "store silent, not noticed yet",
                        new State(leader(), Optional.empty()),
                        NO_STORE),
                argumentSet(
                        "store silent",
                        new State(with(leader(), Optional.empty()), Optional.empty()),
                        NO_STORE + " history=503 config=503"),
                argumentSet(
                        "store silent, paused",
                        new State(with(with(leader(), Optional.empty()), PAUSE), Optional.empty()),
                        NO_STORE + " history=503 config=503"),
                argumentSet(
                        "failsafe in action, standby",
                        new State(
                                Nodes.failsafe(with(with(standby(), Optional.empty()), FAILSAFE)),
                                Optional.empty()),
                        NO_STORE + " history=503 config=503 failsafe-post=200"),
                argumentSet(
                        "standby cluster",
                        state(
                                with(
                                        leader(),
                                        Map.of("standby_cluster", Map.of("host", "elsewhere")))),
                        ""));
    }

    private static ClusterView vacant() {
        return Nodes.led(cluster(), Optional.empty());
    }

    @ParameterizedTest
    @MethodSource("states")
    void everyEndpointInEveryState(State state, String differs) {
        assertThat(answers(state)).isEqualTo(expected(differs));
    }

    private static Map<String, Integer> expected(String differs) {
        Map<String, Integer> codes = new TreeMap<>();
        for (String one : (HEALTHY + " " + differs).strip().split(" +", -1)) {
            String[] parts = one.split("=", 2);
            codes.put(parts[0], Integer.valueOf(parts[1]));
        }
        return codes;
    }

    private static Map<String, Integer> answers(State state) {
        api.node.snapshot = state.node();
        api.node.failsafeAnswer = new FailsafeAnswer.Accepted(Optional.empty(), Duration.ZERO);
        api.node.afterRequest = Nodes.leaderIs(new MemberName("n2"));
        Map<String, Integer> codes = new TreeMap<>();
        CALLS.forEach((name, call) -> {
            api.node.store = state.store();
            String[] parts = call.split(" ", 3);
            codes.put(
                    name,
                    api.call(parts[0], parts[1], parts.length > 2 ? parts[2] : null).status());
        });
        return codes;
    }

    @Test
    void whatTheLoopRefusesIsSaidInTheContractsWords() {
        api.node.snapshot = standby();
        api.node.restartResult = Future.succeededFuture(new RestartResult.Busy("reinitialize"));
        assertRefused("/restart", "reinitialize already in progress");
        api.node.restartResult = Future.succeededFuture(new RestartResult.ConditionsNotMet());
        assertRefused("/restart", "restart conditions are not satisfied");
        api.node.restartResult = Future.succeededFuture(new RestartResult.StillStarting());
        assertRefused("/restart", "postgres is still starting");
        api.node.restartResult = Future.succeededFuture(new RestartResult.Restarted());
        api.node.reinitializeResult = new ReinitializeResult.NoLeader();
        assertRefused("/reinitialize", "Cluster has no leader, can not reinitialize");
        api.node.reinitializeResult = new ReinitializeResult.IsLeader();
        assertRefused("/reinitialize", "I am the leader, can not reinitialize");
        api.node.reinitializeResult = new ReinitializeResult.Busy("restart");
        assertRefused("/reinitialize", "restart already in progress");
        api.node.reinitializeResult = new ReinitializeResult.Started();
    }

    private static void assertRefused(String path, String text) {
        Api.Reply reply = api.call("POST", path, null);
        assertThat(reply.status()).as(text).isEqualTo(503);
        assertThat(reply.body()).isEqualTo(text);
    }

    /** No turn of the loop, no new snapshot: only time passes. */
    @Test
    void theDeadlineAloneEndsTheLead() {
        long deadline = api.node.nowNanos() + 3_600_000_000_000L;
        api.node.snapshot = with(leader(), new NodeSnapshot.Leadership(OptionalLong.of(deadline)));
        for (String path : new String[] {"/", "/primary", "/leader", "/read-write"}) {
            assertThat(api.get(path).status()).as(path).isEqualTo(200);
        }
        api.node.clockOffset.addAndGet(3_600_000_000_000L);
        try {
            for (String path : new String[] {"/", "/primary", "/leader", "/read-write"}) {
                assertThat(api.get(path).status()).as(path).isEqualTo(503);
                assertThat(api.call("HEAD", path, null).status()).as(path).isEqualTo(503);
                assertThat(api.call("OPTIONS", path, null).status()).as(path).isEqualTo(503);
            }
            assertThat(api.get("/metrics").body())
                    .contains("kumki_lease_left_seconds{scope=\"demo\",name=\"n1\"} 0.000000000");
        } finally {
            api.node.clockOffset.addAndGet(-3_600_000_000_000L);
        }
    }
}
