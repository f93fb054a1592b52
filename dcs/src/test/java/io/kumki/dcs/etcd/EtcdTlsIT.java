package io.kumki.dcs.etcd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kumki.dcs.StoreUnavailableException;
import io.kumki.dcs.etcd.EtcdConfig.Tls;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An etcd that wants client certificates. */
class EtcdTlsIT {

    @TempDir private static Path directory;
    private static EtcdProcess etcd;
    private static Vertx vertx;

    @BeforeAll
    static void startEtcd() throws IOException {
        authority("ca");
        authority("other");
        certificate("server", "ca", List.of("-newkey", "rsa:2048"));
        certificate("client", "ca", List.of("-newkey", "rsa:2048"));
        certificate(
                "elliptic",
                "ca",
                List.of("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"));
        openssl("rsa", "-traditional", "-in", file("client.key"), "-out", file("client.pkcs1"));
        openssl("ec", "-in", file("elliptic.key"), "-out", file("elliptic.sec1"));
        Files.writeString(
                directory.resolve("both.pem"),
                Files.readString(directory.resolve("client.crt"))
                        + Files.readString(directory.resolve("client.key")));
        etcd =
                EtcdProcess.singleWithTls(
                        "--cert-file=" + file("server.crt"),
                        "--key-file=" + file("server.key"),
                        "--client-cert-auth",
                        "--trusted-ca-file=" + file("ca.crt"));
        vertx = StoreTests.vertx();
    }

    @AfterAll
    static void end() {
        StoreTests.await(vertx.close());
        etcd.close();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "client.crt client.key",
                "client.crt client.pkcs1",
                "elliptic.crt elliptic.key",
                "elliptic.crt elliptic.sec1",
                "both.pem both.pem"
            })
    void a_client_certificate_with_a_key_in_any_usual_form_is_accepted(String files) {
        String[] names = files.split(" ", 2);
        assertThat(read(tls("ca.crt", names[0], names[1])).initialize()).isEmpty();
    }

    @Test
    void the_key_may_stand_in_the_certificate_s_file() {
        Tls tls =
                new Tls(
                        Optional.of(directory.resolve("ca.crt")),
                        Optional.of(directory.resolve("both.pem")),
                        Optional.empty());
        assertThat(read(tls).initialize()).isEmpty();
    }

    @Test
    void without_an_authority_the_server_is_not_verified() {
        Tls tls =
                new Tls(
                        Optional.empty(),
                        Optional.of(directory.resolve("client.crt")),
                        Optional.of(directory.resolve("client.key")));
        assertThat(read(tls).initialize()).isEmpty();
    }

    @Test
    void a_server_that_another_authority_signed_is_refused() {
        assertThatThrownBy(() -> read(tls("other.crt", "client.crt", "client.key")))
                .isInstanceOf(StoreUnavailableException.class)
                .hasMessageContaining("UNAVAILABLE");
    }

    @Test
    void files_that_cannot_be_used_are_named_at_the_start() {
        assertThatThrownBy(() -> read(tls("missing.crt", "client.crt", "client.key")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("missing.crt");
        assertThatThrownBy(() -> read(tls("client.key", "client.crt", "client.key")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("client.key holds no certificate");
        assertThatThrownBy(() -> read(tls("ca.crt", "client.crt", "client.crt")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no usable private key");
    }

    private static io.kumki.dcs.cluster.ClusterView read(Tls tls) {
        List<URI> endpoints = etcd.endpoints();
        EtcdClusterStore store =
                StoreTests.open(
                        vertx, "tls", new EtcdConfig(endpoints, Optional.empty(), tls, true));
        try {
            store.configure(StoreTests.SHORT);
            return StoreTests.await(store.read());
        } finally {
            StoreTests.await(store.close());
        }
    }

    private static Tls tls(String caCert, String cert, String key) {
        return new Tls(
                Optional.of(directory.resolve(caCert)),
                Optional.of(directory.resolve(cert)),
                Optional.of(directory.resolve(key)));
    }

    private static void authority(String name) {
        openssl(
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=" + name,
                "-keyout",
                file(name + ".key"),
                "-out",
                file(name + ".crt"));
    }

    private static void certificate(String name, String authority, List<String> kind)
            throws IOException {
        java.util.ArrayList<String> request =
                new java.util.ArrayList<>(List.of("openssl", "req", "-nodes", "-subj"));
        request.add("/CN=" + name);
        request.addAll(kind);
        request.addAll(List.of("-keyout", file(name + ".key"), "-out", file(name + ".csr")));
        EtcdProcess.run(request);
        Path extensions = directory.resolve(name + ".ext");
        Files.writeString(
                extensions,
                "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n");
        openssl(
                "x509",
                "-req",
                "-days",
                "2",
                "-in",
                file(name + ".csr"),
                "-CA",
                file(authority + ".crt"),
                "-CAkey",
                file(authority + ".key"),
                "-CAcreateserial",
                "-extfile",
                extensions.toString(),
                "-out",
                file(name + ".crt"));
    }

    private static void openssl(String... arguments) {
        java.util.ArrayList<String> command = new java.util.ArrayList<>(List.of("openssl"));
        command.addAll(List.of(arguments));
        EtcdProcess.run(command);
    }

    private static String file(String name) {
        return directory.resolve(name).toString();
    }
}
