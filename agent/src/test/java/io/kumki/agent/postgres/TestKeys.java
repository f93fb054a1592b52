package io.kumki.agent.postgres;

import io.kumki.dcs.tls.Pem;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** An authority of its own and what it signed, made by openssl as an operator would. */
public final class TestKeys {

    private final Path directory;

    /** An authority in {@code directory}: {@code ca.crt}. */
    public TestKeys(Path directory) {
        this.directory = directory;
        try {
            Files.createDirectories(directory);
            Files.writeString(directory.resolve("index.txt"), "");
            Files.writeString(directory.resolve("crlnumber"), "01\n");
            Files.writeString(
                    directory.resolve("ca.conf"),
                    "[ca]\ndefault_ca = d\n[d]\ndatabase = %1$s/index.txt\ncrlnumber = %1$s/crlnumber\n"
                                    .formatted(directory)
                            + "default_md = sha256\ndefault_crl_days = 30\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        openssl(
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-days",
                "30",
                "-subj",
                "/CN=test",
                "-keyout",
                file("ca.key"),
                "-out",
                file("ca.crt"));
    }

    public String file(String name) {
        return directory.resolve(name).toString();
    }

    /**
     * {@code NAME.crt} and {@code NAME.key} (PKCS#8).
     *
     * @param algorithm arguments of {@code openssl req}
     */
    public TestKeys certificate(String name, String subject, String... algorithm) {
        List<String> request = new ArrayList<>(List.of("req", "-nodes", "-subj", "/CN=" + subject));
        request.addAll(List.of(algorithm));
        request.addAll(List.of("-keyout", file(name + ".key"), "-out", file(name + ".csr")));
        openssl(request.toArray(String[]::new));
        try {
            Files.writeString(
                    directory.resolve("names"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        openssl(
                "x509",
                "-req",
                "-days",
                "30",
                "-CAcreateserial",
                "-extfile",
                file("names"),
                "-CA",
                file("ca.crt"),
                "-CAkey",
                file("ca.key"),
                "-in",
                file(name + ".csr"),
                "-out",
                file(name + ".crt"));
        return this;
    }

    /** {@code ca.crl}: what the authority takes back. */
    public void revocationList(String... revoked) {
        for (String name : revoked) {
            authority("-revoke", file(name + ".crt"));
        }
        authority("-gencrl", "-out", file("ca.crl"));
    }

    /** For a client that shows {@code NAME.crt} and trusts our authority. */
    public SSLContext context(String name) {
        try {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            store.setCertificateEntry("ca", certificate("ca"));
            store.setKeyEntry(
                    "own",
                    Pem.privateKey(
                            Files.readString(directory.resolve(name + ".key")), Optional.empty()),
                    new char[0],
                    new Certificate[] {certificate(name)});
            KeyManagerFactory own =
                    KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            own.init(store, new char[0]);
            TrustManagerFactory trust =
                    TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(store);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(own.getKeyManagers(), trust.getTrustManagers(), null);
            return context;
        } catch (IOException | GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    private Certificate certificate(String name) throws IOException, GeneralSecurityException {
        return Pem.certificates(Files.readString(directory.resolve(name + ".crt"))).getFirst();
    }

    private void authority(String... arguments) {
        List<String> all =
                new ArrayList<>(
                        List.of(
                                "ca",
                                "-config",
                                file("ca.conf"),
                                "-keyfile",
                                file("ca.key"),
                                "-cert",
                                file("ca.crt")));
        all.addAll(List.of(arguments));
        openssl(all.toArray(String[]::new));
    }

    public void openssl(String... arguments) {
        List<String> command = new ArrayList<>(List.of("openssl"));
        command.addAll(List.of(arguments));
        try {
            Process process =
                    new ProcessBuilder(command)
                            .redirectErrorStream(true)
                            .directory(directory.toFile())
                            .start();
            String said =
                    new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (process.waitFor() != 0) {
                throw new AssertionError(command + ": " + said);
            }
            ownerOnly();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        }
    }

    /** libpq and the server take no key that others may read. */
    private void ownerOnly() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
            }
        }
    }
}
