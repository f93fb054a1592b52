package io.kumki.restapi;

import org.jspecify.annotations.Nullable;

/** What strangers send, made fit for a log line: one line, printable, short. */
final class LogText {

    private static final int LIMIT = 200;

    private LogText() {}

    static String of(@Nullable Object value) {
        if (value == null) {
            return "";
        }
        String text = value.toString();
        StringBuilder shown = new StringBuilder();
        for (int i = 0; i < text.length() && i < LIMIT; i++) {
            char c = text.charAt(i);
            if (c < ' ' || (c >= 0x7F && c < 0xA0) || c == '\u2028' || c == '\u2029') {
                shown.append(String.format("\\u%04x", (int) c));
            } else {
                shown.append(c);
            }
        }
        return text.length() > LIMIT ? shown + "…" : shown.toString();
    }
}
