package io.kumki.agent.config;

import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Pattern;

/**
 * A host and a port.
 *
 * @param host name or address, IPv6 without brackets
 * @param port 1 to 65535
 */
public record HostPort(String host, int port) {

    private static final Pattern HOST = Pattern.compile("[^\\s\\[\\]/@]+");

    /** {@code HOST:PORT}, IPv6 addresses in brackets. */
    @Override
    public String toString() {
        return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
    }

    /** Reads {@code HOST:PORT}; empty if that isn't its form. */
    public static Optional<HostPort> parse(String text) {
        Split split = split(text.strip());
        return split.port().isEmpty() ? Optional.empty() : of(split, split.port().getAsInt());
    }

    /** Reads {@code HOST:PORT} or {@code HOST}. */
    public static Optional<HostPort> parse(String text, int standardPort) {
        Split split = split(text.strip());
        return of(split, split.port().orElse(standardPort));
    }

    private static Optional<HostPort> of(Split split, int port) {
        return HOST.matcher(split.host()).matches() && port > 0 && port < 65_536
                ? Optional.of(new HostPort(split.host(), port))
                : Optional.empty();
    }

    /** Several hosts with one port, as {@code postgresql.listen} has them. */
    record Split(String host, OptionalInt port) {}

    /**
     * Divides at the last colon, unless the whole is an IPv6 address without port. A port that is
     * no number is -1, an absent one empty.
     */
    static Split split(String text) {
        int colon = text.lastIndexOf(':');
        if (colon < 0) {
            return new Split(bare(text), OptionalInt.empty());
        }
        String head = text.substring(0, colon);
        String last = head.substring(head.lastIndexOf(',') + 1);
        boolean headIsWhole =
                !last.contains(":") || isIpv6(last) || last.startsWith("[") && last.endsWith("]");
        if (!headIsWhole && (isIpv6(text) || text.endsWith("]"))) {
            return new Split(bare(text), OptionalInt.empty());
        }
        String port = text.substring(colon + 1);
        return new Split(
                bare(head),
                OptionalInt.of(port.matches("[0-9]{1,5}") ? Integer.parseInt(port) : -1));
    }

    static String bare(String host) {
        return host.startsWith("[") && host.endsWith("]") && host.length() > 2
                ? host.substring(1, host.length() - 1)
                : host;
    }

    /** Whether the text has the form of an IPv6 address without brackets; asks no resolver. */
    static boolean isIpv6(String text) {
        String address = text.contains("%") ? text.substring(0, text.indexOf('%')) : text;
        if (!address.matches("[0-9A-Fa-f:.]{2,45}") || address.contains(":::")) {
            return false;
        }
        int shortened = address.indexOf("::");
        if (shortened >= 0 && address.indexOf("::", shortened + 1) >= 0) {
            return false;
        }
        if (address.startsWith(":") && !address.startsWith("::")
                || address.endsWith(":") && !address.endsWith("::")) {
            return false;
        }
        int groups = 0;
        for (String group : address.split(":", -1)) {
            if (group.contains(".")) {
                groups += 2;
            } else if (group.length() > 4) {
                return false;
            } else if (!group.isEmpty()) {
                groups++;
            }
        }
        return shortened >= 0 ? groups < 8 : groups == 8;
    }
}
