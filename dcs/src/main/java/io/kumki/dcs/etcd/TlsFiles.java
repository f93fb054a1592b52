package io.kumki.dcs.etcd;

import io.grpc.netty.GrpcSslContexts;
import io.kumki.dcs.etcd.EtcdConfig.Tls;
import io.kumki.dcs.tls.Pem;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Turns the configured PEM files into a TLS context; names the file that can't be used. */
final class TlsFiles {

    private static final Logger LOG = LoggerFactory.getLogger(TlsFiles.class);

    private TlsFiles() {}

    static SslContext sslContext(Tls tls) {
        SslContextBuilder builder =
                GrpcSslContexts.configure(SslContextBuilder.forClient(), SslProvider.JDK);
        if (tls.caCert().isPresent()) {
            builder.trustManager(certificates(tls.caCert().get()));
        } else {
            LOG.atWarn()
                    .log(
                            "etcd's certificate is not verified: set etcd3.cacert to the file of"
                                    + " the authority that signed it");
            builder.trustManager(InsecureTrustManagerFactory.INSTANCE);
        }
        if (tls.cert().isPresent()) {
            Path cert = tls.cert().get();
            builder.keyManager(key(tls.key().orElse(cert)), certificates(cert));
        }
        try {
            return builder.build();
        } catch (IOException e) {
            throw new IllegalArgumentException("cannot set up TLS for etcd: " + e.getMessage(), e);
        }
    }

    private static X509Certificate[] certificates(Path file) {
        try {
            // only the certificates: the key may stand in the same file
            List<X509Certificate> certificates = Pem.certificates(read(file));
            if (certificates.isEmpty()) {
                throw new IllegalArgumentException(
                        "etcd TLS file " + file + " holds no certificate");
            }
            return certificates.toArray(X509Certificate[]::new);
        } catch (GeneralSecurityException e) {
            throw new IllegalArgumentException(
                    "etcd TLS file " + file + " holds no readable certificate: " + e.getMessage(),
                    e);
        }
    }

    private static PrivateKey key(Path file) {
        try {
            return Pem.privateKey(read(file), Optional.empty());
        } catch (GeneralSecurityException e) {
            throw new IllegalArgumentException(
                    "etcd TLS file " + file + " holds no usable private key: " + e.getMessage(), e);
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file, StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            throw new IllegalArgumentException("cannot read the etcd TLS file " + file, e);
        }
    }
}
