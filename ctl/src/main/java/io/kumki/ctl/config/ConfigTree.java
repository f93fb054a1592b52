package io.kumki.ctl.config;

import io.kumki.dcs.json.ConfigPatch;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Changes to nested maps of configuration; arguments are never changed, results are new maps. */
public final class ConfigTree {

    private static final List<String> PARAMETERS = List.of("postgresql", "parameters");

    private ConfigTree() {}

    /** Merges as {@code PATCH /config} and the configuration files do. */
    public static Map<String, @Nullable Object> merge(
            Map<String, ? extends @Nullable Object> base,
            Map<String, ? extends @Nullable Object> patch) {
        return ConfigPatch.apply(base, patch);
    }

    /**
     * Sets one value. The path is split at dots; below {@code postgresql.parameters} the rest is
     * one name. Parents are made; null removes, and with it every mapping that it leaves empty.
     */
    public static Map<String, @Nullable Object> set(
            Map<String, ? extends @Nullable Object> base, String path, @Nullable Object value) {
        Map<String, @Nullable Object> copy = new LinkedHashMap<>(base);
        set(copy, segments(path), value);
        return copy;
    }

    private static List<String> segments(String path) {
        List<String> segments = List.of(path.split("\\.", -1));
        if (segments.size() > 3 && segments.subList(0, 2).equals(PARAMETERS)) {
            List<String> joined = new ArrayList<>(PARAMETERS);
            joined.add(String.join(".", segments.subList(2, segments.size())));
            return joined;
        }
        return segments;
    }

    private static void set(
            Map<String, @Nullable Object> map, List<String> path, @Nullable Object value) {
        String key = path.getFirst();
        if (path.size() > 1) {
            Map<String, @Nullable Object> child =
                    map.get(key) instanceof Map<?, ?> old
                            ? new LinkedHashMap<>(texted(old))
                            : new LinkedHashMap<>();
            set(child, path.subList(1, path.size()), value);
            if (child.isEmpty()) {
                map.remove(key);
            } else {
                map.put(key, child);
            }
        } else if (value == null) {
            map.remove(key);
        } else {
            map.put(key, value);
        }
    }

    /** Whether both have the same entries with values of the same type; the order doesn't count. */
    public static boolean same(@Nullable Object a, @Nullable Object b) {
        if (a instanceof Map<?, ?> x && b instanceof Map<?, ?> y) {
            return x.keySet().equals(y.keySet())
                    && x.keySet().stream().allMatch(key -> same(x.get(key), y.get(key)));
        }
        if (a instanceof List<?> x && b instanceof List<?> y) {
            boolean equal = x.size() == y.size();
            for (int i = 0; equal && i < x.size(); i++) {
                equal = same(x.get(i), y.get(i));
            }
            return equal;
        }
        if (a instanceof Number && b instanceof Number) {
            return a.toString().equals(b.toString());
        }
        return Objects.equals(a, b);
    }

    private static Map<String, @Nullable Object> texted(Map<?, ?> map) {
        Map<String, @Nullable Object> copy = new LinkedHashMap<>();
        map.forEach((key, value) -> copy.put(String.valueOf(key), value));
        return copy;
    }
}
