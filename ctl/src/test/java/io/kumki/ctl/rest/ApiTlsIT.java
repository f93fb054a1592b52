package io.kumki.ctl.rest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import io.kumki.ctl.config.CtlConfig.RestAccess;
import io.kumki.ctl.console.CtlException;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.dcs.cluster.Tags;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** TLS with certificates as openssl makes them; the server asks for a client certificate. */
class ApiTlsIT {

    @TempDir private static Path directory;

    private static HttpsServer open;
    private static HttpsServer guarded;

    @BeforeAll
    static void startServers() throws Exception {
        openssl(
                "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -subj /CN=ca -days 2");
        openssl(
                "req -x509 -newkey rsa:2048 -nodes -keyout x.key -out other.pem -subj /CN=x -days 2");
        openssl("req -newkey rsa:2048 -nodes -keyout server.key -out s.csr -subj /CN=localhost");
        java.nio.file.Files.writeString(file("san"), "subjectAltName=DNS:localhost\n");
        openssl(
                "x509 -req -in s.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out server.pem"
                        + " -days 2 -extfile san");
        openssl("req -newkey rsa:2048 -nodes -keyout client.key -out c.csr -subj /CN=client");
        openssl(
                "x509 -req -in c.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out client.pem"
                        + " -days 2");
        openssl("rsa -in client.key -traditional -out client-rsa.key");
        openssl("pkcs8 -topk8 -in client.key -passout pass:secret -out client-enc.key");
        open = server(false);
        guarded = server(true);
    }

    @AfterAll
    static void stopServers() {
        open.stop(0);
        guarded.stop(0);
    }

    private static Path file(String name) {
        return directory.resolve(name);
    }

    private static void openssl(String arguments) throws IOException, InterruptedException {
        Process process =
                new ProcessBuilder(("openssl " + arguments).split(" ", -1))
                        .directory(directory.toFile())
                        .redirectErrorStream(true)
                        .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(output).isZero();
    }

    private static HttpsServer server(boolean asksForCertificate) throws Exception {
        KeyStore keys = KeyStore.getInstance("PKCS12");
        keys.load(null, null);
        keys.setKeyEntry(
                "server",
                PemFiles.privateKey(file("server.key").toString(), Optional.empty()),
                new char[0],
                PemFiles.certificates(file("server.pem").toString()).toArray(Certificate[]::new));
        KeyManagerFactory keyManagers =
                KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keyManagers.init(keys, new char[0]);
        KeyStore authorities = KeyStore.getInstance("PKCS12");
        authorities.load(null, null);
        authorities.setCertificateEntry(
                "ca", PemFiles.certificates(file("ca.pem").toString()).getFirst());
        TrustManagerFactory trust =
                TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(authorities);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keyManagers.getKeyManagers(), trust.getTrustManagers(), null);
        HttpsServer server =
                HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setHttpsConfigurator(
                new HttpsConfigurator(context) {
                    @Override
                    public void configure(HttpsParameters parameters) {
                        SSLParameters ssl = context.getDefaultSSLParameters();
                        ssl.setNeedClientAuth(asksForCertificate);
                        parameters.setSSLParameters(ssl);
                    }
                });
        server.createContext(
                "/",
                exchange -> {
                    exchange.sendResponseHeaders(200, -1);
                    exchange.close();
                });
        server.start();
        return server;
    }

    private static int status(HttpsServer server, String host, RestAccess access)
            throws ApiUnreachableException {
        Member member =
                new Member(
                        new MemberName("n1"),
                        new Member.Addresses(
                                Optional.empty(),
                                Optional.of(
                                        "https://"
                                                + host
                                                + ":"
                                                + server.getAddress().getPort()
                                                + "/patroni"),
                                Optional.empty()),
                        Member.Status.of("running", "primary", "4.1.4"),
                        Member.WalProgress.UNKNOWN,
                        Tags.NONE,
                        0);
        return new MemberApi(access).get(member, "config").status();
    }

    private static Optional<String> path(String name) {
        return name.isEmpty() ? Optional.empty() : Optional.of(file(name).toString());
    }

    private static RestAccess access(String ca, String cert, String key, boolean insecure) {
        return new RestAccess(
                Optional.empty(),
                path(ca),
                path(cert),
                path(key),
                key.contains("enc") ? Optional.of("secret") : Optional.empty(),
                insecure);
    }

    @Test
    void a_server_must_be_signed_by_the_authority_and_have_its_name() throws Exception {
        assertThat(status(open, "localhost", access("ca.pem", "", "", false))).isEqualTo(200);
        for (RestAccess wrong :
                List.of(access("other.pem", "", "", false), access("", "", "", false))) {
            assertThatThrownBy(() -> status(open, "localhost", wrong))
                    .isInstanceOf(ApiUnreachableException.class)
                    .hasMessageContaining("n1 at https://localhost:");
        }
        assertThatThrownBy(() -> status(open, "127.0.0.1", access("ca.pem", "", "", false)))
                .isInstanceOf(ApiUnreachableException.class);
    }

    @Test
    void insecure_verifies_nothing_and_with_a_client_certificate_all_but_the_name()
            throws Exception {
        assertThat(status(open, "127.0.0.1", access("other.pem", "", "", true))).isEqualTo(200);
        assertThat(status(guarded, "127.0.0.1", access("ca.pem", "client.pem", "client.key", true)))
                .isEqualTo(200);
        assertThatThrownBy(() ->
                        status(
                                guarded,
                                "127.0.0.1",
                                access("other.pem", "client.pem", "client.key", true)))
                .isInstanceOf(ApiUnreachableException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"client.key", "client-rsa.key", "client-enc.key"})
    void a_client_certificate_is_shown(String key) throws Exception {
        assertThat(status(guarded, "localhost", access("ca.pem", "client.pem", key, false)))
                .isEqualTo(200);
        assertThatThrownBy(() -> status(guarded, "localhost", access("ca.pem", "", "", false)))
                .isInstanceOf(ApiUnreachableException.class);
    }

    @Test
    void unusable_files_are_named() {
        assertThatThrownBy(() -> new MemberApi(access("nosuch.pem", "", "", false)))
                .isInstanceOf(CtlException.class)
                .hasMessageContaining("nosuch.pem");
        assertThatThrownBy(() -> new MemberApi(access("ca.pem", "client.pem", "san", false)))
                .isInstanceOf(CtlException.class)
                .hasMessageContaining("openssl pkcs8 -topk8");
    }
}
