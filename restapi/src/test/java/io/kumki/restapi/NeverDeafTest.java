package io.kumki.restapi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.kumki.restapi.RestConfig.VerifyClient;
import io.vertx.core.Promise;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever strangers or defects do, a probe gets its answer. */
@Timeout(60)
class NeverDeafTest {

    private static final RestConfig CONFIG = RestConfig.of("127.0.0.1", 0);
    private static final SelfProbe.Pace QUICK =
            new SelfProbe.Pace(Duration.ofMillis(200), Duration.ofSeconds(2), 2);
    private static final Duration PATIENCE = SelfProbe.Pace.USUAL.patience();

    /** For somebody who never says anything. */
    private static final Duration BRIEF = Duration.ofMillis(200);

    @Test
    void aListenerThatGivesNoAnswerToItselfIsOpenedAnew() {
        CountDownLatch never = new CountDownLatch(1);
        try (Api api = Api.start(CONFIG, QUICK)) {
            int port = api.server.port();
            api.node.hang.set(
                    Optional.of(never)); // the listener's thread stands still from here on
            await().atMost(Duration.ofSeconds(40)).until(() -> api.meter.timesReopened() > 0);
            assertThat(api.server.port()).isEqualTo(port);
            assertThat(api.get("/primary").status()).isEqualTo(200);
        } finally {
            never.countDown();
        }
    }

    @Test
    void theLookAtItselfTellsAnAnswerFromSilence() throws Exception {
        int closed;
        try (Api api = Api.start();
                ServerSocket mute = new ServerSocket(0, 5, InetAddress.ofLiteral("127.0.0.1"))) {
            assertThat(look(api.server.port(), false)).isEmpty();
            api.node.snapshot = Nodes.loopLate(Nodes.leader(), 31_000_000_000L);
            assertThat(look(api.server.port(), false)).as("503 is an answer").isEmpty();
            assertThat(look(mute.getLocalPort(), false, BRIEF)).isPresent();
            assertThat(look(mute.getLocalPort(), true, BRIEF)).isPresent();
            closed = mute.getLocalPort();
        }
        assertThat(look(closed, false)).isPresent();
    }

    @ParameterizedTest
    @EnumSource(VerifyClient.class)
    void theLookAtItselfUnderstandsTls(VerifyClient verify) throws Exception {
        try (Api api = Api.start(TlsTest.verifying(verify))) {
            assertThat(look(api.server.port(), true)).isEmpty();
        }
    }

    private static Optional<String> look(int port, boolean tls) {
        return look(port, tls, PATIENCE);
    }

    private static Optional<String> look(int port, boolean tls, Duration patience) {
        return SelfProbe.failure(new SelfProbe.Target("127.0.0.1", port, tls), patience);
    }

    /** The ways to keep a connection busy without ever asking for something. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "G",
                "GET /primary HTTP/1.1\r\nHost: x\r\nX-A: ",
                "PATCH /config HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
                "POST /restart HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
            })
    void twoThousandIdleAndHalfOpenConnectionsStopNoProbe(String begin) throws Exception {
        try (Api api = Api.start();
                Crowd crowd = new Crowd(api.server.port(), 2_000, begin)) {
            assertThat(crowd.size()).isEqualTo(2_000);
            for (int i = 0; i < 5; i++) {
                assertThat(look(api.server.port(), false)).isEmpty();
                assertThat(api.get("/primary").status()).isEqualTo(200);
            }
            assertThat(api.meter.connections()).isBetween(1, Connections.LIMIT);
            assertThat(api.meter.cuts().get(RestMeter.Cut.CROWDED)).isGreaterThan(900);
            assertThat(api.meter.cuts().get(RestMeter.Cut.REFUSED)).isZero();
        }
    }

    /** Each may be answered by a server that hangs, and is asked again at once. */
    @Test
    void aCrowdThatWaitsForALookAtTheServerStopsNoProbe() throws Exception {
        try (Api api = Api.start()) {
            api.node.look = Optional.of(Promise.<NodeSnapshot>promise().future());
            try (Crowd crowd =
                    new Crowd(
                            api.server.port(),
                            Connections.LIMIT + 100,
                            "GET /patroni?fresh=1 HTTP/1.1\r\nHost: x\r\n\r\n")) {
                assertThat(crowd.size()).isGreaterThan(Connections.LIMIT);
                assertThat(api.get("/primary").status()).isEqualTo(200);
                assertThat(api.meter.cuts().get(RestMeter.Cut.REFUSED)).isZero();
            }
        }
    }

    @Test
    void twoThousandHandshakesThatNeverEndStopNoProbe() throws Exception {
        try (Api api = Api.start(TlsTest.verifying(VerifyClient.NONE));
                Crowd crowd = new Crowd(api.server.port(), 2_000, "\u0016\u0003\u0001")) {
            assertThat(crowd.size()).isEqualTo(2_000);
            for (int i = 0; i < 5; i++) {
                assertThat(look(api.server.port(), true)).isEmpty();
            }
            assertThat(api.meter.cuts().get(RestMeter.Cut.HANDSHAKE)).isGreaterThan(1_800);
            await().atMost(Duration.ofSeconds(20)).until(crowd::allEnded);
            assertThat(look(api.server.port(), true)).isEmpty();
        }
    }

