package io.kumki.agent.config;

import io.kumki.dcs.cluster.ClusterSettings;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Whether this member keeps permanent logical slots, and so must tell the primary which catalog
 * rows it needs ({@code hot_standby_feedback}).
 */
final class LogicalSlotsWanted {

    private LogicalSlotsWanted() {}

    static boolean on(NodeConfig local, Map<String, ? extends @Nullable Object> dynamic) {
        if (local.tags().nofailover()
                || local.tags().nostream()
                || ClusterSettings.of(dynamic).standbyCluster().isPresent()) {
            return false;
        }
        for (String key : List.of("permanent_replication_slots", "permanent_slots", "slots")) {
            if (dynamic.get(key) instanceof Map<?, ?> slots && !slots.isEmpty()) {
                return slots.values().stream().anyMatch(LogicalSlotsWanted::logical);
            }
        }
        return false;
    }

    private static boolean logical(@Nullable Object slot) {
        return slot instanceof Map<?, ?> fields
                && fields.get("database") != null
                && fields.get("plugin") != null
                && (fields.get("type") == null || "logical".equals(fields.get("type")));
    }
}
