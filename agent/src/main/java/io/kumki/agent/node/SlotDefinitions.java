package io.kumki.agent.node;

import io.kumki.agent.ha.IgnoredSlot;
import io.kumki.agent.ha.PermanentSlot;
import io.kumki.agent.ha.Self;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Permanent and ignored slots of the dynamic configuration. A definition that can't be is skipped
 * and named; it never stands in the way of the others. Its slot isn't dropped either: whoever wrote
 * it meant to have one.
 */
final class SlotDefinitions {

    /** Older names first; the first that isn't empty is taken alone. */
    private static final List<String> KEYS =
            List.of("permanent_replication_slots", "permanent_slots", "slots");

    /** What an element of {@code ignore_slots} may ask for. */
    private static final List<String> CONDITIONS = List.of("name", "type", "database", "plugin");

    private static final List<String> TYPES = List.of("physical", "logical");

    private static final Pattern NAME = Pattern.compile("[a-z0-9_]{1,63}");

    private static final IgnoredSlot ANY =
            new IgnoredSlot(Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());

    private final SortedMap<String, PermanentSlot> permanent = new TreeMap<>();
    private final List<IgnoredSlot> ignored = new ArrayList<>();
    private final List<String> problems = new ArrayList<>();

    private SlotDefinitions() {}

    /**
     * @param problems for people: key, value and remedy of what was skipped
     */
    record Read(Self.SlotPolicy policy, List<String> problems) {}

    static Read read(Map<String, ? extends @Nullable Object> dynamic, boolean used) {
        SlotDefinitions all = new SlotDefinitions();
        for (String key : KEYS) {
            Object value = dynamic.get(key);
            if (value instanceof Map<?, ?> slots && !slots.isEmpty()) {
                slots.forEach((name, slot) -> all.permanent(key, String.valueOf(name), slot));
                break;
            }
            if (value != null && !(value instanceof Map<?, ?>)) {
                all.problem(
                        key,
                        value,
                        "expected a mapping of slot names to definitions; no slot is dropped until then");
                all.ignored.add(ANY);
            }
        }
        switch (dynamic.get("ignore_slots")) {
            case null -> {}
            case List<?> elements -> {
                for (int i = 0; i < elements.size(); i++) {
                    all.ignored("ignore_slots[" + i + "]", elements.get(i));
                }
            }
            case Object other -> {
                all.problem(
                        "ignore_slots",
                        other,
                        "expected a list of mappings; no slot is dropped until then");
                all.ignored.add(ANY);
            }
        }
        return new Read(
                new Self.SlotPolicy(used, all.permanent, all.ignored), List.copyOf(all.problems));
    }

    private void permanent(String section, String name, @Nullable Object value) {
        String key = section + "." + name;
        if (!NAME.matcher(name).matches()) {
            problem(key, name, "a slot's name has 1 to 63 of the characters a-z, 0-9 and _");
            return;
        }
        Map<?, ?> fields = value instanceof Map<?, ?> map ? map : Map.of();
        Optional<String> database = text(fields, "database");
        Optional<String> plugin = text(fields, "plugin");
        String type =
                text(fields, "type")
                        .orElse(
                                database.isPresent() && plugin.isPresent()
                                        ? "logical"
                                        : "physical");
        if (value != null && !(value instanceof Map<?, ?>)) {
            skipped(name, key, value, "expected a mapping, such as {type: physical}");
        } else if (type.equals("physical")) {
            physical(name, key, text(fields, "cluster_type").orElse(""));
        } else if (!type.equals("logical")) {
            skipped(name, key + ".type", type, "expected physical or logical");
        } else if (database.isEmpty() || plugin.isEmpty()) {
            skipped(name, key, fields, "a logical slot needs database and plugin");
        } else {
            permanent.put(name, new PermanentSlot.Logical(database.get(), plugin.get()));
        }
    }

    private void physical(String name, String key, String clusterType) {
        switch (clusterType) {
            case "" -> permanent.put(name, new PermanentSlot.Physical(PermanentSlot.Where.ANY));
            case "primary" ->
                    permanent.put(
                            name, new PermanentSlot.Physical(PermanentSlot.Where.PRIMARY_CLUSTER));
            case "standby" ->
                    permanent.put(
                            name, new PermanentSlot.Physical(PermanentSlot.Where.STANDBY_CLUSTER));
            default ->
                    skipped(
                            name,
                            key + ".cluster_type",
                            clusterType,
                            "expected primary or standby");
        }
    }

    /**
     * A condition that can't be is left out, so the element matches more: a slot too many is kept
     * rather than one dropped that somebody meant to keep.
     */
    private void ignored(String path, @Nullable Object element) {
        if (!(element instanceof Map<?, ?> fields)) {
            problem(
                    path,
                    element,
                    "each element is a mapping with " + String.join(", ", CONDITIONS));
            return;
        }
        SortedMap<String, String> conditions = new TreeMap<>();
        fields.forEach((key, value) -> {
            String at = path + "." + key;
            if (!CONDITIONS.contains(String.valueOf(key))) {
                problem(at, value, "allowed are " + String.join(", ", CONDITIONS));
            } else if (value == null || value instanceof Map<?, ?> || value instanceof List<?>) {
                problem(at, value, "expected text");
            } else if (key.equals("type") && !TYPES.contains(String.valueOf(value))) {
                problem(at, value, "allowed are " + String.join(", ", TYPES));
            } else {
                conditions.put(String.valueOf(key), String.valueOf(value));
            }
        });
        if (conditions.isEmpty()) {
            problems.add(
                    path
                            + ": "
                            + fields
                            + " has no condition that can be used, so it matches every slot and none is"
                            + " dropped: give it "
                            + String.join(", ", CONDITIONS));
        }
        ignored.add(
                new IgnoredSlot(
                        text(conditions, "name"),
                        text(conditions, "type"),
                        text(conditions, "database"),
                        text(conditions, "plugin")));
    }

    private void skipped(String name, String key, Object value, String remedy) {
        problem(key, value, remedy);
        ignored.add(
                new IgnoredSlot(
                        Optional.of(name), Optional.empty(), Optional.empty(), Optional.empty()));
    }

    private void problem(String key, @Nullable Object value, String remedy) {
        problems.add(key + ": " + value + " is skipped: " + remedy);
    }

    private static Optional<String> text(Map<?, ?> fields, String key) {
        Object value = fields.get(key);
        return value == null ? Optional.empty() : Optional.of(String.valueOf(value));
    }
}