    /** Whatever somebody without rights sends, an operator's log stays as it is. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "PATCH /config HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
                "POST /restart HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                "GET /\u001b[2J HTTP/1.1\r\n\r\n",
                "GET / HTTP/1.1\r\nX: a\u0000b\r\n\r\n",
                "\u0016\u0003\u0001\u0002",
                "rubbish\r\n\r\n",
                "GET /cluster HTTP/1.0\r\n\r\n"
            })
    void aStrangerFillsNoLog(String text) throws Exception {
        List<String> records = new CopyOnWriteArrayList<>();
        Handler collector =
                new Handler() {
                    @Override
                    public void publish(LogRecord record) {
                        if (record.getLevel().intValue() >= Level.INFO.intValue()) {
                            records.add(record.getLevel() + " " + record.getMessage());
                        }
                    }

                    @Override
                    public void flush() {}

                    @Override
                    public void close() {}
                };
        Logger logger = Logger.getLogger("io.kumki.restapi");
        logger.addHandler(collector);
        try (Api api = Api.start()) {
            api.node.store = Optional.empty();
            try (Crowd crowd = new Crowd(api.server.port(), 5, text)) {
                assertThat(crowd.size()).isEqualTo(5);
            }
            assertThat(look(api.server.port(), false)).isEmpty();
            await().atMost(Duration.ofSeconds(10)).until(() -> api.meter.connections() == 0);
        } finally {
            logger.removeHandler(collector);
        }
        assertThat(records).isEmpty();
    }

    @Test
    void whoAsksOnWithoutWaitingForAnswersIsCutOff() throws Exception {
        byte[] requests =
                "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
                        .repeat(1000)
                        .getBytes(StandardCharsets.US_ASCII);
        try (Api api = Api.start();
                Socket socket = new Socket()) {
            socket.setReceiveBufferSize(4096); // little lies between its answers and ours
            socket.connect(
                    new InetSocketAddress(InetAddress.getLoopbackAddress(), api.server.port()));
            CompletableFuture<IOException> end = new CompletableFuture<>();
            Thread.startVirtualThread(() -> {
                try {
                    while (true) {
                        socket.getOutputStream().write(requests);
                    }
                } catch (IOException e) {
                    end.complete(e);
                }
            });
            assertThat(end.get(30, TimeUnit.SECONDS)).hasMessageMatching(".*(reset|pipe).*");
            assertThat(api.meter.cuts().get(RestMeter.Cut.PIPELINED)).isPositive();
            assertThat(look(api.server.port(), false)).isEmpty();
        }
    }

    @Test
    void aFewRequestsMayBeSentAtOnce() {
        try (Api api = Api.start()) {
            String request = "HEAD /primary HTTP/1.1\r\nHost: x\r\n\r\n";
            String last = "GET /config/x HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n";
            String replies = api.raw(request.repeat(Connections.PIPELINED - 1) + last);
            assertThat(replies.split("HTTP/1.1 200 OK", -1)).hasSize(Connections.PIPELINED);
            assertThat(replies).contains("HTTP/1.1 400 ");
        }
    }

    @Test
    void aLoopThatHangsLeavesAShortStatusAndFreeProbes() {
        try (Api api = Api.start()) {
            Promise<NodeSnapshot> never = Promise.promise();
            api.node.look = Optional.of(never.future());
            Api.Reply reply = api.get("/patroni");
            assertThat(reply.status()).isEqualTo(200);
            assertThat(reply.body())
                    .contains("\"state\": \"unknown\"", "\"role\": \"primary\"")
                    .as("without a position this node isn't elected")
                    .doesNotContain("xlog");
            assertThat(api.get("/primary").status()).isEqualTo(200);
        }
    }

    /** Many connections from one process. */
    private static final class Crowd implements AutoCloseable {
        private final List<Socket> sockets = new ArrayList<>();

        Crowd(int port, int size, String begin) {
            byte[] bytes = begin.getBytes(StandardCharsets.ISO_8859_1);
            try {
                for (int i = 0; i < size; i++) {
                    Socket socket = new Socket();
                    sockets.add(socket);
                    socket.setReceiveBufferSize(4096);
                    socket.connect(
                            new InetSocketAddress(InetAddress.getLoopbackAddress(), port),
                            (int) PATIENCE.toMillis());
                    send(socket, bytes);
                }
            } catch (IOException e) {
                close();
                throw new UncheckedIOException(e);
            }
        }

        private static void send(Socket socket, byte[] bytes) {
            try {
                socket.getOutputStream().write(bytes);
            } catch (IOException e) {
                // cut off already; the next one goes on
            }
        }

        int size() {
            return sockets.size();
        }

        /** Whether the other side has closed each; an alert may come before. */
        boolean allEnded() throws IOException {
            for (Socket socket : sockets) {
                socket.setSoTimeout(10);
                try {
                    while (socket.getInputStream().read() >= 0) {}
                } catch (java.net.SocketTimeoutException e) {
                    return false;
                } catch (java.net.SocketException e) {
                    // reset: closed as well
                }
            }
            return true;
        }

        @Override
        public void close() {
            for (Socket socket : sockets) {
                try {
                    socket.close();
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        }
    }
}
