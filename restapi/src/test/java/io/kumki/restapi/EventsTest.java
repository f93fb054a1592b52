package io.kumki.restapi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.kumki.restapi.EventClient.Event;
import io.kumki.restapi.RestConfig.Allowlist;
import io.kumki.restapi.RestConfig.Credentials;
import io.kumki.restapi.RestConfig.Listen;
import io.vertx.core.buffer.Buffer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code GET /events} over real sockets. */
@Timeout(60)
class EventsTest {

    private static final RestConfig CONFIG = RestConfig.of("127.0.0.1", 0);
    private static final String EPOCH = Api.NOW.toEpochMilli() + "-";

    @Test
    void firstTheWholeStateThenWhatChanges() {
        try (Api api = Api.start();
                EventClient client = EventClient.open(api)) {
            assertThat(client.status()).isEqualTo(200);
            assertThat(client.header("Content-Type")).isEqualTo("text/event-stream");
            assertThat(client.header("Cache-Control")).isEqualTo("no-store");
            Event reset = client.next();
            assertThat(OpenApi.DOCUMENT.eventProblems(reset.data())).isEmpty();
            assertThat(reset.type()).isEqualTo("reset");
            assertThat(reset.id()).isEqualTo(EPOCH + 0);
            assertThat(reset.data())
                    .containsEntry("reason", "first")
                    .containsEntry("node", "n1")
                    .containsEntry("id", EPOCH + 0)
                    .containsEntry("time", "2026-07-01T12:00:00Z");
            assertThat(withoutTime(reset.data().get("patroni")))
                    .isEqualTo(withoutTime(json(api, "/patroni")));
            assertThat(reset.data().get("cluster")).isEqualTo(json(api, "/cluster"));

            for (NodeEvent event : everyKind()) {
                api.node.journal.add(Api.NOW, event);
            }
            List<String> seen = new ArrayList<>();
            for (int i = 1; i <= everyKind().size(); i++) {
                Event event = client.next();
                assertThat(event.id()).isEqualTo(EPOCH + i).isEqualTo(event.data().get("id"));
                assertThat(event.data()).containsEntry("time", "2026-07-01T12:00:00Z");
                assertThat(OpenApi.DOCUMENT.eventProblems(event.data())).isEmpty();
                seen.add(event.type());
            }
            assertThat(seen)
                    .containsExactly(
                            "role",
                            "state",
                            "leader",
                            "member",
                            "decision",
                            "operation-begin",
                            "operation-progress",
                            "operation-end");
        }
    }

    private static Map<String, @Nullable Object> json(Api api, String path) {
        return Json.object(Buffer.buffer(api.get(path).body())).orElseThrow();
    }

    /** The lease goes on falling. */
    private static String withoutTime(@Nullable Object status) {
        return String.valueOf(status).replaceFirst("left_ms=\\d+", "");
    }

    private static List<NodeEvent> everyKind() {
        return List.of(
                new NodeEvent.RoleChanged("primary", "replica"),
                new NodeEvent.StateChanged("running", "starting"),
                new NodeEvent.LeaderChanged(Optional.of("n1"), Optional.empty(), true),
                new NodeEvent.MemberChanged(NodeEvent.Membership.LEFT, Map.of("name", "n3")),
                new NodeEvent.Decided(
                        new DecisionEntry(Api.NOW, "a.rule", "why", List.of("do"), "done", 1)),
                new NodeEvent.OperationBegan("reinitialize"),
                new NodeEvent.OperationProgressed(
                        "reinitialize",
                        new NodeSnapshot.CloneProgress(
                                "basebackup", "n2", 50, OptionalLong.of(200), 3)),
                new NodeEvent.OperationEnded("reinitialize", "done", Duration.ofSeconds(4)));
    }

