package io.kumki.dcs.cluster;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Says which server parameters of a dynamic configuration members replace or ignore, whatever
 * version their server has: those that the cluster controls. All others are for each member's
 * server to judge. The agent's {@code ControlledParameters} applies the same limits; a test of it
 * keeps the two together.
 */
final class ParameterLimits {

    private record Integral(long least, String fallback) {}

    private static final Map<String, Integral> INTEGERS =
            Map.of(
                    "max_connections", new Integral(25, "100"),
                    "max_wal_senders", new Integral(3, "10"),
                    "max_replication_slots", new Integral(4, "10"),
                    "max_worker_processes", new Integral(2, "8"),
                    "max_prepared_transactions", new Integral(0, "0"),
                    "max_locks_per_transaction", new Integral(32, "64"),
                    "wal_keep_segments", new Integral(1, "8"));

    private static final Map<String, String> SWITCHES =
            Map.of("wal_log_hints", "on", "track_commit_timestamp", "off", "hot_standby", "on");

    /** Made from other keys of each member's own configuration. */
    private static final Set<String> DERIVED = Set.of("listen_addresses", "port", "cluster_name");

    private static final long WAL_KEEP_LEAST = 16L << 20;

    private ParameterLimits() {}

    /** One line a finding, in the order of names. */
    static List<String> findings(Map<?, ?> parameters) {
        List<String> findings = new ArrayList<>();
        parameters.forEach((name, value) -> {
            if (value != null) {
                finding(String.valueOf(name).toLowerCase(Locale.ROOT), value)
                        .ifPresent(text ->
                                findings.add(
                                        "postgresql.parameters.%s: %s %s"
                                                .formatted(name, value, text)));
            }
        });
        findings.sort(null);
        return findings;
    }

    private static Optional<String> finding(String name, Object value) {
        if (DERIVED.contains(name)) {
            return Optional.of("(not allowed here): members ignore it and use their own");
        }
        Integral limit = INTEGERS.get(name);
        if (limit != null) {
            OptionalLong number = LenientValues.integer(value);
            return number.isPresent()
                            && number.getAsLong() >= limit.least
                            && number.getAsLong() <= Integer.MAX_VALUE
                    ? Optional.empty()
                    : replaced("a whole number, at least " + limit.least, limit.fallback);
        }
        @Nullable String standard = SWITCHES.get(name);
        if (standard != null) {
            Optional<Boolean> flag = LenientValues.bool(value);
            boolean onlyOn = name.equals("hot_standby");
            return flag.isPresent() && (flag.get() || !onlyOn)
                    ? Optional.empty()
                    : replaced(onlyOn ? "only on" : "on or off", standard);
        }
        return switch (name) {
            case "wal_level" ->
                    Set.of("hot_standby", "replica", "logical")
                                    .contains(value.toString().toLowerCase(Locale.ROOT))
                            ? Optional.empty()
                            : replaced("replica or logical", "replica");
            case "wal_keep_size" ->
                    walKeepBytes(value) >= WAL_KEEP_LEAST
                            ? Optional.empty()
                            : replaced("a size, at least 16MB", "128MB");
            default -> Optional.empty();
        };
    }

    /** A number without unit is megabytes. */
    private static long walKeepBytes(Object value) {
        OptionalLong bare = LenientValues.integer(value);
        return bare.isPresent()
                ? Math.clamp(bare.getAsLong(), 0, 1L << 40) << 20
                : LenientValues.bytes(value).orElse(0);
    }

    private static Optional<String> replaced(String allowed, String fallback) {
        return Optional.of("(allowed: %s): members take %s".formatted(allowed, fallback));
    }
}
