package io.kumki.restapi;

import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The effective {@code restapi} section. Immutable; its text shows no secret.
 *
 * @param authentication empty: unsafe requests need no password
 * @param tls empty: plain HTTP
 */
public record RestConfig(
        Listen listen,
        Optional<Credentials> authentication,
        Optional<Tls> tls,
        Allowlist allowlist,
        Appearance appearance,
        Limits limits) {

    /** An address and port with the defaults for everything else. */
    public static RestConfig of(String host, int port) {
        return new RestConfig(
                new Listen(host, port, host + ":" + port),
                Optional.empty(),
                Optional.empty(),
                Allowlist.NONE,
                Appearance.DEFAULT,
                Limits.DEFAULT);
    }

    /** {@code api_url}: what the member publishes. */
    public String advertisedUrl() {
        return (tls.isPresent() ? "https" : "http") + "://" + listen.connectAddress() + "/patroni";
    }

    /**
     * @param host address or name, with or without brackets; empty or {@code *}: all interfaces
     * @param port 0: any free one (tests)
     * @param connectAddress {@code HOST:PORT} that the others reach this node at
     */
    public record Listen(String host, int port, String connectAddress) {}

    /** Name and password for unsafe requests. */
    public record Credentials(String username, String password) {
        @Override
        public String toString() {
            return "Credentials[username=" + username + ", password=***]";
        }
    }

    /**
     * @param certfile PEM, certificate chain, perhaps with the key
     * @param keyfile PEM; empty: the key is in {@code certfile}
     * @param cafile PEM bundle that client certificates are checked against
     * @param ciphers names of cipher suites, separated by colons; empty: the JDK's
     */
    public record Tls(
            Path certfile,
            Optional<Path> keyfile,
            Optional<String> keyfilePassword,
            Optional<Path> cafile,
            List<String> ciphers,
            VerifyClient verifyClient) {

        public Tls {
            ciphers = List.copyOf(ciphers);
        }

        @Override
        public String toString() {
            return "Tls[certfile="
                    + certfile
                    + ", keyfile="
                    + keyfile
                    + ", keyfilePassword=***, cafile="
                    + cafile
                    + ", ciphers="
                    + ciphers
                    + ", verifyClient="
                    + verifyClient
                    + "]";
        }
    }

    /** Whether clients must show a certificate. */
    public enum VerifyClient {
        NONE,
        /** Asked for; unsafe requests need one. */
        OPTIONAL,
        /** No handshake without. */
        REQUIRED
    }

    /**
     * Who may send unsafe requests.
     *
     * @param entries networks in CIDR notation, addresses, host names
     * @param includeMembers also the hosts of all members' REST addresses
     */
    public record Allowlist(List<String> entries, boolean includeMembers) {
        public static final Allowlist NONE = new Allowlist(List.of(), false);

        public Allowlist {
            entries = List.copyOf(entries);
        }
    }

    /**
     * How answers look. A header that can't be sent is refused with a message that names it.
     *
     * @param httpHeaders added to every document
     * @param httpsHeaders added too when TLS is on; they win over {@code httpHeaders}
     */
    public record Appearance(
            SortedMap<String, String> httpHeaders,
            SortedMap<String, String> httpsHeaders,
            ServerTokens serverTokens) {

        public static final Appearance DEFAULT =
                new Appearance(new TreeMap<>(), new TreeMap<>(), ServerTokens.ORIGINAL);

        public Appearance {
            httpHeaders = checked("http_extra_headers", httpHeaders);
            httpsHeaders = checked("https_extra_headers", httpsHeaders);
        }

        private static SortedMap<String, String> checked(
                String key, SortedMap<String, String> headers) {
            for (Map.Entry<String, String> header : headers.entrySet()) {
                if (!header.getKey().matches("[!#$%&'*+.^_`|~0-9A-Za-z-]+")
                        || !header.getValue().matches("[\\t\\x20-\\x7E\\x80-\\xFF]*")) {
                    throw new IllegalArgumentException(
                            "restapi."
                                    + key
                                    + ": \""
                                    + header.getKey()
                                    + "\" can't be sent as an HTTP header: its name must be a"
                                    + " token, its value one line of Latin-1 text");
                }
            }
            return Collections.unmodifiableSortedMap(new TreeMap<>(headers));
        }
    }

    /** What the {@code Server} header tells. */
    public enum ServerTokens {
        ORIGINAL,
        MINIMAL,
        PRODUCTONLY
    }

    /**
     * How many requests that need the store or the server may be under way: the sum of both. Probes
     * never wait and aren't counted.
     *
     * @param requestQueueSize 0 to 4096
     * @param threadPoolSize at least 5
     */
    public record Limits(int requestQueueSize, int threadPoolSize) {
        public static final Limits DEFAULT = new Limits(5, 5);

        int inProgress() {
            return requestQueueSize + threadPoolSize;
        }
    }

    public RestConfig withListen(Listen other) {
        return new RestConfig(other, authentication, tls, allowlist, appearance, limits);
    }

    public RestConfig withAuthentication(Credentials other) {
        return new RestConfig(listen, Optional.of(other), tls, allowlist, appearance, limits);
    }

    public RestConfig withTls(Tls other) {
        return new RestConfig(
                listen, authentication, Optional.of(other), allowlist, appearance, limits);
    }

    public RestConfig withAllowlist(Allowlist other) {
        return new RestConfig(listen, authentication, tls, other, appearance, limits);
    }

    public RestConfig withAppearance(Appearance other) {
        return new RestConfig(listen, authentication, tls, allowlist, other, limits);
    }
}
