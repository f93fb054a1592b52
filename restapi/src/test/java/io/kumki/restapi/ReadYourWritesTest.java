package io.kumki.restapi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.kumki.dcs.cluster.Lsn;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code ?min_lsn=…&timeout=…}: the standby of {@link Nodes} has replayed 999000 bytes. */
@Timeout(60)
class ReadYourWritesTest {

    private static final String REACHED = new Lsn(999_000).toString();
    private static final String NEXT = new Lsn(999_001).toString();

    @ParameterizedTest
    @ValueSource(strings = {"/replica", "/read-only", "/async", "/asynchronous", "/read-only-sync"})
    void whatIsReplayedIsAnsweredFromMemory(String path) {
        try (Api api = standby()) {
            assertThat(api.get(path + "?min%5Flsn=" + NEXT + "&timeout=0ms").status())
                    .as("a name may be percent-encoded")
                    .isEqualTo(503);
            String query = "?min_lsn=" + REACHED + "&timeout=0ms";
            boolean readable = !path.equals("/read-only-sync");
            assertThat(api.get(path + query).status()).isEqualTo(readable ? 200 : 503);
            assertThat(api.call("HEAD", path + query, null).status())
                    .isEqualTo(readable ? 200 : 503);
            assertThat(api.get(path + "?min_lsn=" + NEXT + "&timeout=0ms").status()).isEqualTo(503);
            assertThat(api.node.looks).hasValue(0);
        }
    }

    @Test
    void theAnswerComesAsSoonAsThePositionIsReplayed() {
        try (Api api = standby()) {
            api.node.position = at(999_000);
            CompletableFuture<Integer> answer =
                    CompletableFuture.supplyAsync(
                            () -> api.get("/replica?min_lsn=" + NEXT + "&timeout=10s").status(),
                            Thread::startVirtualThread);
            await().atMost(Duration.ofSeconds(10)).until(() -> api.node.looks.get() > 2);
            assertThat(answer).isNotDone();
            assertThat(api.meter.waiters()).isEqualTo(1);
            assertThat(api.get("/replica").status()).as("others don't wait").isEqualTo(200);
            api.node.position = at(999_001);
            assertThat(answer.join()).isEqualTo(200);
            assertThat(api.meter.waiters()).isZero();
        }
    }

    @Test
    void nobodyLooksWhileNobodyWaits() {
        try (Api api = standby()) {
            api.node.position = at(999_001);
            assertThat(api.get("/replica?min_lsn=" + NEXT).status()).isEqualTo(200);
            int looks = api.node.looks.get();
            assertThat(looks).isEqualTo(1);
            for (int i = 0; i < 20; i++) {
                assertThat(api.get("/replica").status()).isEqualTo(200);
            }
            assertThat(api.node.looks).hasValueLessThanOrEqualTo(looks + 1);
        }
    }

    @Test
    void aLookThatHangsHoldsUpNoTimeOut() {
        try (Api api = standby()) {
            api.node.position = () -> Promise.<Optional<Lsn>>promise().future();
            assertThat(api.get("/replica?min_lsn=" + NEXT + "&timeout=50ms").status())
                    .isEqualTo(503);
            assertThat(api.get("/replica?min_lsn=" + NEXT + "&timeout=50ms").status())
                    .isEqualTo(503);
            assertThat(api.node.looks).hasValue(1);
        }
    }

    @Test
    void aServerThatGivesNoPositionIsLookedAtAgain() {
        try (Api api = standby()) {
            api.node.position =
                    () -> {
                        api.node.position =
                                () -> {
                                    api.node.position = at(999_001);
                                    return Future.succeededFuture(Optional.empty());
                                };
                        return Future.failedFuture(new IllegalStateException("no server"));
                    };
            assertThat(api.get("/replica?min_lsn=" + NEXT + "&timeout=5s").status()).isEqualTo(200);
            assertThat(api.node.looks).hasValue(3);
        }
    }

