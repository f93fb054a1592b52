package io.kumki.restapi;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.dcs.fuzz.Mutations;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Whatever a stranger sends: an answer that says what is wrong with it, never a failure of ours.
 */
@Timeout(90)
class DamagedRequestsTest {

    private static final int RUNS = 3_000;

    private record Command(String method, String path, String body) {}

    private static final List<Command> COMMANDS =
            List.of(
                    new Command(
                            "POST",
                            "/switchover",
                            "{\"leader\": \"n1\", \"candidate\": \"n2\", \"scheduled_at\": \"2026-07-02T12:00:00+00:00\"}"),
                    new Command("POST", "/failover", "{\"candidate\": \"n2\"}"),
                    new Command(
                            "POST",
                            "/restart",
                            "{\"role\": \"primary\", \"postgres_version\": \"15.4\", \"timeout\": \"10s\","
                                    + "\"restart_pending\": true, \"schedule\": \"2026-07-02T12:00:00Z\"}"),
                    new Command(
                            "POST", "/reinitialize", "{\"force\": true, \"from-leader\": false}"),
                    new Command(
                            "PATCH",
                            "/config",
                            "{\"ttl\": 30, \"pause\": null, \"postgresql\": {\"parameters\": {\"work_mem\": \"4MB\"}}}"),
                    new Command("PUT", "/config", "{\"ttl\": 30, \"loop_wait\": 10.5}"),
                    new Command(
                            "POST",
                            "/failsafe",
                            "{\"name\": \"n1\", \"conn_url\": \"postgres://h:5432/postgres\","
                                    + "\"api_url\": \"http://h:8008/patroni\", \"slots\": {\"n2\": 67108864}}"),
                    new Command("POST", "/citus", "{\"type\": \"before_demote\", \"group\": 1}"));

    private static final List<String> HEADS =
            List.of(
                    "GET /replica?lag=16MB&tag_x=y&replication_state=streaming HTTP/1.1\r\nHost: h\r\n\r\n",
                    "OPTIONS /primary HTTP/1.1\r\nHost: h\r\nAuthorization: Basic dTpw\r\n\r\n",
                    "GET /metrics HTTP/1.1\r\nHost: h\r\nAccept: application/openmetrics-text;version=1.0.0\r\n\r\n",
                    "POST /switchover HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{\"leader\": \"n1\"}",
                    "PATCH /config HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\na\r\n{\"ttl\": 30}\r\n0\r\n\r\n");

    private Api api;

    @BeforeEach
    void start() {
        api = Api.start();
    }

    @AfterEach
    void stop() {
        api.close();
    }

    @Test
    void bodiesAreTakenOrRefused() {
        for (int seed = 0; seed < RUNS; seed++) {
            Random random = new Random(seed);
            Command command = COMMANDS.get(random.nextInt(COMMANDS.size()));
            String body = Mutations.of(command.body(), random);
            Api.Reply reply =
                    api.send(
                            HttpRequest.newBuilder(api.uri(command.path()))
                                    .timeout(Duration.ofSeconds(20))
                                    .method(
                                            command.method(),
                                            BodyPublishers.ofString(body, StandardCharsets.UTF_8))
                                    .build());
            assertThat(reply.status())
                    .as("seed %d: %s %s %s", seed, command.method(), command.path(), body)
                    .isBetween(200, 503)
                    .isNotIn(500, 501, 404);
        }
        assertThat(api.get("/liveness").status()).isEqualTo(200);
    }

    @Test
    void headsAreUnderstoodOrRefused() throws IOException {
        for (int seed = 0; seed < RUNS; seed++) {
            Random random = new Random(seed);
            String request = Mutations.of(HEADS.get(random.nextInt(HEADS.size())), random);
            assertThat(sentAndClosed(request))
                    .as("seed %d: %s", seed, request)
                    .matches("(?s)([^ ]+ (?!500)\\d{3} .*)?");
        }
        assertThat(api.get("/liveness").status()).isEqualTo(200);
    }

    private String sentAndClosed(String request) throws IOException {
        try (Socket socket = new Socket(InetAddress.ofLiteral("127.0.0.1"), api.server.port())) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
            socket.shutdownOutput();
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
        } catch (java.net.SocketException reset) {
            // what it hadn't read when it closed
            return "";
        }
    }
}
