package io.kumki.restapi;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A request as pollers send it by the thousand: {@code GET} of a health check, of {@code /patroni}
 * or of {@code /metrics}, without a query, a body, or a header that asks for more than an answer.
 *
 * @param accept the header of that name, empty without
 */
record ProbeRequest(String path, String accept) {

    private static final Set<String> PATHS =
            Stream.concat(Probes.CHECKS.stream(), Stream.of("/patroni", "/metrics"))
                    .collect(Collectors.toUnmodifiableSet());

    /** Headers that change nothing in the answer, but for {@code Accept}. */
    private static final Set<String> HEADERS =
            Set.of(
                    "accept",
                    "accept-encoding",
                    "accept-language",
                    "authorization",
                    "cache-control",
                    "connection",
                    "host",
                    "pragma",
                    "user-agent",
                    "x-forwarded-for",
                    "x-forwarded-proto",
                    "x-prometheus-scrape-timeout-seconds");

    private static final Pattern FIRST = Pattern.compile("GET (/[a-z_-]*) HTTP/1\\.1");
    private static final Pattern HEADER = Pattern.compile("([A-Za-z-]{1,40}):[ ]?([\\x20-\\x7E]*)");
    private static final Pattern HOST = Pattern.compile("[A-Za-z0-9._:\\[\\]-]+");

    /**
     * @param bytes all that was received
     * @return empty if it isn't exactly one such request, or if there is any doubt: such a request
     *     is read by those who know all of HTTP
     */
    static Optional<ProbeRequest> recognize(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        if (!text.endsWith("\r\n\r\n")) {
            return Optional.empty();
        }
        String[] lines = text.substring(0, text.length() - 4).split("\r\n", -1);
        Matcher first = FIRST.matcher(lines[0]);
        if (!first.matches() || !PATHS.contains(first.group(1))) {
            return Optional.empty();
        }
        Map<String, String> headers = new HashMap<>();
        for (int i = 1; i < lines.length; i++) {
            Matcher header = HEADER.matcher(lines[i]);
            if (!header.matches()) {
                return Optional.empty();
            }
            String name = header.group(1).toLowerCase(Locale.ROOT);
            if (!HEADERS.contains(name) || headers.put(name, header.group(2)) != null) {
                return Optional.empty();
            }
        }
        boolean stays = headers.getOrDefault("connection", "keep-alive").equals("keep-alive");
        boolean named = HOST.matcher(headers.getOrDefault("host", "")).matches();
        return stays && named
                ? Optional.of(new ProbeRequest(first.group(1), headers.getOrDefault("accept", "")))
                : Optional.empty();
    }
}
