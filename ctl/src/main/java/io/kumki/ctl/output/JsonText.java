package io.kumki.ctl.output;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes JSON in one line with a blank after {@code ,} and {@code :}, ASCII only, as scripts that
 * match texts expect it.
 */
public final class JsonText {

    private JsonText() {}

    /** The value of nested maps, lists, texts, numbers, booleans and nulls. */
    public static String write(@Nullable Object value) {
        StringBuilder text = new StringBuilder();
        write(value, text);
        return text.toString();
    }

    private static void write(@Nullable Object value, StringBuilder text) {
        switch (value) {
            case null -> text.append("null");
            case Boolean flag -> text.append(flag);
            case Number number -> text.append(number);
            case Map<?, ?> map -> writeMap(map, text);
            case List<?> list -> writeList(list, text);
            default -> writeString(value.toString(), text);
        }
    }

    private static void writeMap(Map<?, ?> map, StringBuilder text) {
        text.append('{');
        String separator = "";
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            text.append(separator);
            writeString(String.valueOf(entry.getKey()), text);
            text.append(": ");
            write(entry.getValue(), text);
            separator = ", ";
        }
        text.append('}');
    }

    private static void writeList(List<?> list, StringBuilder text) {
        text.append('[');
        String separator = "";
        for (Object item : list) {
            text.append(separator);
            write(item, text);
            separator = ", ";
        }
        text.append(']');
    }

    private static void writeString(String value, StringBuilder text) {
        text.append('"');
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            switch (c) {
                case '"' -> text.append("\\\"");
                case '\\' -> text.append("\\\\");
                case '\n' -> text.append("\\n");
                case '\r' -> text.append("\\r");
                case '\t' -> text.append("\\t");
                case '\b' -> text.append("\\b");
                case '\f' -> text.append("\\f");
                default -> {
                    if (c < ' ' || c > '~') {
                        text.append("\\u");
                        text.append("%04x".formatted((int) c));
                    } else {
                        text.append(c);
                    }
                }
            }
        }
        text.append('"');
    }
}
