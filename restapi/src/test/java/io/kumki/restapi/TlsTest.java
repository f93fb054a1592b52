package io.kumki.restapi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kumki.restapi.RestConfig.Credentials;
import io.kumki.restapi.RestConfig.Tls;
import io.kumki.restapi.RestConfig.VerifyClient;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.PemTrustOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TlsTest {

    private final Vertx vertx = Vertx.vertx();

    @AfterEach
    void stop() {
        vertx.close().await();
    }

    @ParameterizedTest
    @CsvSource({
        "server.pem, server.key, ",
        "server.pem, server.encrypted.key, hush",
        "server.both.pem, , ",
    })
    void servesHttpsWithItsKeyWhereverItIs(String cert, String key, String password)
            throws Exception {
        Tls tls = tls(file(cert), Optional.ofNullable(key), password, VerifyClient.NONE);
        try (Api api = Api.start(RestConfig.of("127.0.0.1", 0).withTls(tls))) {
            assertThat(status(api, HttpMethod.GET, "/primary", false)).isEqualTo(200);
            assertThat(status(api, HttpMethod.POST, "/reload", false)).isEqualTo(202);
        }
    }

    @Test
    void optionalCertificatesAreNeededForUnsafeRequests() throws Exception {
        try (Api api = Api.start(verifying(VerifyClient.OPTIONAL))) {
            assertThat(status(api, HttpMethod.GET, "/primary", false)).isEqualTo(200);
            assertThat(status(api, HttpMethod.POST, "/reload", false)).isEqualTo(403);
            assertThat(status(api, HttpMethod.POST, "/reload", true)).isEqualTo(202);
        }
        RestConfig both =
                verifying(VerifyClient.OPTIONAL).withAuthentication(new Credentials("u", "p"));
        try (Api api = Api.start(both)) {
            assertThat(status(api, HttpMethod.POST, "/reload", true)).isEqualTo(401);
        }
    }

    /** The JDK's own list of authorities isn't the operator's. */
    @ParameterizedTest
    @CsvSource({"OPTIONAL", "REQUIRED"})
    void withoutCafileNoClientCertificateCounts(VerifyClient verify) throws Exception {
        Tls tls =
                new Tls(
                        file("server.both.pem"),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        List.of(),
                        verify);
        assertThat(TlsMaterial.load(tls).options().getTrustOptions()).isNotNull();
        try (Api api = Api.start(RestConfig.of("127.0.0.1", 0).withTls(tls))) {
            assertThatThrownBy(() -> status(api, HttpMethod.POST, "/reload", true))
                    .isNotInstanceOf(AssertionError.class);
            assertThat(api.node.asked).isEmpty();
        }
    }

    @Test
    void requiredCertificatesAreNeededForEverything() throws Exception {
        try (Api api = Api.start(verifying(VerifyClient.REQUIRED))) {
            assertThatThrownBy(() -> status(api, HttpMethod.GET, "/primary", false))
                    .isNotNull()
                    .isNotInstanceOf(AssertionError.class);
            assertThat(status(api, HttpMethod.GET, "/primary", true)).isEqualTo(200);
            assertThat(status(api, HttpMethod.GET, "/events", true)).isEqualTo(200);
        }
    }

    @Test
    void aRenewedCertificateIsTakenAtTheNextReload(@TempDir Path dir) throws Exception {
        Path cert = dir.resolve("cert.pem");
        Path key = dir.resolve("key.pem");
        Files.copy(file("server.pem"), cert);
        Files.copy(file("server.key"), key);
        RestConfig config =
                RestConfig.of("127.0.0.1", 0)
                        .withTls(
                                new Tls(
                                        cert,
                                        Optional.of(key),
                                        Optional.empty(),
                                        Optional.empty(),
                                        List.of(),
                                        VerifyClient.NONE));
        try (Api api = Api.start(config)) {
            assertThat(subject(api)).contains("CN=server");
            Files.copy(file("renewed.pem"), cert, StandardCopyOption.REPLACE_EXISTING);
            Files.copy(file("renewed.key"), key, StandardCopyOption.REPLACE_EXISTING);
            api.server.reconfigure(config).await(10, TimeUnit.SECONDS);
            assertThat(subject(api)).contains("CN=renewed");
            Files.writeString(cert, "rubbish");
            assertThatThrownBy(() -> api.server.reconfigure(config).await(10, TimeUnit.SECONDS))
                    .isNotNull();
            assertThat(subject(api)).as("the old one serves on").contains("CN=renewed");
        }
    }

    @Test
    void filesThatCantBeUsedAreNamed() {
        assertThatThrownBy(() ->
                        Api.start(
                                        RestConfig.of("127.0.0.1", 0)
                                                .withTls(
                                                        tls(
                                                                Path.of("/no/such.pem"),
                                                                Optional.empty(),
                                                                null,
                                                                VerifyClient.NONE)))
                                .close())
                .hasMessageContaining("restapi.certfile: can't read \"/no/such.pem\"");
        assertThatThrownBy(() ->
                        TlsMaterial.load(
                                tls(
                                        file("server.pem"),
                                        Optional.of("server.encrypted.key"),
                                        "wrong",
                                        VerifyClient.NONE)))
                .hasMessageContaining("restapi.keyfile: can't decrypt")
                .hasMessageNotContaining("wrong");
        assertThatThrownBy(() ->
                        TlsMaterial.load(
                                tls(
                                        file("server.pem"),
                                        Optional.of("server.encrypted.key"),
                                        null,
                                        VerifyClient.NONE)))
                .hasMessageContaining("restapi.keyfile_password is missing");
    }

    static RestConfig verifying(VerifyClient verify) throws Exception {
        return RestConfig.of("127.0.0.1", 0)
                .withTls(tls(file("server.both.pem"), Optional.empty(), null, verify));
    }

    private static Tls tls(
            Path cert,
            Optional<String> key,
            @org.jspecify.annotations.Nullable String password,
            VerifyClient verify)
            throws Exception {
        return new Tls(
                cert,
                key.isPresent() ? Optional.of(file(key.get())) : Optional.empty(),
                Optional.ofNullable(password),
                Optional.of(file("ca.pem")),
                List.of(),
                verify);
    }

    private int status(Api api, HttpMethod method, String path, boolean withCertificate)
            throws Exception {
        return call(api, method, path, withCertificate, HttpClientResponse::statusCode);
    }

    private String subject(Api api) throws Exception {
        return call(
                api,
                HttpMethod.GET,
                "/primary",
                false,
                response -> {
                    try {
                        return response.request()
                                .connection()
                                .peerCertificates()
                                .getFirst()
                                .toString();
                    } catch (javax.net.ssl.SSLPeerUnverifiedException e) {
                        throw new IllegalStateException(e);
                    }
                });
    }

    private <T> T call(
            Api api,
            HttpMethod method,
            String path,
            boolean withCertificate,
            java.util.function.Function<HttpClientResponse, T> what)
            throws Exception {
        HttpClientOptions options =
                new HttpClientOptions()
                        .setSsl(true)
                        .setKeepAlive(false)
                        .setTrustOptions(
                                new PemTrustOptions().addCertPath(file("ca.pem").toString()));
        if (withCertificate) {
            options.setKeyCertOptions(
                    new PemKeyCertOptions()
                            .addCertPath(file("client.pem").toString())
                            .addKeyPath(file("client.key").toString()));
        }
        HttpClient client = vertx.createHttpClient(options);
        Future<T> answer =
                client.request(method, api.server.port(), "127.0.0.1", path)
                        .compose(request -> request.send())
                        .map(what);
        return answer.await(10, TimeUnit.SECONDS);
    }

    private static Path file(String name) throws Exception {
        return Path.of(
                Objects.requireNonNull(TlsTest.class.getResource("tls/" + name), name).toURI());
    }
}
