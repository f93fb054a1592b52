package io.kumki.dcs.etcd;

import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * How to reach etcd.
 *
 * @param endpoints one or more, {@code http://HOST:PORT} or {@code https://HOST:PORT}; tried in
 *     this order at first
 * @param credentials user and password, if etcd asks for them
 * @param tls certificates; used for {@code https} endpoints
 * @param discoverMembers whether to use the client URLs that etcd's members advertise as well
 */
public record EtcdConfig(
        List<URI> endpoints, Optional<Credentials> credentials, Tls tls, boolean discoverMembers) {

    public static final int DEFAULT_PORT = 2379;

    public EtcdConfig {
        endpoints = List.copyOf(endpoints);
        if (endpoints.isEmpty()) {
            throw new IllegalArgumentException("etcd needs at least one endpoint");
        }
        for (URI endpoint : endpoints) {
            if (!isEndpoint(endpoint)) {
                throw new IllegalArgumentException(
                        "etcd endpoint \"" + endpoint + "\" must be http(s)://HOST:PORT");
            }
        }
    }

    /** Plain endpoints without user and TLS, members discovered. */
    public static EtcdConfig of(List<URI> endpoints) {
        return new EtcdConfig(endpoints, Optional.empty(), Tls.NONE, true);
    }

    static boolean isEndpoint(URI uri) {
        boolean scheme = "http".equals(uri.getScheme()) || "https".equals(uri.getScheme());
        return scheme && uri.getHost() != null && uri.getUserInfo() == null;
    }

    /** etcd's user; the password never appears in texts. */
    public record Credentials(String username, String password) {
        @Override
        public String toString() {
            return "Credentials[username=" + username + ", password=***]";
        }
    }

    /**
     * Files in PEM form.
     *
     * @param caCert who may have signed the server's certificate; without it the server isn't
     *     verified (as the wire contract has it), which is logged as a warning
     * @param cert our certificate, if etcd asks for one
     * @param key its key (PKCS#8, PKCS#1 or SEC 1); without it the key is looked for in {@code
     *     cert}
     */
    public record Tls(Optional<Path> caCert, Optional<Path> cert, Optional<Path> key) {
        public static final Tls NONE =
                new Tls(Optional.empty(), Optional.empty(), Optional.empty());
    }
}
