package io.kumki.restapi;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The query string of a request, read as form data: of a repeated parameter the first value counts,
 * one without value counts as absent.
 */
record Query(Map<String, String> parameters) {

    static final Query NONE = new Query(Map.of());

    /** More parameters than any probe has are not looked at. */
    private static final int MAX_PARAMETERS = 50;

    static Query parse(String text) {
        if (text.isEmpty()) {
            return NONE;
        }
        Map<String, String> parameters = new LinkedHashMap<>();
        for (String pair : text.split("&", MAX_PARAMETERS)) {
            int equals = pair.indexOf('=');
            if (equals > 0 && equals < pair.length() - 1) {
                parameters.putIfAbsent(
                        decode(pair.substring(0, equals)), decode(pair.substring(equals + 1)));
            }
        }
        return new Query(parameters);
    }

    /** Whether a query has a parameter of that name, with or without a value. */
    static boolean names(String text, String name) {
        for (String pair : text.split("&", MAX_PARAMETERS)) {
            int equals = pair.indexOf('=');
            if (decode(equals < 0 ? pair : pair.substring(0, equals)).equals(name)) {
                return true;
            }
        }
        return false;
    }

    Optional<String> get(String name) {
        return Optional.ofNullable(parameters.get(name));
    }

    private static String decode(String text) {
        if (text.indexOf('%') < 0 && text.indexOf('+') < 0) {
            return text;
        }
        try {
            return URLDecoder.decode(text, StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            return text; // a lone percent sign stands for itself
        }
    }
}
