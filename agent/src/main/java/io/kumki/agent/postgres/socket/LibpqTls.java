package io.kumki.agent.postgres.socket;

import io.kumki.dcs.tls.Pem;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import org.postgresql.ssl.WrappedFactory;

/**
 * TLS for JDBC with the files and rules of libpq, so that one configuration serves our queries and
 * PostgreSQL's programs: keys are PEM in any form that openssl writes, also encrypted; what isn't
 * named is looked for in {@code ~/.postgresql}; a certificate of an authority that is there is
 * verified by {@code sslmode=require} and below as well.
 *
 * <p>The files are read for each connection: renewed ones count at once. pgjdbc's own factory knows
 * RSA keys of PKCS#8 without a password only, and no revocation lists. The host name is verified by
 * pgjdbc after the handshake.
 */
public final class LibpqTls extends WrappedFactory {

    /** Options of libpq that pgjdbc doesn't have: named so that it can't take them for its own. */
    public static final String CRL = "kumki.sslcrl";

    public static final String CRL_DIRECTORY = "kumki.sslcrldir";

    /**
     * Called by pgjdbc for each connection.
     *
     * @param connection its properties
     * @throws IllegalArgumentException if a file can't be used; the message names it
     */
    public LibpqTls(Properties connection) {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(keys(connection), trust(connection), new SecureRandom());
            factory = context.getSocketFactory();
        } catch (GeneralSecurityException e) {
            throw new IllegalArgumentException("cannot set up TLS: " + e.getMessage(), e);
        }
    }

    private static TrustManager[] trust(Properties connection) throws GeneralSecurityException {
        Optional<String> root = text(connection, "sslrootcert");
        boolean verify = text(connection, "sslmode").orElse("").startsWith("verify-");
        if (root.equals(Optional.of("system"))) {
            return ServerTrust.system();
        }
        Path file = root.map(Path::of).orElseGet(() -> home("root.crt"));
        if (!Files.exists(file)) {
            if (verify) {
                throw new IllegalArgumentException(
                        "sslrootcert: there is no file \""
                                + file
                                + "\"; name the authority that signed the server's certificate,"
                                + " or set sslmode=require");
            }
            return ServerTrust.unverified();
        }
        List<X509Certificate> authorities;
        try {
            authorities = Pem.certificates(read("sslrootcert", file));
        } catch (GeneralSecurityException e) {
            throw new IllegalArgumentException("sslrootcert: " + file + ": " + e.getMessage(), e);
        }
        if (authorities.isEmpty()) {
            throw new IllegalArgumentException("sslrootcert: no certificate in \"" + file + "\"");
        }
        return ServerTrust.verified(
                authorities,
                text(connection, CRL).map(Path::of).or(() -> existing(home("root.crl"))),
                text(connection, CRL_DIRECTORY).map(Path::of));
    }

    private static KeyManager[] keys(Properties connection) throws GeneralSecurityException {
        Optional<Path> certificates =
                text(connection, "sslcert")
                        .map(Path::of)
                        .or(() -> existing(home("postgresql.crt")));
        if (certificates.isEmpty()) {
            return new KeyManager[0];
        }
        Path file = certificates.get();
        Path key = text(connection, "sslkey").map(Path::of).orElseGet(() -> home("postgresql.key"));
        String pem = read("sslkey", key);
        List<X509Certificate> chain = Pem.certificates(read("sslcert", file));
        if (chain.isEmpty()) {
            throw new IllegalArgumentException("sslcert: no certificate in \"" + file + "\"");
        }
        KeyStore store = KeyStore.getInstance("PKCS12");
        char[] unused = new char[0];
        try {
            store.load(null, unused);
            store.setKeyEntry(
                    "client",
                    Pem.privateKey(pem, text(connection, "sslpassword")),
                    unused,
                    chain.toArray(X509Certificate[]::new));
        } catch (GeneralSecurityException e) {
            throw new IllegalArgumentException("sslkey \"" + key + "\": " + e.getMessage(), e);
        } catch (IOException e) {
            throw new IllegalStateException("a key store in memory", e);
        }
        KeyManagerFactory managers =
                KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        managers.init(store, unused);
        return managers.getKeyManagers();
    }

    private static Optional<String> text(Properties connection, String name) {
        return Optional.ofNullable(connection.getProperty(name)).filter(text -> !text.isEmpty());
    }

    private static Path home(String name) {
        return Path.of(System.getProperty("user.home", "/"), ".postgresql", name);
    }

    private static Optional<Path> existing(Path file) {
        return Optional.of(file).filter(Files::exists);
    }

    private static String read(String option, Path file) {
        try {
            return Files.readString(file, StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            throw new IllegalArgumentException(
                    option + ": can't read \"" + file + "\" (" + e + ")", e);
        }
    }
}
