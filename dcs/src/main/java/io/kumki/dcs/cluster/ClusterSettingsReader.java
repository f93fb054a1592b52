package io.kumki.dcs.cluster;

import io.kumki.dcs.cluster.ClusterSettings.StandbyCluster;
import io.kumki.dcs.cluster.ClusterSettings.SynchronousMode;
import io.kumki.dcs.cluster.ClusterSettings.Timing;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Turns the nested maps of a dynamic configuration into {@link ClusterSettings}. */
final class ClusterSettingsReader {

    /** Shorter leases leave no room for one read, one renewal and a stop of the server. */
    static final long MIN_TTL_SECONDS = 5;

    static final long MIN_LOOP_WAIT_SECONDS = 1;
    static final long MIN_RETRY_TIMEOUT_SECONDS = 3;

    private ClusterSettingsReader() {}

    static ClusterSettings read(Map<String, ?> values) {
        Optional<StandbyCluster> standbyCluster = standbyCluster(values.get("standby_cluster"));
        boolean strict = bool(values, "synchronous_mode_strict");
        long syncNodes = integer(values, "synchronous_node_count", 1);
        return new ClusterSettings(
                timing(values),
                integer(values, "maximum_lag_on_failover", 1_048_576),
                integer(values, "maximum_lag_on_syncnode", -1),
                (int) integer(values, "max_timelines_history", 0),
                renamedSeconds(values, "primary_start_timeout", "master_start_timeout", 300),
                renamedSeconds(values, "primary_stop_timeout", "master_stop_timeout", 0),
                bool(values, "check_timeline"),
                bool(values, "failsafe_mode"),
                bool(values, "pause"),
                standbyCluster.isPresent()
                        ? SynchronousMode.OFF
                        : synchronousMode(values.get("synchronous_mode")),
                strict,
                (int) Math.max(syncNodes, strict ? 1 : 0),
                standbyCluster,
                LenientValues.seconds(values.get("member_slots_ttl"))
                        .filter(ttl -> !ttl.isNegative())
                        .orElse(Duration.ofMinutes(30)));
    }

    /**
     * The three times, each at least its minimum, with {@code loop_wait + 2 * retry_timeout <=
     * ttl}: one turn may need one budget to read and one to renew before the lease of the previous
     * turn runs out.
     */
    static Timing timing(Map<String, ?> values) {
        long ttl = Math.max(MIN_TTL_SECONDS, integer(values, "ttl", 30));
        long loopWait = Math.max(MIN_LOOP_WAIT_SECONDS, integer(values, "loop_wait", 10));
        long retry = Math.max(MIN_RETRY_TIMEOUT_SECONDS, integer(values, "retry_timeout", 10));
        if (1 + 2 * retry > ttl) {
            loopWait = 1;
            retry = (ttl - 1) / 2;
        } else if (loopWait + 2 * retry > ttl) {
            loopWait = ttl - 2 * retry;
        }
        return new Timing(
                Duration.ofSeconds(ttl), Duration.ofSeconds(loopWait), Duration.ofSeconds(retry));
    }

    private static Optional<StandbyCluster> standbyCluster(@Nullable Object value) {
        if (!(value instanceof Map<?, ?> map)) {
            return Optional.empty();
        }
        Optional<String> host = text(map, "host");
        Optional<Integer> port =
                LenientValues.integer(map.get("port")).stream()
                        .filter(number -> number > 0 && number < 65_536)
                        .mapToObj(number -> (int) number)
                        .findFirst();
        Optional<String> restoreCommand = text(map, "restore_command");
        if (host.isEmpty() && port.isEmpty() && restoreCommand.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(
                new StandbyCluster(
                        host,
                        port,
                        restoreCommand,
                        text(map, "primary_slot_name"),
                        text(map, "archive_cleanup_command"),
                        text(map, "recovery_min_apply_delay"),
                        map.get("create_replica_methods") instanceof List<?> methods
                                ? methods.stream().map(String::valueOf).toList()
                                : List.of()));
    }

    private static SynchronousMode synchronousMode(@Nullable Object value) {
        if (value != null && value.toString().equalsIgnoreCase("quorum")) {
            return SynchronousMode.QUORUM;
        }
        return LenientValues.bool(value).orElse(false) ? SynchronousMode.ON : SynchronousMode.OFF;
    }

    private static Duration renamedSeconds(
            Map<String, ?> values, String name, String oldName, long standard) {
        Object value = values.get(name) != null ? values.get(name) : values.get(oldName);
        return Duration.ofSeconds(Math.max(0, LenientValues.integer(value).orElse(standard)));
    }

    private static boolean bool(Map<String, ?> values, String name) {
        return LenientValues.bool(values.get(name)).orElse(false);
    }

    private static long integer(Map<String, ?> values, String name, long standard) {
        return LenientValues.integer(values.get(name)).orElse(standard);
    }

    private static Optional<String> text(Map<?, ?> map, String name) {
        return Optional.ofNullable(map.get(name))
                .map(Object::toString)
                .filter(text -> !text.isBlank());
    }
}
