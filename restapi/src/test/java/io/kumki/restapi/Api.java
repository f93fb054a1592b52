package io.kumki.restapi;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A server on loopback with a fake node behind it, and a client. */
final class Api implements AutoCloseable {

    static final Instant NOW = Instant.parse("2026-07-01T12:00:00Z");

    final FakeNode node = new FakeNode();
    final RestMeter meter = new RestMeter();
    final RestServer server;
    private final Vertx vertx;
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    private Api(RestConfig config, SelfProbe.Pace pace) {
        vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1).setWorkerPoolSize(2));
        try {
            server =
                    RestServer.start(
                                    new RestServer.Ports(
                                            vertx,
                                            node,
                                            node,
                                            InstantSource.fixed(NOW),
                                            meter,
                                            pace),
                                    config)
                            .await(10, TimeUnit.SECONDS);
        } catch (Exception e) {
            vertx.close().await();
            throw e instanceof RuntimeException unchecked
                    ? unchecked
                    : new IllegalStateException(e);
        }
    }

    static Api start() {
        return start(RestConfig.of("127.0.0.1", 0));
    }

    static Api start(RestConfig config) {
        return start(config, SelfProbe.Pace.USUAL);
    }

    static Api start(RestConfig config, SelfProbe.Pace pace) {
        return new Api(config, pace);
    }

    record Reply(int status, String body, java.net.http.HttpHeaders headers) {
        String header(String name) {
            return headers.firstValue(name).orElse("");
        }
    }

    Reply get(String path) {
        return call("GET", path, null);
    }

    Reply call(String method, String path, @Nullable String body, String... headers) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(uri(path))
                        .timeout(Duration.ofSeconds(10))
                        .method(
                                method,
                                body == null
                                        ? BodyPublishers.noBody()
                                        : BodyPublishers.ofString(body));
        if (headers.length > 0) {
            request.headers(headers);
        }
        return send(request.build());
    }

    URI uri(String path) {
        return URI.create("http://127.0.0.1:" + server.port() + path);
    }

    Reply send(HttpRequest request) {
        try {
            HttpResponse<String> response =
                    client.send(request, BodyHandlers.ofString(StandardCharsets.UTF_8));
            Reply reply = new Reply(response.statusCode(), response.body(), response.headers());
            OpenApi.DOCUMENT.check(request.method(), request.uri().getPath(), reply);
            return reply;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** Sends bytes as they are and reads until the server closes. */
    String raw(String text) {
        try (Socket socket = new Socket(InetAddress.ofLiteral("127.0.0.1"), server.port())) {
            socket.setSoTimeout(15_000);
            socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
            InputStream in = socket.getInputStream();
            return new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        client.close();
        server.close().await();
        vertx.close().await();
    }
}