    @Test
    void whoComesBackGoesOnWhereItWas() throws Exception {
        try (Api api = Api.start()) {
            for (int i = 1; i <= 300; i++) {
                api.node.journal.add(Api.NOW, new NodeEvent.OperationBegan("number " + i));
            }
            try (EventClient client = EventClient.open(api, EPOCH + 3)) {
                assertThat(client.next().data()).containsEntry("operation", "number 4");
            }
            int before = api.server.port();
            api.server
                    .reconfigure(CONFIG.withListen(new Listen("localhost", 0, "x")))
                    .await(10, TimeUnit.SECONDS);
            assertThat(api.server.port()).as("another socket").isNotEqualTo(before);
            try (EventClient client = EventClient.open(api, EPOCH + 10)) {
                for (int i = 11; i <= 300; i++) {
                    assertThat(client.next().data()).containsEntry("operation", "number " + i);
                }
                assertThat(client.quiet()).isTrue();
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"1782907200000-4, too-old", "7-4, restarted", "rubbish, unknown"})
    void whoCannotGoOnBeginsAnew(String lastEventId, String reason) {
        try (Api api = Api.start()) {
            for (int i = 1; i <= EventJournal.CAPACITY + 5; i++) {
                api.node.journal.add(Api.NOW, new NodeEvent.OperationBegan("number " + i));
            }
            try (EventClient client = EventClient.open(api, lastEventId)) {
                Event reset = client.next();
                assertThat(reset.type()).isEqualTo("reset");
                assertThat(reset.data()).containsEntry("reason", reason);
                assertThat(reset.id()).isEqualTo(EPOCH + api.node.journal.last());
                api.node.journal.add(Api.NOW, new NodeEvent.OperationBegan("next"));
                assertThat(client.next().data()).containsEntry("operation", "next");
            }
        }
    }

    @Test
    void theConnectionIsKeptAliveWithoutEvents() {
        try (Api api = Api.start();
                EventClient client = EventClient.open(api)) {
            api.node.clockOffset.addAndGet(EventStreams.HEARTBEAT.toNanos());
            await().atMost(Duration.ofSeconds(10)).until(() -> client.comments.get() > 0);
            api.node.clockOffset.addAndGet(Connections.SILENCE.toNanos() + 1);
            await().atMost(Duration.ofSeconds(10)).until(() -> client.comments.get() > 1);
            assertThat(api.meter.subscribers()).isEqualTo(1);
            assertThat(api.meter.cuts().values()).containsOnly(0L);
        }
    }

    @Test
    void whoDoesNotReadIsCutOff() throws Exception {
        try (Api api = Api.start();
                Socket deaf = new Socket();
                EventClient other = EventClient.open(api)) {
            deaf.setReceiveBufferSize(4096);
            deaf.connect(
                    new InetSocketAddress(InetAddress.getLoopbackAddress(), api.server.port()));
            deaf.getOutputStream()
                    .write(
                            "GET /events HTTP/1.1\r\nHost: x\r\n\r\n"
                                    .getBytes(StandardCharsets.US_ASCII));
            await().atMost(Duration.ofSeconds(10)).until(() -> api.meter.subscribers() == 2);
            assertThat(other.next().type()).isEqualTo("reset");
            String long_ = "x".repeat(40_000);
            for (int i = 0; i < 450; i++) {
                api.node.journal.add(Api.NOW, new NodeEvent.OperationBegan(long_));
            }
            for (int i = 1; i <= 450; i++) {
                assertThat(other.next().id()).isEqualTo(EPOCH + i);
            }
            api.node.clockOffset.addAndGet(EventStreams.PATIENCE.toNanos() + 1);
            await().atMost(Duration.ofSeconds(10))
                    .until(() -> Long.valueOf(1).equals(api.meter.cuts().get(RestMeter.Cut.SLOW)));
            assertThat(api.meter.subscribers()).isEqualTo(1);
            assertThat(api.get("/metrics").body())
                    .contains(
                            "kumki_rest_connections_cut_total{scope=\"demo\",name=\"n1\",reason=\"slow\"} 1");
            assertThat(other.ended).isFalse();
        }
    }

    @Test
    void subscribersAreLimited() {
        List<EventClient> clients = new ArrayList<>();
        try (Api api = Api.start()) {
            for (int i = 0; i < EventStreams.LIMIT; i++) {
                clients.add(EventClient.open(api));
            }
            Api.Reply refused = api.get("/events");
            assertThat(refused.status()).isEqualTo(503);
            assertThat(refused.body()).startsWith("too many subscribers of /events (64); ");
            assertThat(api.get("/primary").status()).isEqualTo(200);
            clients.removeFirst().close();
            await().atMost(Duration.ofSeconds(10))
                    .until(() -> api.meter.subscribers() < EventStreams.LIMIT);
            clients.add(EventClient.open(api));
            assertThat(clients.getLast().next().type()).isEqualTo("reset");
        } finally {
            clients.forEach(EventClient::close);
        }
    }

    @Test
    void probesAreAnsweredWhileFiftyListen() {
        List<EventClient> clients = new ArrayList<>();
        List<Long> micros = new ArrayList<>();
        try (Api api = Api.start()) {
            for (int i = 0; i < 50; i++) {
                clients.add(EventClient.open(api));
            }
            for (int i = 1; i <= 450; i++) {
                api.node.journal.add(Api.NOW, new NodeEvent.OperationBegan("number " + i));
                long begun = System.nanoTime();
                assertThat(api.get("/primary").status()).isEqualTo(200);
                micros.add((System.nanoTime() - begun) / 1000);
            }
            for (EventClient client : clients) {
                assertThat(client.next().type()).isEqualTo("reset");
                for (int i = 1; i <= 450; i++) {
                    assertThat(client.next().id()).isEqualTo(EPOCH + i);
                }
            }
        } finally {
            clients.forEach(EventClient::close);
        }
        Collections.sort(micros);
        assertThat(micros.get(micros.size() * 95 / 100))
                .as("microseconds that 95 of 100 probes took at most, on a busy machine")
                .isLessThan(200_000);
    }

    /** As with every GET: the allowlist and the password are for what changes something. */
    @Test
    void whoMayReadMayListen() {
        RestConfig closed =
                CONFIG.withAllowlist(new Allowlist(List.of("10.0.0.0/8"), false))
                        .withAuthentication(new Credentials("user", "pass"));
        try (Api api = Api.start(closed);
                EventClient client = EventClient.open(api)) {
            assertThat(client.next().type()).isEqualTo("reset");
            assertThat(api.call("POST", "/events", null).status()).isEqualTo(501);
            assertThat(api.call("HEAD", "/events", null).status())
                    .as("a health check that nobody knows")
                    .isEqualTo(503);
        }
    }

    @Test
    void anOldClientGetsThemWithoutChunks() throws Exception {
        try (Api api = Api.start();
                Socket socket = new Socket(InetAddress.getLoopbackAddress(), api.server.port())) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream()
                    .write("GET /events HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            StringBuilder text = new StringBuilder();
            while (!text.toString().contains("\"cluster\"")) {
                text.append((char) socket.getInputStream().read());
            }
            assertThat(text.toString())
                    .containsPattern("HTTP/1.[01] 200 OK\r\n")
                    .contains("\r\n\r\nretry: 1000\n\nid: " + EPOCH + "0\nevent: reset\ndata: {")
                    .doesNotContainIgnoringCase("chunked");
        }
    }
}
