package io.kumki.dcs.cluster;

import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A member's tags, by their names on the wire. Values are JSON scalars (string, number, boolean).
 *
 * <p>Truth of a boolean tag follows the JSON type: false, null, 0 and the empty text are false, any
 * other value is true.
 */
public record Tags(SortedMap<String, Object> values) {

    public static final Tags NONE = new Tags(new TreeMap<>());

    public Tags {
        values = Collections.unmodifiableSortedMap(new TreeMap<>(values));
    }

    public static Tags of(Map<String, ?> values) {
        return new Tags(new TreeMap<>(values));
    }

    /**
     * May not become leader: the boolean tag decides if present, else a {@code failover_priority}
     * of 0 or less.
     */
    public boolean nofailover() {
        return excluded("nofailover", "failover_priority");
    }

    /**
     * 0 if {@link #nofailover()} is asked for by the boolean tag, else the tag's integer, 1 by
     * default.
     */
    public int failoverPriority() {
        return priority("nofailover", "failover_priority");
    }

    /** Never a synchronous standby. */
    public boolean nosync() {
        return excluded("nosync", "sync_priority");
    }

    public int syncPriority() {
        return priority("nosync", "sync_priority");
    }

    public boolean noloadbalance() {
        return LenientValues.truth(values.get("noloadbalance"));
    }

    public boolean clonefrom() {
        return LenientValues.truth(values.get("clonefrom"));
    }

    /** No streaming to this member, and no slot for it anywhere. */
    public boolean nostream() {
        Object value = values.get("nostream");
        return value instanceof String text
                ? text.equalsIgnoreCase("true")
                        || text.equalsIgnoreCase("on")
                        || text.equalsIgnoreCase("yes")
                        || text.equals("1")
                : LenientValues.truth(value);
    }

    /** The member this one should stream from instead of the leader. */
    public Optional<MemberName> replicatefrom() {
        return values.get("replicatefrom") instanceof String text
                        && !text.isBlank()
                        && text.indexOf('/') < 0
                ? Optional.of(new MemberName(text))
                : Optional.empty();
    }

    public boolean isEmpty() {
        return values.isEmpty();
    }

    private boolean excluded(String flag, String priority) {
        if (values.get(flag) != null) {
            return LenientValues.truth(values.get(flag));
        }
        return integer(values.get(priority)).map(number -> number <= 0).orElse(false);
    }

    private int priority(String flag, String priority) {
        if (values.get(flag) != null && LenientValues.truth(values.get(flag))) {
            return 0;
        }
        return integer(values.get(priority)).orElse(1);
    }

    private static Optional<Integer> integer(@Nullable Object value) {
        return switch (value) {
            case Number number -> Optional.of(number.intValue());
            case String text when text.strip().matches("-?[0-9]{1,9}") ->
                    Optional.of(Integer.valueOf(text.strip()));
            case null, default -> Optional.empty();
        };
    }
}
