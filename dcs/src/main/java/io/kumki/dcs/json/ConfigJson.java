package io.kumki.dcs.json;

import io.kumki.dcs.cluster.DynamicConfig;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** {@code config} (contract {@code dcs.md} 4.2): everything in it is kept. */
public final class ConfigJson {

    private ConfigJson() {}

    public static String write(Map<String, ?> values) {
        return JsonText.write(values);
    }

    /** Reads the configuration; empty unless it is a JSON object with at least one entry. */
    public static Parsed<Optional<DynamicConfig>> read(String text, long modRevision) {
        try {
            if (!(JsonText.parse(text) instanceof Map<?, ?> object)) {
                return Parsed.poor(Optional.empty(), "not a JSON object: " + Fields.quoted(text));
            }
            if (object.isEmpty()) {
                return Parsed.fine(Optional.empty());
            }
            Map<String, @Nullable Object> values = new LinkedHashMap<>();
            object.forEach((key, value) -> values.put(String.valueOf(key), value));
            return Parsed.fine(Optional.of(config(values, modRevision)));
        } catch (IllegalArgumentException notJson) {
            return Parsed.poor(Optional.empty(), notJson.getMessage() + ": " + Fields.quoted(text));
        }
    }

    @SuppressWarnings("NullAway") // the record's values may be null, which its type doesn't say
    private static DynamicConfig config(Map<String, @Nullable Object> values, long modRevision) {
        return new DynamicConfig(values, modRevision);
    }
}
