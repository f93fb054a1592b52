package io.kumki.agent.config;

import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The {@code restapi} section. Its text shows no secret.
 *
 * @param connectAddress that the others reach this node at
 * @param authentication empty: unsafe requests need no password
 * @param tls empty: plain HTTP
 * @param serverTokens {@code original}, {@code minimal} or {@code productonly}
 */
public record RestSettings(
        HostPort listen,
        HostPort connectAddress,
        Optional<UserPassword> authentication,
        Optional<Tls> tls,
        List<String> allowlist,
        boolean allowlistIncludeMembers,
        SortedMap<String, String> httpExtraHeaders,
        SortedMap<String, String> httpsExtraHeaders,
        String serverTokens,
        Limits limits) {

    public RestSettings {
        allowlist = List.copyOf(allowlist);
        httpExtraHeaders = Collections.unmodifiableSortedMap(new TreeMap<>(httpExtraHeaders));
        httpsExtraHeaders = Collections.unmodifiableSortedMap(new TreeMap<>(httpsExtraHeaders));
    }

    /**
     * @param ciphers names with colons between them, or an OpenSSL cipher string
     * @param verifyClient {@code none}, {@code optional} or {@code required}
     */
    public record Tls(
            Path certfile,
            Optional<Path> keyfile,
            Optional<String> keyfilePassword,
            Optional<Path> cafile,
            Optional<String> ciphers,
            String verifyClient) {

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

    /**
     * @param requestQueueSize 0 to 4096
     * @param threadPoolSize at least 5
     */
    public record Limits(int requestQueueSize, int threadPoolSize) {}
}
