package io.kumki.agent.node;

import io.kumki.agent.config.CtlSettings;
import io.kumki.dcs.tls.Pem;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.ClientSSLOptions;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.PemTrustOptions;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/**
 * The members' TLS towards each other, from the {@code ctl} section.
 *
 * <p>As the wire contract has it: without {@code ctl.certfile} no server is verified; with it the
 * certificate is shown and the server's chain verified, but not its host name, because members call
 * each other by whatever address stands in the store.
 */
final class PeerTls {

    private PeerTls() {}

    /**
     * Reads the files, so that a renewed one shows as a difference.
     *
     * @throws IllegalArgumentException if one can't be used; the message names its key
     */
    static ClientSSLOptions options(CtlSettings ctl) {
        ClientSSLOptions options = new ClientSSLOptions().setHostnameVerificationAlgorithm("");
        if (ctl.certfile().isEmpty()) {
            return options.setTrustAll(true);
        }
        Path certfile = ctl.certfile().get();
        String certificates = read("certfile", certfile);
        if (Pem.blocks(certificates, "CERTIFICATE").isEmpty()) {
            throw unusable("certfile", certfile, "it holds no CERTIFICATE block", null);
        }
        options.setKeyCertOptions(
                new PemKeyCertOptions()
                        .addCertValue(
                                Buffer.buffer(
                                        String.join("", Pem.blocks(certificates, "CERTIFICATE"))))
                        .addKeyValue(key(ctl, certfile, certificates)));
        ctl.cacert()
                .ifPresent(file ->
                        options.setTrustOptions(
                                new PemTrustOptions()
                                        .addCertValue(Buffer.buffer(read("cacert", file)))));
        return options;
    }

    private static Buffer key(CtlSettings ctl, Path certfile, String certificates) {
        String name = ctl.keyfile().isPresent() ? "keyfile" : "certfile";
        Path file = ctl.keyfile().orElse(certfile);
        String pem = ctl.keyfile().map(path -> read(name, path)).orElse(certificates);
        try {
            byte[] der = Pem.privateKey(pem, ctl.keyfilePassword()).getEncoded();
            return Buffer.buffer(
                    "-----BEGIN PRIVATE KEY-----\n"
                            + Base64.getMimeEncoder().encodeToString(der)
                            + "\n-----END PRIVATE KEY-----\n");
        } catch (GeneralSecurityException e) {
            throw unusable(
                    name, file, e.getMessage() + "; a locked key needs ctl.keyfile_password", e);
        }
    }

    private static String read(String key, Path file) {
        try {
            return Files.readString(file, StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            throw unusable(key, file, "it can't be read (" + e + ")", e);
        }
    }

    private static IllegalArgumentException unusable(
            String key, Path file, String why, @Nullable Throwable cause) {
        return new IllegalArgumentException(
                "ctl."
                        + key
                        + " = "
                        + file
                        + ": "
                        + why
                        + "; the members show this certificate to each other: give a PEM file, or"
                        + " leave ctl.certfile out",
                cause);
    }
}
