package io.kumki.restapi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.kumki.restapi.Api.Reply;
import io.kumki.restapi.NodeControl.RestartResult;
import io.kumki.restapi.RestConfig.Allowlist;
import io.kumki.restapi.RestConfig.Appearance;
import io.kumki.restapi.RestConfig.Credentials;
import io.kumki.restapi.RestConfig.Listen;
import io.kumki.restapi.RestConfig.ServerTokens;
import io.vertx.core.Promise;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Access, limits, addresses: what doesn't depend on the endpoint. */
class ListenerTest {

    private static final RestConfig CONFIG = RestConfig.of("127.0.0.1", 0);

    @ParameterizedTest
    @CsvSource({
        ", 401, no auth header received",
        "Basic dXNlcjpwYXNz, 202, reload scheduled", // user:pass
        "Basic dXNlcjpwYXNzdw==, 401, not authenticated",
        "basic dXNlcjpwYXNz, 401, not authenticated",
        "dXNlcjpwYXNz, 401, not authenticated",
        "Bearer x, 401, not authenticated",
    })
    void unsafeRequestsNeedThePassword(String header, int status, String text) {
        try (Api api = Api.start(CONFIG.withAuthentication(new Credentials("user", "pass")))) {
            Reply reply =
                    header == null
                            ? api.call("POST", "/reload", null)
                            : api.call("POST", "/reload", null, "Authorization", header);
            assertThat(reply.status()).isEqualTo(status);
            assertThat(reply.body()).isEqualTo(text);
            assertThat(reply.header("WWW-Authenticate"))
                    .isEqualTo(status == 401 ? "Basic realm=\"Patroni\"" : "");
            assertThat(api.get("/primary").status()).isEqualTo(200);
            assertThat(api.call("POST", "/mpp", "{\"type\": \"x\"}").status()).isEqualTo(401);
        }
    }

    @Test
    void strangersAreDenied() {
        try (Api api =
                Api.start(CONFIG.withAllowlist(new Allowlist(List.of("10.0.0.0/8"), false)))) {
            Reply reply = api.call("POST", "/reload", null);
            assertThat(reply.status()).isEqualTo(403);
            assertThat(reply.body()).isEqualTo("Access is denied");
            assertThat(api.get("/config").status()).isEqualTo(200);
        }
        try (Api api =
                Api.start(
                        CONFIG.withAllowlist(
                                new Allowlist(List.of("rubbish/x", "127.1.2.3/8"), false)))) {
            assertThat(api.call("POST", "/reload", null).status()).isEqualTo(202);
        }
    }

    @Test
    void aListOfWhichNothingCanBeResolvedLetsNobodyIn() {
        try (Api api =
                Api.start(CONFIG.withAllowlist(new Allowlist(List.of("rubbish/x"), false)))) {
            assertThat(api.call("POST", "/reload", null).status()).isEqualTo(403);
        }
    }

    @Test
    void membersAreAllowedIfTheyShouldBe() {
        try (Api api = Api.start(CONFIG.withAllowlist(new Allowlist(List.of(), true)))) {
            assertThat(api.call("POST", "/reload", null).status()).isEqualTo(202);
            api.node.snapshot = Nodes.with(Nodes.leader(), java.util.Optional.empty());
            assertThat(api.call("POST", "/reload", null).status()).isEqualTo(403);
            assertThat(api.call("POST", "/failsafe", "{\"name\": \"n1\"}").status())
                    .as("membership plays no part: the mode is off")
                    .isEqualTo(502);
        }
    }

    @Test
    void aTenMegabyteBodyIsRefusedAndTheConnectionClosed() throws IOException {
        try (Api api = Api.start()) {
            Reply announced = api.call("PATCH", "/config", "x".repeat(10 << 20));
            assertThat(announced.status()).isEqualTo(413);
            assertThat(announced.body()).isEqualTo("the request body is larger than 1048576 bytes");
            String chunk = "10000\r\n" + "x".repeat(0x10000) + "\r\n";
            assertThat(
                            api.raw(
                                    "PATCH /config HTTP/1.1\r\nHost: x\r\n"
                                            + "Transfer-Encoding: chunked\r\n\r\n"
                                            + chunk.repeat(20)
                                            + "0\r\n\r\n"))
                    .startsWith("HTTP/1.1 413 ")
                    .containsIgnoringCase("connection: close");
            assertThat(api.node.asked).isEmpty();
        }
    }

    @Test
    void slowBodiesAreCutOff() {
        try (Api api = Api.start()) {
            assertThat(api.raw("PATCH /config HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{"))
                    .startsWith("HTTP/1.1 408 ");
        }
    }

