package io.kumki.restapi;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.restapi.Api.Reply;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RoutingTest {

    private static Api api;

    @BeforeAll
    static void start() {
        api = Api.start();
    }

    @AfterAll
    static void stop() {
        api.close();
    }

    @BeforeEach
    void healthyLeader() {
        api.node.snapshot = Nodes.leader();
        api.node.store = Optional.of(Nodes.cluster());
        api.node.failsafe = Optional.empty();
        api.node.decisions = List.of();
        api.node.asked.clear();
        api.node.broken = false;
    }

    @ParameterizedTest
    @CsvSource({
        "GET, /, 200",
        "GET, /primary, 200",
        "GET, /replica, 503",
        "GET, /nosuch, 503",
        "GET, /restart, 503",
        "GET, /switchover, 503",
        "GET, //primary?x=y, 200",
        "HEAD, /primary, 200",
        "HEAD, /replica, 503",
        "HEAD, /patroni, 503",
        "HEAD, /config, 503",
        "HEAD, /liveness, 503",
        "OPTIONS, /, 200",
        "OPTIONS, /master, 200",
        "OPTIONS, /metrics, 503",
        "GET, /liveness, 200",
        "GET, /readiness, 200",
        "GET, /config/anything, 200",
        "GET, /patroni/health, 200",
    })
    void findsTheHandler(String method, String path, int status) {
        assertThat(api.call(method, path, null).status()).isEqualTo(status);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "HEAD /primary",
                "HEAD /nosuch",
                "OPTIONS /primary",
                "OPTIONS /x",
                "GET /liveness",
                "GET /readiness"
            })
    void someAnswersAreBare(String request) {
        String[] parts = request.split(" ", 2);
        Reply reply = api.call(parts[0], parts[1], null);
        assertThat(reply.body()).isEmpty();
        assertThat(reply.headers().map().keySet()).doesNotContain("server", "content-type");
    }

    @ParameterizedTest
    @CsvSource({
        "POST, /patroni",
        "DELETE, /config",
        "PUT, /",
        "POST, /nosuch",
        "PATCH, /restart",
        "get, /primary",
        "TRACE, /"
    })
    void otherMethodsAreUnsupported(String method, String path) {
        String reply = api.raw(method + " " + path + " HTTP/1.1\r\nHost: x\r\n\r\n");
        assertThat(reply)
                .startsWith("HTTP/1.1 501 Unsupported method ('" + method + "')\r\n")
                .containsIgnoringCase("connection: close")
                .containsIgnoringCase("content-type: text/html;charset=utf-8")
                .contains("Server does not support this operation");
    }

    @Test
    void balancersMaySpeakHttp10WithoutHost() {
        assertThat(api.raw("OPTIONS / HTTP/1.0\r\n\r\n")).startsWith("HTTP/1.0 200 OK\r\n");
        assertThat(api.raw("GET /replica HTTP/1.0\r\n\r\n"))
                .startsWith("HTTP/1.0 503 Service Unavailable\r\n")
                .contains("\"state\": \"running\"");
    }

    @Test
    void aHealthCheckShowsTheStatusOfTheMoment() {
        assertThat(api.get("/primary").body()).contains("\"role\": \"primary\"");
        api.node.snapshot = Nodes.standby();
        Reply reply = api.get("/primary");
        assertThat(reply.status()).isEqualTo(503);
        assertThat(reply.header("content-type")).isEqualTo("application/json");
        assertThat(reply.header("server")).startsWith("Kumki/");
        assertThat(reply.header("date")).isEqualTo("Wed, 1 Jul 2026 12:00:00 GMT");
        assertThat(reply.body()).contains("\"role\": \"replica\"");
    }

    @Test
    void theStatusDocumentOfALeader() {
        assertThat(api.get("/patroni").body().replaceFirst(", \"lease\": \\{[^}]+}", ""))
                .isEqualTo(
                        ("{'state': 'running', 'postmaster_start_time': '2026-07-01"
                                        + " 10:00:00.123456+00:00', 'role': 'primary', 'server_version': 150020, "
                                        + "'xlog': {'location': 1000000}, 'timeline': 2, 'dcs_last_seen': 1782900000, "
                                        + "'database_system_identifier': '7000000000000000001', "
                                        + "'patroni': {'version': '4.1.4', 'scope': 'demo', 'name': 'n1'}, "
                                        + "'kumki': {'version': 'dev'}}")
                                .replace('\'', '"'));
        assertThat(api.node.asked).containsExactly("fresh PT1S");
    }

    @Test
    void aStatusIsObservedAnewWhileNobodyLeadsOrWhenAsked() {
        api.get("/patroni?fresh=true");
        api.node.snapshot = Nodes.with(Nodes.standby(), Optional.empty());
        api.get("/patroni");
        assertThat(api.node.asked).containsExactly("fresh PT0S", "fresh PT0S");
    }

    @Test
    void theStatusDocumentOfAStandbyWithoutStoreInPause() {
        api.node.snapshot =
                Nodes.failsafe(
                        Nodes.with(
                                Nodes.with(Nodes.standby(), Optional.empty()),
                                Map.of("pause", true)));
        assertThat(api.get("/health").body())
                .contains(
                        "\"xlog\": {\"received_location\": 999500, \"replayed_location\": 999000, "
                                + "\"replayed_timestamp\": \"2026-07-01 10:00:00+00:00\", \"paused\": false}",
                        "\"replication_state\": \"streaming\"",
                        "\"pause\": true",
                        "\"cluster_unlocked\": true",
                        "\"failsafe_mode_is_active\": true");
    }

    @Test
    void theShortFormHasNoPosition() {
        api.node.snapshot =
                Nodes.with(Nodes.leader(), Nodes.server("crashed", "primary", Optional.empty()));
        assertThat(api.get("/patroni").body())
                .contains("\"state\": \"crashed\"")
                .doesNotContain("xlog", "timeline", "server_version");
    }

    @Test
    void aRunningCloneShowsHowFarItIs() {
        NodeSnapshot creating =
                Nodes.with(
                        Nodes.standby(),
                        Nodes.server("creating replica", "replica", Optional.empty()));
        api.node.snapshot =
                creating.withClone(
                        new NodeSnapshot.CloneProgress(
                                "basebackup",
                                "n1 at pg-1:5432",
                                500,
                                java.util.OptionalLong.of(2000),
                                7));
        assertThat(api.get("/patroni").body())
                .contains(
                        "\"clone\": {\"method\": \"basebackup\", \"source\": \"n1 at"
                                + " pg-1:5432\", \"bytes\": 500, \"total_bytes\": 2000, \"percent\": 25, "
                                + "\"seconds\": 7}");
        api.node.snapshot =
                creating.withClone(
                        new NodeSnapshot.CloneProgress(
                                "backrest", "none", 500, java.util.OptionalLong.empty(), 7));
        assertThat(api.get("/patroni").body())
                .contains("\"bytes\": 500, \"seconds\": 7}")
                .doesNotContain("percent");
    }

    @Test
    void aStandbysLogicalSlotsSayWhetherAPromotionWouldLoseSomething() {
        assertThat(api.get("/patroni").body()).doesNotContain("logical_slots_ready");
        api.node.snapshot =
                Nodes.standby()
                        .withSlotsReady(
                                new java.util.TreeMap<>(
                                        java.util.Map.of("feed", true, "late", false)));
        assertThat(api.get("/patroni").body())
                .contains("\"logical_slots_ready\": {\"feed\": true, \"late\": false}");
    }

    @Test
    void theClusterIsReadAnew() {
        assertThat(api.get("/cluster").body())
                .isEqualTo(
                        ("{'members': [{'name': 'n1', 'role': 'leader', 'state': 'running', "
                                        + "'api_url': 'http://127.0.0.1:8008/patroni', 'host': 'host_n1', 'port': 5433, "
                                        + "'timeline': 2}, {'name': 'n2', 'role': 'replica', 'state': 'streaming', "
                                        + "'api_url': 'http://127.0.0.1:8008/patroni', 'host': 'host_n2', 'port': 5433, "
                                        + "'timeline': 2, 'receive_lsn': '0/F3E58', 'receive_lag': 1000, "
                                        + "'replay_lsn': '0/F3E58', 'replay_lag': 1000, 'lsn': '0/F3E58', 'lag': 1000}], "
                                        + "'scope': 'demo'}")
                                .replace('\'', '"'));
    }

    @Test
    void withoutTheStoreReadersGetAText() {
        api.node.store = Optional.empty();
        Reply reply = api.get("/cluster");
        assertThat(reply.status()).isEqualTo(503);
        assertThat(reply.body()).startsWith("the store (etcd) gives no answer");
        assertThat(api.get("/config").status()).as("from memory").isEqualTo(200);
        api.node.snapshot = Nodes.with(Nodes.leader(), Optional.empty());
        assertThat(api.get("/config").status()).isEqualTo(503);
        assertThat(api.get("/history").status()).isEqualTo(503);
    }

    @Test
    void historyIsAListOfLists() {
        assertThat(api.get("/history").body())
                .isEqualTo(
                        "[[1, 5000, \"no recovery target"
                                + " specified\", \"2026-07-01T10:00:00+00:00\", \"n1\"]]");
    }

    @Test
    void aMissingConfigurationIsAnErrorPage() {
        api.node.snapshot =
                Nodes.with(Nodes.leader(), Optional.of(Nodes.withoutConfig(Nodes.cluster())));
        assertThat(api.get("/config").status()).isEqualTo(502);
    }

    @Test
    void decisionsAreShownAsTheyAre() {
        api.node.decisions =
                List.of(
                        new DecisionEntry(
                                Api.NOW,
                                "leader.renews",
                                "has the lease",
                                List.of("renew"),
                                "done",
                                12));
        assertThat(api.get("/decisions").body())
                .isEqualTo(
                        ("[{'time': '2026-07-01T12:00:00Z', 'rule': 'leader.renews', "
                                        + "'reason': 'has the lease', 'actions': ['renew'], "
                                        + "'outcome': 'done', 'repeated': 12}]")
                                .replace('\'', '"'));
    }

    @Test
    void failsafeMembersAreShownOnceThereAreAny() {
        assertThat(api.get("/failsafe").status()).isEqualTo(502);
        api.node.failsafe = Optional.of(new TreeMap<>(Map.of(Nodes.N1, "http://a/patroni")));
        assertThat(api.get("/failsafe").body()).isEqualTo("{\"n1\": \"http://a/patroni\"}");
    }

    @Test
    void whatCantBeReadIsAnErrorPage() {
        assertThat(api.raw("rubbish\r\n\r\n")).startsWith("HTTP/1.0 400 ");
        assertThat(api.raw("GET /" + "x".repeat(10_000) + " HTTP/1.1\r\n\r\n"))
                .matches("(?s)HTTP/1.[01] 414 .*");
        assertThat(api.raw("GET / HTTP/1.1\r\nA: " + "x".repeat(20_000) + "\r\n\r\n"))
                .matches("(?s)HTTP/1.[01] 431 .*");
    }

    @Test
    void connectionsAreKept() {
        String reply =
                api.raw(
                        """
                        GET /primary HTTP/1.1
                        Host: x

                        HEAD /replica HTTP/1.1
                        Host: x
                        Connection: close

                        """
                                .replace("\n", "\r\n"));
        assertThat(reply).contains("HTTP/1.1 200 OK", "HTTP/1.1 503 Service Unavailable");
    }

    @Test
    void aFailureInAHandlerIsAShortText() {
        api.node.broken = true;
        Reply reply = api.get("/metrics");
        assertThat(reply.status()).isEqualTo(500);
        assertThat(reply.body()).isEqualTo("internal error; see the log of this node");
        assertThat(api.get("/primary").status()).isEqualTo(500);
    }
}
