package io.kumki.restapi;

import io.vertx.core.http.HttpServerRequest;
import java.net.InetAddress;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Keeps pages of other sites from sending unsafe requests by the browser of somebody who may.
 *
 * <p>A browser adds name and password that it knows, and may stand in an allowed network, whoever
 * wrote the page. But it says where the page is from: in {@code Sec-Fetch-Site} (over https and on
 * localhost), and in {@code Origin} with every unsafe request. Programs send neither, and are let
 * by.
 *
 * <p>A page can also have its own name point at this member, so that the browser takes both for one
 * site. Such a name isn't ours: a browser must have asked for an address, for localhost, or for a
 * host that the configuration names.
 */
final class Origins {

    /** What the dashboard sends with its requests. Pages of other sites can't: it takes CORS. */
    static final String OWN_PAGE_HEADER = "X-Requested-With";

    static final String OWN_PAGE = "kumki-ui";

    private Origins() {}

    /** The refusal, if a page of another site sent this. */
    static Optional<Answer> check(HttpServerRequest request, RestConfig config) {
        String host = request.getHeader("Host");
        String site = request.getHeader("Sec-Fetch-Site");
        String origin = request.getHeader("Origin");
        boolean foreign =
                site == null
                        ? origin != null && !sameAuthority(origin, host)
                        : !site.equals("same-origin") && !site.equals("none");
        if (!foreign && (origin != null || site != null) && !ours(host, config)) {
            return Optional.of(
                    Answer.text(
                            403,
                            "this member is not known as "
                                    + Answer.shown(String.valueOf(host))
                                    + ": use its address or restapi.connect_address, or put the name"
                                    + " into restapi.allowlist"));
        }
        return foreign
                ? Optional.of(
                        Answer.text(
                                403,
                                "a page of another site ("
                                        + Answer.shown(
                                                origin == null ? String.valueOf(site) : origin)
                                        + ") may not change anything here; use /ui of this member,"
                                        + " or kumkictl"))
                : Optional.empty();
    }

    /**
     * Whether a {@code Host} header names this member, and not whatever somebody made point here.
     */
    static boolean ours(@Nullable String header, RestConfig config) {
        if (header == null) {
            return false;
        }
        String host = withoutPort(header).toLowerCase(Locale.ROOT);
        return host.equals("localhost")
                || isAddress(host)
                || Stream.concat(
                                Stream.of(
                                        config.listen().host(),
                                        withoutPort(config.listen().connectAddress())),
                                config.allowlist().entries().stream())
                        .anyMatch(host::equalsIgnoreCase);
    }

    private static boolean isAddress(String host) {
        try {
            return InetAddress.ofLiteral(host).getAddress().length > 0;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    /** Without port and brackets. */
    static String withoutPort(String authority) {
        if (authority.startsWith("[")) {
            int end = authority.indexOf(']');
            return end < 0 ? authority : authority.substring(1, end);
        }
        int colon = authority.indexOf(':');
        // more than one: an IPv6 address as people write it
        return colon < 0 || authority.indexOf(':', colon + 1) >= 0
                ? authority
                : authority.substring(0, colon);
    }

    /** Whether the request comes from the page that this API serves. */
    static boolean ownPage(HttpServerRequest request) {
        return OWN_PAGE.equals(request.getHeader(OWN_PAGE_HEADER));
    }

    /** The scheme may differ: where a proxy ends TLS it isn't ours. */
    static boolean sameAuthority(String origin, @Nullable String host) {
        int authority = origin.indexOf("://");
        if (host == null || authority < 0) {
            return false; // "null" too: a sandboxed frame, a file, a page that hides where it's
            // from
        }
        String defaultPort = origin.startsWith("https:") ? ":443" : ":80";
        return without(defaultPort, origin.substring(authority + 3))
                .equals(without(defaultPort, host));
    }

    private static String without(String defaultPort, String authority) {
        String lower = authority.toLowerCase(Locale.ROOT);
        return lower.endsWith(defaultPort)
                ? lower.substring(0, lower.length() - defaultPort.length())
                : lower;
    }
}
