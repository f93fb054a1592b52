package io.kumki.ctl.rest;

import io.kumki.ctl.config.CtlConfig.RestAccess;
import io.kumki.ctl.console.CtlException;
import java.io.IOException;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;

/**
 * How servers are verified and what certificate is shown to them.
 *
 * <p>Ordinarily chain and host name are verified. {@code insecure} verifies nothing, and together
 * with a client certificate everything but the host name.
 */
final class ApiTls {

    private static final char[] NO_PASSWORD = new char[0];

    private ApiTls() {}

    /** Empty if the platform's own settings will do. */
    static Optional<SSLContext> context(RestAccess access) {
        if (!access.insecure() && access.caFile().isEmpty() && access.certFile().isEmpty()) {
            return Optional.empty();
        }
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(keyManagers(access), trustManagers(access), null);
            return Optional.of(context);
        } catch (GeneralSecurityException | IOException e) {
            throw new CtlException(
                    "cannot set up TLS with ctl.cacert %s, ctl.certfile %s, ctl.keyfile %s: %s"
                            .formatted(
                                    access.caFile().orElse("(none)"),
                                    access.certFile().orElse("(none)"),
                                    access.keyFile().orElse("(none)"),
                                    e.getMessage()),
                    e);
        }
    }

    private static KeyManager @Nullable [] keyManagers(RestAccess access)
            throws GeneralSecurityException, IOException {
        if (access.certFile().isEmpty()) {
            return null;
        }
        String certFile = access.certFile().get();
        List<X509Certificate> chain = PemFiles.certificates(certFile);
        PrivateKey key =
                PemFiles.privateKey(access.keyFile().orElse(certFile), access.keyPassword());
        KeyStore store = emptyStore();
        store.setKeyEntry("client", key, NO_PASSWORD, chain.toArray(Certificate[]::new));
        KeyManagerFactory factory =
                KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        factory.init(store, NO_PASSWORD);
        return factory.getKeyManagers();
    }

    private static TrustManager @Nullable [] trustManagers(RestAccess access)
            throws GeneralSecurityException, IOException {
        if (access.insecure() && access.certFile().isEmpty()) {
            return new TrustManager[] {new ChainOnly(null)};
        }
        TrustManagerFactory factory =
                TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(access.caFile().isPresent() ? authorities(access.caFile().get()) : null);
        if (!access.insecure()) {
            return factory.getTrustManagers();
        }
        for (TrustManager manager : factory.getTrustManagers()) {
            if (manager instanceof X509TrustManager x509) {
                return new TrustManager[] {new ChainOnly(x509)};
            }
        }
        throw new GeneralSecurityException("the platform offers no X.509 trust manager");
    }

    private static KeyStore authorities(String file) throws GeneralSecurityException, IOException {
        KeyStore store = emptyStore();
        int number = 0;
        for (X509Certificate certificate : PemFiles.certificates(file)) {
            store.setCertificateEntry("ca" + number++, certificate);
        }
        return store;
    }

    private static KeyStore emptyStore() throws GeneralSecurityException, IOException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        return store;
    }

    /** Verifies the chain by {@code chain}, or nothing without one; never the host name. */
    private static final class ChainOnly extends X509ExtendedTrustManager {

        private final @Nullable X509TrustManager chain;

        ChainOnly(@Nullable X509TrustManager chain) {
            this.chain = chain;
        }

        @Override
        public void checkServerTrusted(X509Certificate[] certificates, String type)
                throws CertificateException {
            if (chain != null) {
                chain.checkServerTrusted(certificates, type);
            }
        }

        @Override
        public void checkServerTrusted(X509Certificate[] certificates, String type, Socket socket)
                throws CertificateException {
            checkServerTrusted(certificates, type);
        }

        @Override
        public void checkServerTrusted(
                X509Certificate[] certificates, String type, SSLEngine engine)
                throws CertificateException {
            checkServerTrusted(certificates, type);
        }

        @Override
        public void checkClientTrusted(X509Certificate[] certificates, String type)
                throws CertificateException {
            throw new CertificateException("this is a client");
        }

        @Override
        public void checkClientTrusted(X509Certificate[] certificates, String type, Socket socket)
                throws CertificateException {
            checkClientTrusted(certificates, type);
        }

        @Override
        public void checkClientTrusted(
                X509Certificate[] certificates, String type, SSLEngine engine)
                throws CertificateException {
            checkClientTrusted(certificates, type);
        }

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return chain == null ? new X509Certificate[0] : chain.getAcceptedIssuers();
        }
    }
}
