package io.kumki.agent.postgres;

import java.util.LinkedHashMap;
import java.util.Map;

/** Reads a connection string of libpq from left to right. */
final class ConnInfoParser {

    private final String text;
    private int at;

    ConnInfoParser(String text) {
        this.text = text;
    }

    ConnInfo parse() {
        Map<String, String> values = new LinkedHashMap<>();
        for (skipBlanks(); at < text.length(); skipBlanks()) {
            String key = key();
            skipBlanks();
            values.put(key, at < text.length() && text.charAt(at) == '\'' ? quoted() : plain());
        }
        return new ConnInfo(values);
    }

    private String key() {
        int start = at;
        while (at < text.length() && text.charAt(at) != '=' && !blank()) {
            at++;
        }
        String key = text.substring(start, at);
        skipBlanks();
        if (at >= text.length() || text.charAt(at) != '=' || key.isEmpty()) {
            throw new IllegalArgumentException(
                    "connection string: no \"=\" after the key at character " + start);
        }
        at++;
        return key;
    }

    private String plain() {
        StringBuilder value = new StringBuilder();
        while (at < text.length() && !blank()) {
            value.append(escaped());
        }
        return value.toString();
    }

    private String quoted() {
        int start = at++;
        StringBuilder value = new StringBuilder();
        while (at < text.length() && text.charAt(at) != '\'') {
            value.append(escaped());
        }
        if (at >= text.length()) {
            throw new IllegalArgumentException(
                    "connection string: the quote at character " + start + " isn't closed");
        }
        at++;
        return value.toString();
    }

    private char escaped() {
        if (text.charAt(at) == '\\' && at + 1 < text.length()) {
            at++;
        }
        return text.charAt(at++);
    }

    private boolean blank() {
        return Character.isWhitespace(text.charAt(at));
    }

    private void skipBlanks() {
        while (at < text.length() && blank()) {
            at++;
        }
    }
}