    @Test
    void silentAndSlowConnectionsAreClosed() throws Exception {
        try (Api api = Api.start();
                Socket idle = new Socket(InetAddress.getLoopbackAddress(), api.server.port());
                Socket slow = new Socket(InetAddress.getLoopbackAddress(), api.server.port())) {
            slow.getOutputStream()
                    .write("GET / HTTP/1.1\r\nX-A".getBytes(StandardCharsets.US_ASCII));
            assertThat(api.get("/primary").status()).isEqualTo(200);
            api.node.clockOffset.addAndGet(Connections.SILENCE.toNanos() + 1);
            idle.setSoTimeout(10_000);
            slow.setSoTimeout(10_000);
            assertThat(idle.getInputStream().read()).isEqualTo(-1);
            assertThat(slow.getInputStream().read()).isEqualTo(-1);
        }
    }

    @Test
    void theLongestSilentConnectionMakesRoom() throws Exception {
        List<Socket> sockets = new ArrayList<>();
        try (Api api = Api.start()) {
            for (int i = 0; i < Connections.LIMIT; i++) {
                sockets.add(new Socket(InetAddress.getLoopbackAddress(), api.server.port()));
            }
            assertThat(api.get("/primary").status()).isEqualTo(200);
            sockets.getFirst().setSoTimeout(10_000);
            assertThat(sockets.getFirst().getInputStream().read()).isEqualTo(-1);
        } finally {
            for (Socket socket : sockets) {
                socket.close();
            }
        }
    }

    @Test
    void longRequestsAreCountedAndProbesStayFree() {
        try (Api api = Api.start()) {
            Promise<RestartResult> restart = Promise.promise();
            api.node.restartResult = restart.future();
            List<CompletableFuture<Integer>> waiting = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                waiting.add(
                        CompletableFuture.supplyAsync(
                                () -> api.call("POST", "/restart", null).status(),
                                Thread::startVirtualThread));
            }
            await().atMost(Duration.ofSeconds(10)).until(() -> api.node.asked.size() == 10);
            Reply refused = api.call("POST", "/restart", null);
            assertThat(refused.status()).isEqualTo(503);
            assertThat(refused.body()).startsWith("too many requests in progress (10 = ");
            assertThat(api.get("/primary").status()).isEqualTo(200);
            restart.complete(new RestartResult.Restarted());
            assertThat(waiting).allMatch(reply -> reply.join() == 200);
            assertThat(api.call("POST", "/restart", null).status()).isEqualTo(200);
        }
    }

    @Test
    void anOccupiedPortIsSaid() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 5, InetAddress.ofLiteral("127.0.0.1"))) {
            int port = taken.getLocalPort();
            assertThatThrownBy(() -> Api.start(RestConfig.of("127.0.0.1", port)).close())
                    .hasMessageStartingWith(
                            "Couldn't start a service on '127.0.0.1:"
                                    + port
                                    + "', please check your `restapi.listen` configuration");
        }
    }

    @Test
    void anotherAddressIsOpenedAndABadOneLeavesTheOld() throws Exception {
        try (Api api = Api.start();
                ServerSocket taken = new ServerSocket(0, 5, InetAddress.ofLiteral("127.0.0.1"))) {
            int first = api.server.port();
            Listen bad = new Listen("127.0.0.1", taken.getLocalPort(), "x");
            assertThatThrownBy(() -> reconfigure(api, CONFIG.withListen(bad)))
                    .hasMessageContaining("Couldn't start a service");
            assertThat(api.get("/primary").status()).isEqualTo(200);
            reconfigure(api, CONFIG.withListen(new Listen("", 0, "x")));
            assertThat(api.server.port()).isNotEqualTo(first);
            assertThat(api.get("/primary").status()).isEqualTo(200);
        }
    }

    @Test
    void otherChangesKeepTheSocket() throws Exception {
        try (Api api = Api.start()) {
            int port = api.server.port();
            reconfigure(
                    api,
                    CONFIG.withAuthentication(new Credentials("u", "p"))
                            .withAppearance(
                                    new Appearance(
                                            new TreeMap<>(Map.of("X-Frame-Options", "DENY")),
                                            new TreeMap<>(Map.of("X-Only", "tls")),
                                            ServerTokens.MINIMAL)));
            assertThat(api.server.port()).isEqualTo(port);
            assertThat(api.call("POST", "/reload", null).status()).isEqualTo(401);
            Reply reply = api.get("/primary");
            assertThat(reply.header("X-Frame-Options")).isEqualTo("DENY");
            assertThat(reply.header("X-Only")).isEmpty();
            assertThat(reply.header("Server")).isEqualTo("Patroni/4.1.4");
        }
    }

    @Test
    void secretsAreNotInTheText() {
        assertThat(CONFIG.withAuthentication(new Credentials("user", "hush")).toString())
                .contains("user")
                .doesNotContain("hush");
        assertThatThrownBy(() ->
                        new Appearance(
                                new TreeMap<>(Map.of("X", "a\r\nSet-Cookie: b")),
                                new TreeMap<>(),
                                ServerTokens.ORIGINAL))
                .hasMessageContaining("restapi.http_extra_headers: \"X\"");
    }

    private static void reconfigure(Api api, RestConfig config) throws Exception {
        api.server.reconfigure(config).await(10, TimeUnit.SECONDS);
    }
}
