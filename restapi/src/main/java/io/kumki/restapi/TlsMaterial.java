package io.kumki.restapi;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.ClientAuth;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.PemTrustOptions;
import io.vertx.core.net.ServerSSLOptions;
import io.vertx.core.net.TrustOptions;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Cipher;
import javax.crypto.EncryptedPrivateKeyInfo;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;
import javax.net.ssl.X509TrustManager;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The contents of the TLS files at one moment, so that a renewed certificate shows as a difference.
 * Its text shows none of it.
 *
 * @param key PEM, not encrypted
 * @param suites none: the JDK chooses
 */
record TlsMaterial(
        RestConfig.Tls config,
        Buffer certificates,
        Buffer key,
        Optional<Buffer> trusted,
        List<String> suites) {

    private static final Logger LOG = LoggerFactory.getLogger(TlsMaterial.class);

    private static final Pattern ENCRYPTED =
            Pattern.compile(
                    "-----BEGIN ENCRYPTED PRIVATE KEY-----([^-]*)-----END ENCRYPTED PRIVATE KEY-----");

    /** Without {@code cafile} no client can be verified; the JDK's own list isn't ours. */
    private static final X509TrustManager NOBODY =
            new X509TrustManager() {
                @Override
                public void checkClientTrusted(X509Certificate[] chain, String type)
                        throws CertificateException {
                    throw new CertificateException(
                            "restapi.cafile isn't set: no client certificate can be verified");
                }

                @Override
                public void checkServerTrusted(X509Certificate[] chain, String type)
                        throws CertificateException {
                    throw new CertificateException("this is a server");
                }

                @Override
                public X509Certificate[] getAcceptedIssuers() {
                    return new X509Certificate[0];
                }
            };

    /**
     * Reads the files; blocks.
     *
     * @throws IllegalArgumentException if one can't be read or decrypted; the message names the key
     */
    static TlsMaterial load(RestConfig.Tls tls) {
        Buffer certificates = file("certfile", tls.certfile());
        Buffer key = tls.keyfile().map(path -> file("keyfile", path)).orElse(certificates);
        return new TlsMaterial(
                tls,
                certificates,
                decrypted(key, tls),
                tls.cafile().map(path -> file("cafile", path)),
                suites(tls));
    }

    ServerSSLOptions options() {
        ServerSSLOptions options = new ServerSSLOptions();
        options.setKeyCertOptions(
                new PemKeyCertOptions().addCertValue(certificates).addKeyValue(key));
        options.setTrustOptions(
                trusted.<TrustOptions>map(pem -> new PemTrustOptions().addCertValue(pem))
                        .orElse(TrustOptions.wrap(NOBODY)));
        options.setClientAuth(
                switch (config.verifyClient()) {
                    case NONE -> ClientAuth.NONE;
                    case OPTIONAL -> ClientAuth.REQUEST;
                    case REQUIRED -> ClientAuth.REQUIRED;
                });
        suites.forEach(options::addEnabledCipherSuite);
        return options;
    }

    /** None, and the JDK chooses by itself. */
    private static List<String> suites(RestConfig.Tls tls) {
        if (tls.ciphers().isEmpty()) {
            return List.of();
        }
        CipherList list = CipherList.parse(tls.ciphers());
        if (!list.unknown().isEmpty()) {
            LOG.atWarn()
                    .addKeyValue("key", "restapi.ciphers")
                    .addKeyValue("unknown", list.unknown())
                    .addKeyValue("used", list.suites())
                    .log(
                            "cipher suites left out: the JDK doesn't have them; give OpenSSL or"
                                    + " IANA names");
        }
        return list.suites();
    }

    private static Buffer file(String key, Path path) {
        try {
            return Buffer.buffer(Files.readAllBytes(path));
        } catch (IOException e) {
            throw new IllegalArgumentException(
                    "restapi." + key + ": can't read \"" + path + "\" (" + e + ")", e);
        }
    }

    private static Buffer decrypted(Buffer pem, RestConfig.Tls tls) {
        Matcher matcher = ENCRYPTED.matcher(pem.toString(StandardCharsets.ISO_8859_1));
        if (!matcher.find()) {
            return pem;
        }
        String password =
                tls.keyfilePassword()
                        .orElseThrow(() ->
                                new IllegalArgumentException(
                                        "restapi.keyfile_password is missing: the private"
                                                + " key is encrypted"));
        try {
            EncryptedPrivateKeyInfo encrypted =
                    new EncryptedPrivateKeyInfo(Base64.getMimeDecoder().decode(matcher.group(1)));
            String algorithm = encrypted.getAlgParameters().toString();
            Cipher cipher = Cipher.getInstance(algorithm);
            cipher.init(
                    Cipher.DECRYPT_MODE,
                    SecretKeyFactory.getInstance(algorithm)
                            .generateSecret(new PBEKeySpec(password.toCharArray())),
                    encrypted.getAlgParameters());
            return Buffer.buffer(
                    "-----BEGIN PRIVATE KEY-----\n"
                            + Base64.getMimeEncoder()
                                    .encodeToString(encrypted.getKeySpec(cipher).getEncoded())
                            + "\n-----END PRIVATE KEY-----\n");
        } catch (GeneralSecurityException | IOException | IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "restapi.keyfile: can't decrypt the private key with"
                            + " restapi.keyfile_password ("
                            + e
                            + "); PKCS #8 is understood (openssl pkcs8 -topk8)",
                    e);
        }
    }

    @Override
    public String toString() {
        return "TlsMaterial[" + config + "]";
    }
}
