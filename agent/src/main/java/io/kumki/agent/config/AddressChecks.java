package io.kumki.agent.config;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The strict checks of addresses: can we listen there, can others reach us, does etcd answer. */
final class AddressChecks {

    private static final Set<String> NOT_REACHABLE_BY_OTHERS =
            Set.of("127.0.0.1", "0.0.0.0", "*", "::1", "localhost");

    private final Surroundings surroundings;
    private final boolean ignoreListenPort;

    AddressChecks(Surroundings surroundings, boolean ignoreListenPort) {
        this.surroundings = surroundings;
        this.ignoreListenPort = ignoreListenPort;
    }

    /**
     * What is wrong with listening at {@code HOST:PORT}.
     *
     * @param severalHosts whether commas may stand between hosts
     */
    List<String> listen(String text, boolean severalHosts) {
        HostPort.Split split = HostPort.split(text.strip());
        int port = split.port().orElse(-1);
        List<String> hosts =
                severalHosts
                        ? Arrays.stream(split.host().split(",", -1)).map(String::strip).toList()
                        : List.of(split.host());
        if (hosts.contains("*") && hosts.size() > 1) {
            return List.of("expecting '*' alone");
        }
        List<String> reasons = new ArrayList<>();
        for (String host : hosts) {
            String bare = HostPort.bare(host);
            Optional<HostPort> address =
                    port < 1 || port > 65_535
                            ? Optional.empty()
                            : HostPort.parse(bare.equals("*") ? "localhost" : bare, port)
                                    .filter(parsed -> parsed.port() == port);
            if (address.isEmpty()) {
                return List.of("contains a wrong value");
            }
            if (!ignoreListenPort && reasons.isEmpty() && surroundings.answers(address.get())) {
                reasons.add("Port " + port + " is already in use.");
            }
        }
        return reasons;
    }

    /** Whether the text has the form of a network, an address or a host name. */
    static boolean network(String entry) {
        int slash = entry.indexOf('/');
        if (slash < 0) {
            return entry.matches("[^\\s\\[\\]/@,]+");
        }
        try {
            int bits = Integer.parseInt(entry.substring(slash + 1));
            int most = 8 * InetAddress.ofLiteral(entry.substring(0, slash)).getAddress().length;
            return bits >= 0 && bits <= most;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    /** What is wrong with telling others this address. */
    static List<String> connect(String text) {
        HostPort.Split split = HostPort.split(text.strip());
        if (split.host().isEmpty()
                || split.port().orElse(1) < 1
                || split.port().orElse(1) > 65_535) {
            return List.of("contains a wrong value");
        }
        return NOT_REACHABLE_BY_OTHERS.contains(split.host())
                ? List.of(
                        "must not contain \"127.0.0.1\", \"0.0.0.0\", \"*\", \"::1\", \"localhost\"")
                : List.of();
    }

    /** What is wrong with calling this address. */
    List<String> reach(@Nullable Object value, int standardPort) {
        Optional<HostPort> address =
                value instanceof String text
                        ? HostPort.parse(text, standardPort)
                        : Optional.empty();
        if (address.isEmpty()) {
            return List.of("contains a wrong value");
        }
        return surroundings.answers(address.get())
                ? List.of()
                : List.of(address.get() + " is not reachable");
    }
}
