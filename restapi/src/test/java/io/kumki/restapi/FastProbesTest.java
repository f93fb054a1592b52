package io.kumki.restapi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.awaitility.core.ConditionTimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Probes that are answered before the HTTP layer are answered as by it. */
@Timeout(60)
class FastProbesTest {

    private static final String HEAD = " HTTP/1.1\r\nHost: n1:8008\r\n";

    static Stream<String> paths() {
        return Stream.concat(Probes.CHECKS.stream(), Stream.of("/patroni", "/metrics"));
    }

    @ParameterizedTest
    @MethodSource("paths")
    void bothWaysGiveTheSameAnswer(String path) throws IOException {
        try (Api api = Api.start();
                Connection fast = new Connection(api);
                Connection usual = new Connection(api)) {
            for (NodeSnapshot node :
                    List.of(
                            Nodes.leader(),
                            Nodes.standby(),
                            Nodes.failsafe(Nodes.standby()),
                            Nodes.with(Nodes.leader(), Optional.empty()),
                            Nodes.leader().withoutAnswer())) {
                api.node.snapshot = node;
                long before = api.meter.prepared();
                String answer = fast.ask("GET " + path + HEAD + "\r\n");
                assertThat(api.meter.prepared()).isEqualTo(before + 1);
                String same = usual.ask("GET " + path + HEAD + "X-Unknown: 1\r\n\r\n");
                assertThat(api.meter.prepared()).isEqualTo(before + 1);
                assertThat(comparable(answer)).isEqualTo(comparable(same));
            }
        }
    }

    /** Lines of the head in any order, times left out. */
    private static List<String> comparable(String answer) {
        String body = answer.substring(answer.indexOf("\r\n\r\n"));
        List<String> head =
                Arrays.asList(answer.substring(0, answer.length() - body.length()).split("\r\n"));
        return Stream.concat(
                        Stream.of(head.getFirst()),
                        Stream.concat(
                                head.stream()
                                        .skip(1)
                                        .filter(line -> !line.startsWith("content-length"))
                                        .sorted(),
                                Stream.of(body.split("\n"))
                                        .filter(line ->
                                                !line.matches(
                                                        "kumki_(jvm|lease|rest|event_loop).*"))
                                        .map(line -> line.replaceFirst("\"left_ms\": [0-9]+", ""))))
                .toList();
    }

    @Test
    void theLeasesDeadlineCountsBetweenTwoRequestsOfOneConnection() throws IOException {
        try (Api api = Api.start();
                Connection connection = new Connection(api)) {
            long hour = 3_600_000_000_000L;
            api.node.snapshot =
                    Nodes.with(
                            Nodes.leader(),
                            new NodeSnapshot.Leadership(
                                    OptionalLong.of(api.node.nowNanos() + hour)));
            String primary = "GET /primary" + HEAD + "\r\n";
            assertThat(connection.ask(primary)).startsWith("HTTP/1.1 200 OK");
            assertThat(connection.ask(primary)).startsWith("HTTP/1.1 200 OK");
            api.node.clockOffset.addAndGet(hour);
            assertThat(connection.ask(primary)).startsWith("HTTP/1.1 503 Service Unavailable");
            assertThat(api.meter.prepared()).isEqualTo(3);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "GET /cluster HTTP/1.1\r\nHost: x\r\n\r\n",
                "GET /primary?lag=1 HTTP/1.1\r\nHost: x\r\n\r\n",
                "GET /primary HTTP/1.1\r\n\r\n",
                "GET /primary HTTP/1.0\r\nHost: x\r\n\r\n",
                "GET /primary HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
                "GET /primary HTTP/1.1\r\nHost: x/y\r\n\r\n",
                "GET /primary HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                "GET /primary HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n",
                "GET /primary HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
                "GET /primary HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n",
                "GET /primary HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\n\r\n",
                "GET /primary HTTP/1.1\r\nHost: x\r\nAccept: a\r\n b\r\n\r\n",
                "GET /primary HTTP/1.1\r\nHost : x\r\n\r\n",
                "GET /primary HTTP/1.1\nHost: x\r\n\r\n",
                "GET /primary HTTP/1.1\r\nHost: x\rUser-Agent: y\r\n\r\n",
                "GET /primary HTTP/1.1\r\nHost: x\r\n\r\nGET /primary HTTP/1.1\r\nHost: x\r\n\r\n",
                "GET /primary HTTP/1.1\r\nHost: x\r\n",
                "GET  /primary HTTP/1.1\r\nHost: x\r\n\r\n",
                "GET /Primary HTTP/1.1\r\nHost: x\r\n\r\n",
                "HEAD /primary HTTP/1.1\r\nHost: x\r\n\r\n",
                "get /primary HTTP/1.1\r\nHost: x\r\n\r\n",
                "\r\n\r\n",
                ""
            })
    void onlyWholePlainRequestsAreRecognized(String text) {
        assertThat(ProbeRequest.recognize(text.getBytes(StandardCharsets.ISO_8859_1))).isEmpty();
    }

