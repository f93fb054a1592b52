package io.kumki.dcs.cluster;

import io.kumki.dcs.cluster.ClusterSettings.CrashLoop;
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

    /** Ten years: nobody waits longer, and in nanoseconds it leaves room for sums. */
    static final long MAX_SECONDS = 10L * 366 * 24 * 3600;

    private static final Duration MAX = Duration.ofSeconds(MAX_SECONDS);

    /** More than a member remembers would never be reached. */
    static final long MAX_CRASHES = 20;

    private ClusterSettingsReader() {}

    static ClusterSettings read(Map<String, ?> values) {
        Optional<StandbyCluster> standbyCluster = standbyCluster(values.get("standby_cluster"));
        boolean strict = bool(values, "synchronous_mode_strict");
        long syncNodes = integer(values, "synchronous_node_count", 1);
        return new ClusterSettings(
                timing(values),
                Math.max(0, integer(values, "maximum_lag_on_failover", 1_048_576)),
                integer(values, "maximum_lag_on_syncnode", -1),
                count(integer(values, "max_timelines_history", 0)),
                renamedSeconds(values, "primary_start_timeout", "master_start_timeout", 300),
                renamedSeconds(values, "primary_stop_timeout", "master_stop_timeout", 0),
                bool(values, "check_timeline"),
                bool(values, "failsafe_mode"),
                bool(values, "pause"),
                standbyCluster.isPresent()
                        ? SynchronousMode.OFF
                        : synchronousMode(values.get("synchronous_mode")),
                strict,
                Math.max(count(syncNodes), strict ? 1 : 0),
                standbyCluster,
                LenientValues.seconds(values.get("member_slots_ttl"))
                        .filter(ttl -> !ttl.isNegative())
                        .map(ttl -> ttl.compareTo(MAX) > 0 ? MAX : ttl)
                        .orElse(Duration.ofMinutes(30)),
                crashLoop(values));
    }

    private static CrashLoop crashLoop(Map<String, ?> values) {
        CrashLoop standard = CrashLoop.DEFAULT;
        long crashes = integer(values, "crash_loop_limit", standard.crashes());
        return new CrashLoop(
                (int) Math.clamp(crashes, 0, MAX_CRASHES),
                LenientValues.seconds(values.get("crash_loop_window"))
                        .filter(Duration::isPositive)
                        .map(window -> window.compareTo(MAX) > 0 ? MAX : window)
                        .orElse(standard.window()));
    }

    /**
     * The three times, each at least its minimum, with {@code loop_wait + 2 * retry_timeout <=
     * ttl}: one turn may need one budget to read and one to renew before the lease of the previous
     * turn runs out.
     */
    static Timing timing(Map<String, ?> values) {
        long ttl = Math.clamp(integer(values, "ttl", 30), MIN_TTL_SECONDS, MAX_SECONDS);
        long loopWait =
                Math.clamp(integer(values, "loop_wait", 10), MIN_LOOP_WAIT_SECONDS, MAX_SECONDS);
        long retry =
                Math.clamp(
                        integer(values, "retry_timeout", 10),
                        MIN_RETRY_TIMEOUT_SECONDS,
                        MAX_SECONDS);
        if (1 + 2 * retry > ttl) {
            loopWait = 1;
            retry = (ttl - 1) / 2;
        } else if (loopWait + 2 * retry > ttl) {
            loopWait = ttl - 2 * retry;
        }
        return new Timing(
                Duration.ofSeconds(ttl), Duration.ofSeconds(loopWait), Duration.ofSeconds(retry));
    }

    static Optional<StandbyCluster> standbyCluster(@Nullable Object value) {
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
        return seconds(Math.max(0, LenientValues.integer(value).orElse(standard)));
    }

    private static Duration seconds(long number) {
        return Duration.ofSeconds(Math.min(number, MAX_SECONDS));
    }

    private static int count(long number) {
        return Math.clamp(number, 0, Integer.MAX_VALUE);
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
