package io.kumki.agent.postgres.socket;

import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CRL;
import java.security.cert.CertStore;
import java.security.cert.CertificateFactory;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.X509CertSelector;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import javax.net.ssl.CertPathTrustManagerParameters;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/** Which servers' certificates are taken. */
final class ServerTrust {

    private ServerTrust() {}

    /** Those of the authorities that the JDK brings along. */
    static TrustManager[] system() throws GeneralSecurityException {
        TrustManagerFactory managers =
                TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        managers.init((@Nullable KeyStore) null);
        return managers.getTrustManagers();
    }

    /** All: encryption without any proof who is there, as libpq does without a root certificate. */
    static TrustManager[] unverified() {
        return new TrustManager[] {new Anybody()};
    }

    /**
     * Those signed by one of the authorities; checked against the revocation lists if there are
     * any.
     */
    static TrustManager[] verified(
            List<X509Certificate> authorities, Optional<Path> crl, Optional<Path> crlDirectory)
            throws GeneralSecurityException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try {
            store.load(null, new char[0]);
        } catch (IOException e) {
            throw new IllegalStateException("a key store in memory", e);
        }
        for (int i = 0; i < authorities.size(); i++) {
            store.setCertificateEntry("authority-" + i, authorities.get(i));
        }
        PKIXBuilderParameters parameters = new PKIXBuilderParameters(store, new X509CertSelector());
        List<CRL> revoked = new ArrayList<>();
        if (crl.isPresent()) {
            revoked.addAll(lists("sslcrl", crl.get()));
        }
        if (crlDirectory.isPresent()) {
            revoked.addAll(listsIn(crlDirectory.get()));
        }
        parameters.setRevocationEnabled(!revoked.isEmpty());
        parameters.addCertStore(
                CertStore.getInstance("Collection", new CollectionCertStoreParameters(revoked)));
        TrustManagerFactory managers = TrustManagerFactory.getInstance("PKIX");
        managers.init(new CertPathTrustManagerParameters(parameters));
        return managers.getTrustManagers();
    }

    private static List<CRL> listsIn(Path directory) throws GeneralSecurityException {
        List<CRL> lists = new ArrayList<>();
        try (Stream<Path> files = Files.list(directory)) {
            // the names that "openssl rehash" gives: hash of the authority, r, number
            for (Path file : files.filter(f -> f.toString().matches(".*\\.r\\d+")).toList()) {
                lists.addAll(lists("sslcrldir", file));
            }
        } catch (IOException e) {
            throw new IllegalArgumentException(
                    "sslcrldir: can't read \"" + directory + "\" (" + e + ")", e);
        }
        return lists;
    }

    private static List<CRL> lists(String option, Path file) throws GeneralSecurityException {
        try (InputStream bytes = Files.newInputStream(file)) {
            return List.copyOf(CertificateFactory.getInstance("X.509").generateCRLs(bytes));
        } catch (IOException e) {
            throw new IllegalArgumentException(
                    option + ": can't read \"" + file + "\" (" + e + ")", e);
        }
    }

    private static final class Anybody extends X509ExtendedTrustManager {

        private static final X509Certificate[] NOBODY = {};

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return NOBODY;
        }
    }
}