    @Test
    void pollersAreRecognized() {
        assertThat(recognized("Host: [::1]:8008", "User-Agent: kube-probe/1.30", "Accept: */*"))
                .contains(new ProbeRequest("/primary", "*/*"));
        assertThat(
                        recognized(
                                "host:n1",
                                "Connection: keep-alive",
                                "Authorization: Basic eA==",
                                "X-Prometheus-Scrape-Timeout-Seconds: 10"))
                .contains(new ProbeRequest("/primary", ""));
    }

    private static Optional<ProbeRequest> recognized(String... headers) {
        return ProbeRequest.recognize(
                ("GET /primary HTTP/1.1\r\n" + String.join("\r\n", headers) + "\r\n\r\n")
                        .getBytes(StandardCharsets.ISO_8859_1));
    }

    /** What looks like a probe is the rest of something else: only the HTTP layer can know. */
    @Test
    void aBodyIsNoProbe() throws IOException {
        try (Api api = Api.start();
                Connection connection = new Connection(api)) {
            String probe = "GET /primary" + HEAD + "\r\n";
            assertThat(connection.ask(probe)).startsWith("HTTP/1.1 200");
            connection.send(
                    "POST /reload HTTP/1.1\r\nHost: x\r\nContent-Length: "
                            + (probe.length() + 1)
                            + "\r\n\r\n");
            connection.send(probe);
            connection.send(" ");
            assertThat(connection.answer()).startsWith("HTTP/1.1 202");
            assertThat(connection.ask(probe)).startsWith("HTTP/1.1 200");
            assertThat(api.meter.prepared()).isEqualTo(1);
        }
    }

    @Test
    void aRequestInPiecesAndTwoAtOnceAreAnsweredInOrder() throws IOException {
        try (Api api = Api.start();
                Connection pieces = new Connection(api);
                Connection both = new Connection(api)) {
            pieces.send("GET /prim");
            pieces.send("ary" + HEAD + "\r\n");
            assertThat(pieces.answer()).startsWith("HTTP/1.1 200");
            both.send("GET /primary" + HEAD + "\r\nGET /replica" + HEAD + "\r\n");
            assertThat(both.answer()).startsWith("HTTP/1.1 200");
            assertThat(both.answer()).startsWith("HTTP/1.1 503");
        }
    }

    @Test
    void whatWaitsForALookAtTheServerIsAnsweredAfterIt() throws IOException {
        try (Api api = Api.start();
                Connection connection = new Connection(api)) {
            Promise<NodeSnapshot> look = Promise.promise();
            api.node.look = Optional.of(look.future());
            connection.send("GET /patroni" + HEAD + "\r\n");
            await().atMost(Duration.ofSeconds(10)).until(() -> !api.node.asked.isEmpty());
            connection.send("GET /primary" + HEAD + "\r\n");
            look.complete(Nodes.standby());
            assertThat(connection.answer())
                    .startsWith("HTTP/1.1 200")
                    .contains("\"role\": \"replica\"");
            assertThat(connection.answer()).startsWith("HTTP/1.1 200");
            assertThat(api.meter.prepared()).isEqualTo(2);

            api.node.look = Optional.of(Future.failedFuture(new IllegalStateException("a bug")));
            assertThat(connection.ask("GET /patroni" + HEAD + "\r\n")).startsWith("HTTP/1.1 500");
            assertThat(connection.ask("GET /primary" + HEAD + "\r\n")).startsWith("HTTP/1.1 200");
        }
    }

    @Test
    void whoTakesNoAnswersIsNotReadAnyMore() throws IOException {
        try (Api api = Api.start();
                Connection deaf = new Connection(api)) {
            int sent = 0;
            do {
                assertThat(sent).as("answers that nobody takes").isLessThan(5_000);
                deaf.send("GET /metrics" + HEAD + "\r\n");
                sent++;
            } while (answered(api, sent));
            for (int i = 0; i < sent; i++) {
                assertThat(deaf.answer()).startsWith("HTTP/1.1 200");
            }
            assertThat(api.meter.prepared()).isEqualTo(sent);
        }
    }

    private static boolean answered(Api api, int sent) {
        try {
            await().pollInSameThread()
                    .pollInterval(Duration.ofMillis(1))
                    .atMost(Duration.ofSeconds(2))
                    .until(() -> api.meter.prepared() == sent);
            return true;
        } catch (ConditionTimeoutException e) {
            return false;
        }
    }

    /** One that stays open. */
    private static final class Connection implements AutoCloseable {
        private final Socket socket = new Socket();

        Connection(Api api) throws IOException {
            socket.setReceiveBufferSize(16 << 10);
            socket.connect(
                    new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), api.server.port()));
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(10_000);
        }

        void send(String text) throws IOException {
            socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
        }

        String ask(String text) throws IOException {
            send(text);
            return answer();
        }

        String answer() throws IOException {
            InputStream in = socket.getInputStream();
            StringBuilder head = new StringBuilder();
            while (head.indexOf("\r\n\r\n") < 0) {
                int next = in.read();
                assertThat(next).as("connection closed after %s", head).isNotNegative();
                head.append((char) next);
            }
            String length = head.toString().replaceFirst("(?s).*content-length: ([0-9]+).*", "$1");
            byte[] body = in.readNBytes(Integer.parseInt(length));
            return head + new String(body, StandardCharsets.UTF_8);
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }
}
