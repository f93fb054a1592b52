package io.kumki.agent.config;

import io.kumki.dcs.cluster.LenientValues;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Server parameters that must be the same on all members: only the dynamic configuration may set
 * them, within limits; {@code config.md} 5.
 */
final class ControlledParameters {

    /**
     * @param fallback used for an invalid value
     * @param always whether the fallback is also used without any value
     * @param read the value as PostgreSQL takes it; empty: invalid
     */
    private record Rule(
            String fallback, boolean always, Function<@Nullable Object, Optional<String>> read) {}

    private static final Map<String, Rule> RULES = rules();

    /** Made from other keys; nobody sets them as parameters. */
    private static final Set<String> DERIVED = Set.of("listen_addresses", "port", "cluster_name");

    private ControlledParameters() {}

    /** Whether a local value for this parameter, name in lower case, is dropped. */
    static boolean controlled(String name) {
        return RULES.containsKey(name) || DERIVED.contains(name);
    }

    static boolean derived(String name) {
        return DERIVED.contains(name);
    }

    /** The controlled parameters out of the dynamic ones, names in lower case. */
    static SortedMap<String, String> read(
            Map<String, @Nullable Object> dynamic, List<String> warnings) {
        SortedMap<String, String> parameters = new TreeMap<>();
        RULES.forEach((name, rule) -> {
            @Nullable Object value = dynamic.get(name);
            if (value == null) {
                if (rule.always()) {
                    parameters.put(name, rule.fallback());
                }
                return;
            }
            Optional<String> text = rule.read().apply(value);
            if (text.isEmpty()) {
                warnings.add(
                        "postgresql parameter "
                                + name
                                + "="
                                + value
                                + " failed validation, defaulting to "
                                + rule.fallback());
            }
            parameters.put(name, text.orElse(rule.fallback()));
        });
        return parameters;
    }

    private static Map<String, Rule> rules() {
        Map<String, Rule> rules = new LinkedHashMap<>();
        rules.put("max_connections", integer(100, 25));
        rules.put("max_wal_senders", integer(10, 3));
        rules.put("max_replication_slots", integer(10, 4));
        rules.put("max_worker_processes", integer(8, 2));
        rules.put("max_prepared_transactions", integer(0, 0));
        rules.put("max_locks_per_transaction", integer(64, 32));
        rules.put("wal_level", new Rule("hot_standby", true, ControlledParameters::walLevel));
        rules.put("wal_log_hints", new Rule("on", true, ControlledParameters::onOrOff));
        rules.put("track_commit_timestamp", new Rule("off", true, ControlledParameters::onOrOff));
        rules.put(
                "hot_standby", new Rule("on", true, value -> onOrOff(value).filter("on"::equals)));
        rules.put("wal_keep_size", new Rule("128MB", false, ControlledParameters::walKeepSize));
        rules.put("wal_keep_segments", new Rule("8", false, value -> atLeast(value, 1)));
        return rules;
    }

    private static Rule integer(int standard, int least) {
        return new Rule(Integer.toString(standard), true, value -> atLeast(value, least));
    }

    private static Optional<String> atLeast(@Nullable Object value, int least) {
        OptionalLong number = LenientValues.integer(value);
        return number.isPresent()
                        && number.getAsLong() >= least
                        && number.getAsLong() <= Integer.MAX_VALUE
                ? Optional.of(Long.toString(number.getAsLong()))
                : Optional.empty();
    }

    private static Optional<String> onOrOff(@Nullable Object value) {
        return LenientValues.bool(value).map(flag -> flag ? "on" : "off");
    }

    private static Optional<String> walLevel(@Nullable Object value) {
        return Optional.of(String.valueOf(value).toLowerCase(Locale.ROOT))
                .filter(List.of("hot_standby", "replica", "logical")::contains);
    }

    /** A number without unit is megabytes. */
    private static Optional<String> walKeepSize(@Nullable Object value) {
        OptionalLong bare = LenientValues.integer(value);
        long bytes =
                bare.isPresent()
                        ? Math.clamp(bare.getAsLong(), 0, 1L << 40) << 20
                        : LenientValues.bytes(value).orElse(0);
        return bytes >= 16L << 20 ? Optional.of((bytes >> 20) + "MB") : Optional.empty();
    }
}
