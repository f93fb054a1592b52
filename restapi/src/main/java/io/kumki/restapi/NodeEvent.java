package io.kumki.restapi;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Something that changed at this node, or in the cluster as this node sees it. */
public sealed interface NodeEvent {

    /** What it is called on the wire. */
    String type();

    /** Its own part of the JSON document. */
    Map<String, @Nullable Object> fields();

    /** The server's role, as in {@code /patroni}. */
    record RoleChanged(String role, String before) implements NodeEvent {
        @Override
        public String type() {
            return "role";
        }

        @Override
        public Map<String, @Nullable Object> fields() {
            return changed("role", role, before);
        }
    }

    /** The server's state, as in {@code /patroni}. */
    record StateChanged(String state, String before) implements NodeEvent {
        @Override
        public String type() {
            return "state";
        }

        @Override
        public Map<String, @Nullable Object> fields() {
            return changed("state", state, before);
        }
    }

    /**
     * Who holds the leader key.
     *
     * @param known false: the store is silent, the last leader may still lead
     */
    record LeaderChanged(Optional<String> leader, Optional<String> before, boolean known)
            implements NodeEvent {
        @Override
        public String type() {
            return "leader";
        }

        @Override
        public Map<String, @Nullable Object> fields() {
            Map<String, @Nullable Object> fields =
                    changed("leader", leader.orElse(null), before.orElse(null));
            fields.put("known", known);
            return fields;
        }
    }

    /** What became of a member's key. */
    enum Membership {
        JOINED,
        CHANGED,
        LEFT
    }

    /**
     * A member's key.
     *
     * @param member as in {@code /cluster}, without positions; only the name of one that left
     */
    record MemberChanged(Membership change, Map<String, @Nullable Object> member)
            implements NodeEvent {
        @Override
        public String type() {
            return "member";
        }

        @Override
        public Map<String, @Nullable Object> fields() {
            Map<String, @Nullable Object> fields = new LinkedHashMap<>();
            fields.put(
                    "change",
                    switch (change) {
                        case JOINED -> "joined";
                        case CHANGED -> "changed";
                        case LEFT -> "left";
                    });
            fields.put("member", member);
            return fields;
        }
    }

    /** A decision that doesn't only repeat the one before. */
    record Decided(DecisionEntry decision) implements NodeEvent {
        @Override
        public String type() {
            return "decision";
        }

        @Override
        public Map<String, @Nullable Object> fields() {
            Map<String, @Nullable Object> fields = new LinkedHashMap<>();
            fields.put("rule", decision.rule());
            fields.put("reason", decision.reason());
            fields.put("actions", decision.actions());
            fields.put("outcome", decision.outcome());
            return fields;
        }
    }

    /**
     * Work on the server that outlasts a turn.
     *
     * @param operation its title, such as {@code promote}
     */
    record OperationBegan(String operation) implements NodeEvent {
        @Override
        public String type() {
            return "operation-begin";
        }

        @Override
        public Map<String, @Nullable Object> fields() {
            return operationFields(operation);
        }
    }

    /** How far a copy has come. */
    record OperationProgressed(String operation, NodeSnapshot.CloneProgress progress)
            implements NodeEvent {
        @Override
        public String type() {
            return "operation-progress";
        }

        @Override
        public Map<String, @Nullable Object> fields() {
            Map<String, @Nullable Object> fields = operationFields(operation);
            fields.put("method", progress.method());
            fields.put("source", progress.source());
            fields.put("bytes", progress.bytes());
            if (progress.totalBytes().isPresent()) {
                fields.put("total_bytes", progress.totalBytes().getAsLong());
            }
            if (progress.percent().isPresent()) {
                fields.put("percent", progress.percent().getAsLong());
            }
            fields.put("seconds", progress.seconds());
            return fields;
        }
    }

    /** How it ended. */
    record OperationEnded(String operation, String outcome, Duration took) implements NodeEvent {
        @Override
        public String type() {
            return "operation-end";
        }

        @Override
        public Map<String, @Nullable Object> fields() {
            Map<String, @Nullable Object> fields = operationFields(operation);
            fields.put("outcome", outcome);
            fields.put("took_ms", took.toMillis());
            return fields;
        }
    }

    private static Map<String, @Nullable Object> changed(
            String name, @Nullable String now, @Nullable String before) {
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        fields.put(name, now);
        fields.put("before", before);
        return fields;
    }

    private static Map<String, @Nullable Object> operationFields(String operation) {
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        fields.put("operation", operation);
        return fields;
    }
}
