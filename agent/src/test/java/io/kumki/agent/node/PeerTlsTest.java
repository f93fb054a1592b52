package io.kumki.agent.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kumki.agent.config.CtlSettings;
import io.kumki.agent.ha.PeerAnswer;
import io.kumki.agent.postgres.TestKeys;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.restapi.NodeControl.FailsafeCall;
import io.kumki.restapi.Versions;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.ClientAuth;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.ClientSSLOptions;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.PemTrustOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The calls between members against a server that asks for certificates. */
@Timeout(60)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PeerTlsTest {

    private static final Duration LIMIT = Duration.ofSeconds(15);

    private final Vertx vertx = Vertx.vertx();
    private final LoopClock clock = new VertxClock(vertx, vertx.getOrCreateContext());
    private Path directory;
    private TestKeys keys;
    private HttpServer strict;

    @BeforeAll
    void open(@TempDir Path home) {
        directory = home;
        keys = new TestKeys(directory.resolve("ours"));
        keys.certificate("server", "server", "-newkey", "rsa:2048")
                .certificate("member", "member", "-newkey", "rsa:2048");
        keys.openssl(
                "pkcs8",
                "-topk8",
                "-passout",
                "pass:hush",
                "-in",
                keys.file("member.key"),
                "-out",
                keys.file("member.locked"));
        strict =
                vertx.createHttpServer(
                                new HttpServerOptions()
                                        .setSsl(true)
                                        .setClientAuth(ClientAuth.REQUIRED)
                                        .setKeyCertOptions(
                                                new PemKeyCertOptions()
                                                        .addCertPath(keys.file("server.crt"))
                                                        .addKeyPath(keys.file("server.key")))
                                        .setTrustOptions(
                                                new PemTrustOptions()
                                                        .addCertPath(keys.file("ca.crt"))))
                        .requestHandler(request ->
                                request.response()
                                        .end(
                                                "{\"state\": \"running\", \"role\": \"replica\","
                                                        + " \"xlog\": {\"received_location\": 42}}"))
                        .listen(0, "127.0.0.1")
                        .await();
    }

    @AfterAll
    void close() {
        vertx.close().await();
    }

    @Test
    void withoutACertificateAMemberThatRequiresOneCantBeAsked() {
        assertThat(ask(PeerTls.options(ctl(null, null, null))))
                .isInstanceOf(PeerAnswer.Unreachable.class);
    }

    @Test
    void theCertificateOfCtlOpensAMemberThatRequiresOne() {
        assertThat(ask(PeerTls.options(ctl("member.key", null, "ca.crt"))))
                .isNotInstanceOf(PeerAnswer.Unreachable.class);
        assertThat(ask(PeerTls.options(ctl("member.locked", "hush", "ca.crt"))))
                .isNotInstanceOf(PeerAnswer.Unreachable.class);
    }

    @Test
    void aNewConfigurationCountsAtTheNextCall() {
        AtomicReference<ClientSSLOptions> tls =
                new AtomicReference<>(PeerTls.options(ctl(null, null, null)));
        HttpPeers peers = new HttpPeers(vertx, clock, Optional::empty, tls::get);
        assertThat(ask(peers)).isInstanceOf(PeerAnswer.Unreachable.class);
        tls.set(PeerTls.options(ctl("member.key", null, "ca.crt")));
        assertThat(ask(peers)).isNotInstanceOf(PeerAnswer.Unreachable.class);
    }

    @Test
    void withACertificateTheServersChainIsVerified() {
        TestKeys others = new TestKeys(directory.resolve("others"));
        CtlSettings wrong =
                new CtlSettings(
                        Optional.empty(),
                        true,
                        Optional.of(Path.of(others.file("ca.crt"))),
                        Optional.of(Path.of(keys.file("member.crt"))),
                        Optional.of(Path.of(keys.file("member.key"))),
                        Optional.empty());
        assertThat(ask(PeerTls.options(wrong)))
                .isInstanceOfSatisfying(
                        PeerAnswer.Unreachable.class,
                        answer -> assertThat(answer.why()).containsIgnoringCase("SSL"));
        assertThat(ask(PeerTls.options(ctl("member.key", null, null))))
                .as("without cacert and cafile the system's authorities count")
                .isInstanceOf(PeerAnswer.Unreachable.class);
    }

    @Test
    void aFileThatCantBeUsedIsRefusedWithItsKey() {
        assertThatThrownBy(() -> PeerTls.options(ctl("nowhere.key", null, null)))
                .hasMessageContaining("ctl.keyfile = ")
                .hasMessageContaining("nowhere.key");
        assertThatThrownBy(() -> PeerTls.options(ctl("member.locked", null, null)))
                .hasMessageContaining("ctl.keyfile = ")
                .hasMessageContaining("ctl.keyfile_password");
        assertThatThrownBy(() -> PeerTls.options(ctl("member.key", null, "nowhere.crt")))
                .hasMessageContaining("ctl.cacert = ");
    }

    @Test
    void aNameIsTakenByWhoeverAnswersAndByWhoeverRefusesOurCertificate() {
        ClientSSLOptions without = PeerTls.options(ctl(null, null, null));
        ClientSSLOptions with = PeerTls.options(ctl("member.key", null, "ca.crt"));
        assertThat(nameCheck(url(), with))
                .hasValueSatisfying(how -> assertThat(how).isEqualTo("answers"));
        assertThat(nameCheck(url(), without)).isPresent();
        assertThat(
                        nameCheck(
                                url(),
                                new ClientSSLOptions().setHostnameVerificationAlgorithm("HTTPS")))
                .as("its chain isn't known to us, but it is there")
                .isPresent();
        assertThat(nameCheck("https://127.0.0.1:1/patroni", without)).isEmpty();
        assertThat(nameCheck("nonsense", without)).isEmpty();
    }

    @Test
    void aProxyThatClosesWithoutAWordOfTlsIsNobody() {
        NetServer proxy =
                vertx.createNetServer()
                        .connectHandler(socket -> socket.handler(_ -> socket.close()))
                        .listen(0, "127.0.0.1")
                        .await();
        assertThat(
                        nameCheck(
                                "https://127.0.0.1:" + proxy.actualPort() + "/patroni",
                                PeerTls.options(ctl(null, null, null))))
                .isEmpty();
    }

    /** What stands in the store was written by others. */
    @Test
    void anAddressThatIsNoUrlIsAMemberOutOfReach() {
        HttpPeers peers = new HttpPeers(vertx, clock, Optional::empty, ClientSSLOptions::new);
        MemberName name = new MemberName("n2");
        for (String url : List.of("nonsense", "", "http://", "http://a b/", "https://[::1")) {
            assertThat(await(peers.ask(List.of(Member.reachedBy(name, url)), LIMIT)).get(name))
                    .as(url)
                    .isInstanceOf(PeerAnswer.Unreachable.class);
            assertThat(
                            await(
                                            peers.askFailsafe(
                                                    new TreeMap<>(Map.of(name, url)),
                                                    new FailsafeCall(
                                                            new MemberName("n1"),
                                                            "postgres://a/",
                                                            "http://b/",
                                                            Optional.empty()),
                                                    LIMIT))
                                    .get(name))
                    .as(url)
                    .isInstanceOf(Peers.FailsafeReply.Refused.class);
        }
    }

    @Test
    void eachCallSaysWhoAsksAndWithWhatRight() {
        List<String> asked = Collections.synchronizedList(new ArrayList<>());
        HttpServer server =
                await(
                        vertx.createHttpServer()
                                .requestHandler(request -> {
                                    asked.add(
                                            request.method()
                                                    + " "
                                                    + request.uri()
                                                    + " "
                                                    + request.getHeader("User-Agent")
                                                    + " "
                                                    + request.getHeader("Authorization"));
                                    request.response().end("{}");
                                })
                                .listen(0, "127.0.0.1"));
        String url = "http://127.0.0.1:" + server.actualPort() + "/patroni";
        HttpPeers peers =
                new HttpPeers(vertx, clock, () -> Optional.of("Basic eA=="), ClientSSLOptions::new);
        MemberName name = new MemberName("n2");
        FailsafeCall call =
                new FailsafeCall(new MemberName("n1"), "postgres://a/", url, Optional.empty());
        await(peers.ask(List.of(Member.reachedBy(name, url)), LIMIT));
        await(peers.askFailsafe(new TreeMap<>(Map.of(name, url)), call, LIMIT));
        assertThat(nameCheck(url, new ClientSSLOptions())).contains("answers");
        String agent = "Patroni/4.1.4 Kumki/" + Versions.own();
        assertThat(asked)
                .containsExactly(
                        "GET /patroni?fresh=true " + agent + " Basic eA==",
                        "POST /failsafe " + agent + " Basic eA==",
                        "GET /liveness " + agent + " null");
    }

    private Optional<String> nameCheck(String url, ClientSSLOptions tls) {
        return await(NameCheck.answers(vertx, clock, url, tls, LIMIT));
    }

    private PeerAnswer ask(ClientSSLOptions tls) {
        return ask(new HttpPeers(vertx, clock, Optional::empty, () -> tls));
    }

    private PeerAnswer ask(HttpPeers peers) {
        MemberName name = new MemberName("n2");
        Member member = Member.reachedBy(name, url());
        return Objects.requireNonNull(await(peers.ask(List.of(member), LIMIT)).get(name));
    }

    private static <T> T await(Future<T> future) {
        try {
            return Objects.requireNonNull(future.await(20, TimeUnit.SECONDS));
        } catch (TimeoutException e) {
            throw new AssertionError("no answer", e);
        }
    }

    private String url() {
        return "https://127.0.0.1:" + strict.actualPort() + "/patroni";
    }

    private CtlSettings ctl(
            @Nullable String key, @Nullable String password, @Nullable String authority) {
        return new CtlSettings(
                Optional.empty(),
                false,
                Optional.ofNullable(authority).map(this::path),
                Optional.ofNullable(key).map(_ -> path("member.crt")),
                Optional.ofNullable(key).map(this::path),
                Optional.ofNullable(password));
    }

    private Path path(String name) {
        return Path.of(keys.file(name));
    }
}
