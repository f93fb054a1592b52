package io.kumki.dcs.json;

import io.kumki.dcs.cluster.ClusterStatus;
import io.kumki.dcs.cluster.Lsn;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** {@code status}, and the older {@code optime/leader} (contract {@code dcs.md} 4.5). */
public final class StatusJson {

    private StatusJson() {}

    public static String write(ClusterStatus status) {
        return JsonText.write(tree(status));
    }

    /** The key as tree, to compare it with what is stored ({@link ConfigPatch#same}). */
    public static Map<String, @Nullable Object> tree(ClusterStatus status) {
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        status.leaderLsn().ifPresent(lsn -> fields.put("optime", lsn.bytes()));
        if (!status.slots().isEmpty()) {
            Map<String, @Nullable Object> slots = new LinkedHashMap<>();
            status.slots().forEach((slot, lsn) -> slots.put(slot, lsn.bytes()));
            fields.put("slots", slots);
        }
        if (!status.retainSlots().isEmpty()) {
            fields.put("retain_slots", status.retainSlots());
        }
        return fields;
    }

    /** Reads {@code status}; a bare integer is the position alone. */
    public static Parsed<ClusterStatus> read(String text) {
        try {
            return switch (JsonText.parse(text)) {
                case Map<?, ?> object -> read(new Fields(object, new ArrayList<>()));
                case Object other when Fields.integerOf(other).orElse(-1) >= 0 ->
                        Parsed.fine(positionOnly(Fields.integerOf(other).getAsLong()));
                case null, default ->
                        Parsed.poor(
                                ClusterStatus.NONE, "not a JSON object: " + Fields.quoted(text));
            };
        } catch (IllegalArgumentException notJson) {
            return Parsed.poor(
                    ClusterStatus.NONE, notJson.getMessage() + ": " + Fields.quoted(text));
        }
    }

    /** Reads {@code optime/leader}, a decimal number. */
    public static Parsed<ClusterStatus> readPosition(String text) {
        OptionalLong bytes = Fields.integerOf(text);
        return bytes.orElse(-1) >= 0
                ? Parsed.fine(positionOnly(bytes.getAsLong()))
                : Parsed.poor(ClusterStatus.NONE, "not a position: " + Fields.quoted(text));
    }

    private static ClusterStatus positionOnly(long bytes) {
        return new ClusterStatus(Optional.of(new Lsn(bytes)), new TreeMap<>(), List.of());
    }

    private static Parsed<ClusterStatus> read(Fields fields) {
        return new Parsed<>(
                new ClusterStatus(fields.lsn("optime"), slots(fields), retainSlots(fields)),
                fields.problems());
    }

    private static SortedMap<String, Lsn> slots(Fields fields) {
        SortedMap<String, Lsn> slots = new TreeMap<>();
        switch (unfolded(fields, "slots")) {
            case null -> {}
            case Map<?, ?> map -> {
                Fields positions = new Fields(map, fields.problems());
                for (Object slot : map.keySet()) {
                    String name = String.valueOf(slot);
                    positions.lsn(name).ifPresent(lsn -> slots.put(name, lsn));
                }
            }
            case Object other -> fields.wrong("slots", "an object", other);
        }
        return slots;
    }

    private static List<String> retainSlots(Fields fields) {
        return switch (unfolded(fields, "retain_slots")) {
            case null -> List.of();
            case List<?> list ->
                    list.stream().filter(String.class::isInstance).map(String.class::cast).toList();
            case Object other -> {
                fields.wrong("retain_slots", "an array", other);
                yield List.of();
            }
        };
    }

    /** The field's value; JSON text inside a text is parsed once more. */
    private static @Nullable Object unfolded(Fields fields, String name) {
        Object value = fields.object().get(name);
        if (!(value instanceof String text)) {
            return value;
        }
        try {
            return JsonText.parse(text);
        } catch (IllegalArgumentException notJson) {
            return value;
        }
    }
}
