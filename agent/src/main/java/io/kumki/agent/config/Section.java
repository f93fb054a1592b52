package io.kumki.agent.config;

import io.kumki.dcs.cluster.LenientValues;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A mapping of the configuration, read by the types its users mean. A value of another type reads
 * as absent: whether that is a problem was the validator's question.
 */
record Section(Map<String, @Nullable Object> values) {

    static final Section EMPTY = new Section(Map.of());

    /** An empty section for anything but a mapping. */
    static Section of(@Nullable Object value) {
        if (!(value instanceof Map<?, ?> map)) {
            return EMPTY;
        }
        Map<String, @Nullable Object> copy = new LinkedHashMap<>();
        map.forEach((key, item) -> copy.put(String.valueOf(key), item));
        return new Section(Collections.unmodifiableMap(copy));
    }

    /** The value at a path such as {@code restapi.authentication.username}. */
    static @Nullable Object at(Map<String, ?> tree, String path) {
        Object node = tree;
        for (String key : path.split("\\.", -1)) {
            if (!(node instanceof Map<?, ?> map)) {
                return null;
            }
            node = map.get(key);
        }
        return node;
    }

    @Nullable Object get(String key) {
        return values.get(key);
    }

    boolean has(String key) {
        return values.get(key) != null;
    }

    Section section(String key) {
        return of(values.get(key));
    }

    /** A scalar as text; empty text counts as absent. */
    Optional<String> text(String key) {
        return Optional.ofNullable(scalar(values.get(key))).filter(text -> !text.isEmpty());
    }

    Optional<Path> path(String key) {
        return text(key).map(Path::of);
    }

    boolean flag(String key, boolean standard) {
        return LenientValues.bool(values.get(key)).orElse(standard);
    }

    OptionalLong integer(String key) {
        return LenientValues.integer(values.get(key));
    }

    int integer(String key, int standard) {
        return Math.clamp(integer(key).orElse(standard), Integer.MIN_VALUE, Integer.MAX_VALUE);
    }

    /** The list's scalars as text; empty for anything but a list. */
    List<String> texts(String key) {
        return values.get(key) instanceof List<?> list
                ? list.stream().map(Section::scalar).filter(Objects::nonNull).toList()
                : List.of();
    }

    /** The mapping's scalars as text; empty for anything but a mapping. */
    SortedMap<String, String> textMap(String key) {
        SortedMap<String, String> texts = new TreeMap<>();
        section(key)
                .values()
                .forEach((name, value) -> {
                    String text = scalar(value);
                    if (text != null) {
                        texts.put(name, text);
                    }
                });
        return texts;
    }

    /** Text of a scalar, booleans as YAML 1.1 and PostgreSQL write them; null for anything else. */
    static @Nullable String scalar(@Nullable Object value) {
        return switch (value) {
            case String text -> text;
            case Boolean flag -> flag ? "on" : "off";
            case Number number -> number.toString();
            case null, default -> null;
        };
    }
}