    /** Whoever was promoted or stopped while somebody waited isn't a replica any more. */
    @Test
    void thePositionAloneMakesNoReplica() {
        try (Api api = standby()) {
            api.node.position =
                    () -> {
                        api.node.snapshot = Nodes.leader();
                        return Future.succeededFuture(Optional.of(new Lsn(2_000_000)));
                    };
            assertThat(api.get("/replica?min_lsn=" + NEXT).status()).isEqualTo(503);
        }
    }

    @Test
    void thePrimaryHasWhatItHasWritten() {
        try (Api api = Api.start()) {
            String written = "?min_lsn=" + Nodes.LEADER_LSN;
            assertThat(api.get("/read-only" + written).status()).isEqualTo(200);
            assertThat(api.get("/replica" + written).status()).isEqualTo(503);
            String lost = "?min_lsn=" + new Lsn(1_000_001) + "&timeout=20ms";
            api.node.position = at(1_000_000);
            assertThat(api.get("/read-only" + lost).status())
                    .as("a write that a failover has lost")
                    .isEqualTo(503);
            assertThat(api.get("/primary" + lost).status()).as("not asked there").isEqualTo(200);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "min_lsn=0/XYZ; min_lsn=\"0/XYZ\" is no position: it must be two hexadecimal"
                        + " numbers with a slash between, such as 16/B374D848, as"
                        + " pg_current_wal_flush_lsn() gives it",
                "min_lsn=; min_lsn=\"\" is no position",
                "min_lsn; min_lsn=\"\" is no position",
                "lag=5&min_lsn; min_lsn=\"\" is no position",
                "min_lsn=<b>; min_lsn=\"&lt;b&gt;\" is no position",
                "min_lsn=0/1&timeout=5; timeout=\"5\" can't be used: it must be a whole number with"
                        + " the unit ms or s, from 0ms to 10s, such as 200ms",
                "min_lsn=0/1&timeout=-1s; timeout=\"-1s\" can't be used",
                "min_lsn=0/1&timeout=11s; timeout=\"11s\" can't be used",
                "min_lsn=0/1&timeout=10001ms; timeout=\"10001ms\" can't be used",
            })
    void aValueThatCannotBeUsedIsNamed(String query, String text) throws IOException {
        try (Api api = standby()) {
            assertThat(raw(api, "GET /replica?" + query))
                    .startsWith("HTTP/1.1 400 ")
                    .contains(text);
            assertThat(raw(api, "HEAD /replica?" + query)).startsWith("HTTP/1.1 400 ");
        }
    }

    private static String raw(Api api, String request) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), api.server.port())) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream()
                    .write(
                            (request + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                                    .getBytes(StandardCharsets.US_ASCII));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
        }
    }

    @Test
    void waitersAreLimitedAndWhoLeavesMakesRoom() throws Exception {
        List<Socket> waiting = new ArrayList<>();
        try (Api api = standby()) {
            api.node.position = at(1);
            byte[] request =
                    ("GET /replica?min_lsn=" + NEXT + "&timeout=10s HTTP/1.1\r\nHost: x\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII);
            for (int i = 0; i < ReplayWaiters.LIMIT; i++) {
                Socket socket = new Socket(InetAddress.getLoopbackAddress(), api.server.port());
                waiting.add(socket);
                socket.getOutputStream().write(request);
            }
            await().atMost(8, TimeUnit.SECONDS)
                    .until(() -> api.meter.waiters() == ReplayWaiters.LIMIT);
            Api.Reply refused = api.get("/replica?min_lsn=" + NEXT);
            assertThat(refused.status()).isEqualTo(503);
            assertThat(refused.body()).startsWith("too many requests wait for a position (200); ");
            assertThat(api.get("/replica").status()).isEqualTo(200);
            for (Socket socket : waiting) {
                socket.close();
            }
            await().atMost(8, TimeUnit.SECONDS).until(() -> api.meter.waiters() == 0);
        } finally {
            for (Socket socket : waiting) {
                socket.close();
            }
        }
    }

    private static Api standby() {
        Api api = Api.start();
        api.node.snapshot = Nodes.standby();
        return api;
    }

    private static java.util.function.Supplier<Future<Optional<Lsn>>> at(long bytes) {
        return () -> Future.succeededFuture(Optional.of(new Lsn(bytes)));
    }
}
