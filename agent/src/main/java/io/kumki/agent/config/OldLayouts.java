package io.kumki.agent.config;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Brings layouts of early releases into today's form. */
final class OldLayouts {

    private OldLayouts() {}

    /** The tree in today's layout; the argument is left alone. */
    static Map<String, @Nullable Object> renewed(Map<String, @Nullable Object> tree) {
        Map<String, @Nullable Object> renewed = new LinkedHashMap<>(tree);
        if (!(tree.get("postgresql") instanceof Map)) {
            return renewed;
        }
        Map<String, @Nullable Object> postgresql =
                new LinkedHashMap<>(Section.of(tree.get("postgresql")).values());
        if (tree.get("name") == null && postgresql.get("name") != null) {
            renewed.put("name", postgresql.get("name"));
        }
        if (postgresql.get("authentication") == null) {
            Map<String, @Nullable Object> roles = new LinkedHashMap<>();
            move(postgresql, "superuser", roles, "superuser");
            move(postgresql, "replication", roles, "replication");
            if (move(postgresql, "pg_rewind", roles, "rewind")) {
                postgresql.putIfAbsent("use_pg_rewind", true);
            }
            if (!roles.isEmpty()) {
                postgresql.put("authentication", roles);
            }
        }
        renewed.put("postgresql", postgresql);
        return renewed;
    }

    private static boolean move(
            Map<String, @Nullable Object> from,
            String name,
            Map<String, @Nullable Object> to,
            String newName) {
        if (!(from.get(name) instanceof Map)) {
            return false;
        }
        to.put(newName, from.remove(name));
        return true;
    }
}
