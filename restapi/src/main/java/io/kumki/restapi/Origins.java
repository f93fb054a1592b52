package io.kumki.restapi;

import io.vertx.core.http.HttpServerRequest;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Keeps pages of other sites from sending unsafe requests by the browser of somebody who may.
 *
 * <p>A browser adds name and password that it knows, and may stand in an allowed network, whoever
 * wrote the page. But it says where the page is from: in {@code Sec-Fetch-Site} (over https and on
 * localhost), and in {@code Origin} with every unsafe request. Programs send neither, and are let
 * by.
 */
final class Origins {

    /** What the dashboard sends with its requests. Pages of other sites can't: it takes CORS. */
    static final String OWN_PAGE_HEADER = "X-Requested-With";

    static final String OWN_PAGE = "kumki-ui";

    private Origins() {}

    /** The refusal, if a page of another site sent this. */
    static Optional<Answer> check(HttpServerRequest request) {
        String site = request.getHeader("Sec-Fetch-Site");
        String origin = request.getHeader("Origin");
        boolean foreign =
                site == null
                        ? origin != null && !sameAuthority(origin, request.getHeader("Host"))
                        : !site.equals("same-origin") && !site.equals("none");
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
