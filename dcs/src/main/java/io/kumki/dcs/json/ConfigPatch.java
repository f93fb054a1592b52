package io.kumki.dcs.json;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Changes to the dynamic configuration as {@code PATCH /config} and {@code kumkictl edit-config}
 * make them.
 *
 * <p>Objects are merged level by level, {@code null} removes an entry that exists, anything else
 * replaces it if the <em>text</em> differs: {@code "5"} and {@code 5} are the same, and the stored
 * type stays. An object that replaces a scalar, or is new, is stored as given, nulls included. All
 * of this is the wire contract, odd parts too.
 */
public final class ConfigPatch {

    private ConfigPatch() {}

    /**
     * The configuration after the patch; neither argument is changed.
     *
     * @param current nested maps, lists and scalars
     * @param patch the same, with nulls for what is to go
     */
    public static Map<String, @Nullable Object> apply(
            Map<String, ? extends @Nullable Object> current,
            Map<String, ? extends @Nullable Object> patch) {
        Map<String, @Nullable Object> merged = new LinkedHashMap<>(current);
        patch.forEach((key, value) -> applyEntry(merged, key, value));
        return merged;
    }

    private static void applyEntry(
            Map<String, @Nullable Object> merged, String key, @Nullable Object value) {
        Object old = merged.get(key);
        if (value == null) {
            merged.remove(key);
        } else if (value instanceof Map<?, ?> object && old instanceof Map<?, ?> oldObject) {
            merged.put(key, apply(byName(oldObject), byName(object)));
        } else if (old == null
                || old instanceof Map
                || value instanceof Map
                || !sameText(old, value)) {
            merged.put(key, value);
        }
    }

    /**
     * Whether two configurations have the same keys at every level and leaves of the same text;
     * then none needs to be written over the other.
     */
    public static boolean same(@Nullable Object a, @Nullable Object b) {
        if (a instanceof Map<?, ?> left && b instanceof Map<?, ?> right) {
            return left.keySet().equals(right.keySet())
                    && left.entrySet().stream()
                            .allMatch(entry -> same(entry.getValue(), right.get(entry.getKey())));
        }
        return !(a instanceof Map) && !(b instanceof Map) && sameText(a, b);
    }

    private static boolean sameText(@Nullable Object a, @Nullable Object b) {
        return text(a).equals(text(b));
    }

    /**
     * A leaf's text: a string is its own; inside a list it is quoted, so it differs from a number.
     */
    private static String text(@Nullable Object value) {
        return value instanceof String string ? string : quoted(value);
    }

    private static String quoted(@Nullable Object value) {
        return switch (value) {
            case null -> "None";
            case Boolean flag -> flag ? "True" : "False";
            case String string -> "'" + string + "'";
            case List<?> list ->
                    list.stream()
                            .map(ConfigPatch::quoted)
                            .collect(Collectors.joining(", ", "[", "]"));
            case Map<?, ?> map ->
                    map.entrySet().stream()
                            .map(entry -> quoted(entry.getKey()) + ": " + quoted(entry.getValue()))
                            .collect(Collectors.joining(", ", "{", "}"));
            default -> value.toString();
        };
    }

    private static Map<String, @Nullable Object> byName(Map<?, ?> map) {
        Map<String, @Nullable Object> named = new LinkedHashMap<>();
        map.forEach((key, value) -> named.put(Objects.toString(key), value));
        return named;
    }
}
