package io.kumki.restapi;

import org.jspecify.annotations.Nullable;

/** What strangers send, made fit for a log line: one line, printable, short. */
final class LogText {

    private static final int LIMIT = 200;

    private LogText() {}

    /** Also what turns the writing direction or is invisible would make a line look another. */
    private static boolean printable(char c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR ->
                    false;
            default -> true;
        };
    }

    /** Whether a text can be written as it is. */
    static boolean printable(String text) {
        return text.chars().allMatch(c -> printable((char) c));
    }

    static String of(@Nullable Object value) {
        if (value == null) {
            return "";
        }
        String text = value.toString();
        StringBuilder shown = new StringBuilder();
        for (int i = 0; i < text.length() && i < LIMIT; i++) {
            char c = text.charAt(i);
            if (!printable(c)) {
                shown.append(String.format("\\u%04x", (int) c));
            } else {
                shown.append(c);
            }
        }
        return text.length() > LIMIT ? shown + "…" : shown.toString();
    }
}
