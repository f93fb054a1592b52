package io.kumki.dcs.cluster;

import static io.kumki.dcs.cluster.ClusterSettingsReader.MAX_CRASHES;
import static io.kumki.dcs.cluster.ClusterSettingsReader.MAX_SECONDS;
import static io.kumki.dcs.cluster.ClusterSettingsReader.MIN_LOOP_WAIT_SECONDS;
import static io.kumki.dcs.cluster.ClusterSettingsReader.MIN_RETRY_TIMEOUT_SECONDS;
import static io.kumki.dcs.cluster.ClusterSettingsReader.MIN_TTL_SECONDS;

import io.kumki.dcs.cluster.ClusterSettings.Timing;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Says what of a dynamic configuration the members will not take as it is written. The store and
 * its clients accept anything, as the wire contract demands; who changes it should hear at once
 * what {@link ClusterSettings} makes of it, and not find out at the next failover.
 */
public final class SettingsCheck {

    /** What a member does with a value out of its kind or range. */
    private enum Remedy {
        WHOLE_REFUSED("members refuse the whole new configuration and keep the one before"),
        RAISED("members take the smallest allowed"),
        LOWERED("members take the largest allowed"),
        DEFAULT("members take the default");

        private final String text;

        Remedy(String text) {
            this.text = text;
        }
    }

    private final Map<String, ? extends @Nullable Object> values;
    private final List<String> findings = new ArrayList<>();

    private SettingsCheck(Map<String, ? extends @Nullable Object> values) {
        this.values = values;
    }

    /**
     * @param values a whole dynamic configuration as nested maps
     * @return one line a finding: key, value, what is allowed, what members do with it; empty if
     *     all is taken as written
     */
    public static List<String> findings(Map<String, ? extends @Nullable Object> values) {
        SettingsCheck check = new SettingsCheck(values);
        check.time("ttl", MIN_TTL_SECONDS);
        check.time("loop_wait", MIN_LOOP_WAIT_SECONDS);
        check.time("retry_timeout", MIN_RETRY_TIMEOUT_SECONDS);
        check.timing();
        check.loop();
        check.parameters();
        return List.copyOf(check.findings);
    }

    /**
     * @return the findings about what steers the loop, without the three times and the server's
     *     parameters: of those a member tells itself what it made of them
     */
    public static List<String> findingsOfLoop(Map<String, ? extends @Nullable Object> values) {
        SettingsCheck check = new SettingsCheck(values);
        check.loop();
        return List.copyOf(check.findings);
    }

    private void loop() {
        integers();
        switches();
        mappings();
    }

    private void time(String key, long minimum) {
        Object value = values.get(key);
        if (value == null) {
            return;
        }
        String allowed = "a whole number of seconds, at least " + minimum;
        OptionalLong seconds = LenientValues.integer(value);
        if (seconds.isEmpty()) {
            find(key, value, allowed, Remedy.WHOLE_REFUSED.text);
        } else if (seconds.getAsLong() < minimum) {
            find(key, value, allowed, Remedy.RAISED.text);
        } else {
            notTooLong(key, value, seconds.getAsLong());
        }
    }

    private void notTooLong(String key, Object value, long seconds) {
        if (seconds > MAX_SECONDS) {
            find(key, value, "at most %d seconds".formatted(MAX_SECONDS), Remedy.LOWERED.text);
        }
    }

    /** Only if each of the three is right by itself; else its own line says enough. */
    private void timing() {
        if (!findings.isEmpty()) {
            return;
        }
        Timing taken = ClusterSettingsReader.timing(values);
        long ttl = taken.ttl().toSeconds();
        long loopWait = LenientValues.integer(values.get("loop_wait")).orElse(10);
        long retry = LenientValues.integer(values.get("retry_timeout")).orElse(10);
        if (loopWait + 2 * retry > ttl) {
            findings.add(
                    ("loop_wait: %d, retry_timeout: %d, ttl: %d (allowed: loop_wait + 2 *"
                                    + " retry_timeout <= ttl): members take loop_wait %d and"
                                    + " retry_timeout %d")
                            .formatted(
                                    loopWait,
                                    retry,
                                    ttl,
                                    taken.loopWait().toSeconds(),
                                    taken.retryTimeout().toSeconds()));
        }
    }

    private void integers() {
        for (String key :
                List.of(
                        "maximum_lag_on_failover",
                        "max_timelines_history",
                        "primary_start_timeout",
                        "master_start_timeout",
                        "synchronous_node_count")) {
            integer(key, "a whole number, at least 0", 0);
        }
        for (String key :
                List.of("maximum_lag_on_syncnode", "primary_stop_timeout", "master_stop_timeout")) {
            integer(key, "a whole number", Long.MIN_VALUE);
        }
        for (String key :
                List.of(
                        "primary_start_timeout",
                        "master_start_timeout",
                        "primary_stop_timeout",
                        "master_stop_timeout")) {
            Object value = values.get(key);
            if (value != null) {
                LenientValues.integer(value).ifPresent(seconds -> notTooLong(key, value, seconds));
            }
        }
        crashLoop();
        Object slots = values.get("member_slots_ttl");
        if (slots != null) {
            Optional<Duration> kept = LenientValues.seconds(slots).filter(ttl -> !ttl.isNegative());
            kept.ifPresent(ttl -> notTooLong("member_slots_ttl", slots, ttl.toSeconds()));
            if (kept.isEmpty()) {
                find(
                        "member_slots_ttl",
                        slots,
                        "seconds, or a number with s, min, h or d, at least 0",
                        Remedy.DEFAULT.text);
            }
        }
    }

    private void crashLoop() {
        Object limit = values.get("crash_loop_limit");
        OptionalLong crashes = LenientValues.integer(limit);
        String allowed = "a whole number from 0 (off) to " + MAX_CRASHES;
        if (limit != null && crashes.isEmpty()) {
            find("crash_loop_limit", limit, allowed, Remedy.DEFAULT.text);
        } else if (limit != null
                && (crashes.getAsLong() < 0 || crashes.getAsLong() > MAX_CRASHES)) {
            find("crash_loop_limit", limit, allowed, "members take the nearest allowed");
        }
        Object window = values.get("crash_loop_window");
        if (window == null) {
            return;
        }
        Optional<Duration> length = LenientValues.seconds(window).filter(Duration::isPositive);
        length.ifPresent(time -> notTooLong("crash_loop_window", window, time.toSeconds()));
        if (length.isEmpty()) {
            find(
                    "crash_loop_window",
                    window,
                    "seconds, or a number with s, min, h or d, more than 0",
                    Remedy.DEFAULT.text);
        }
    }

    private void integer(String key, String allowed, long minimum) {
        Object value = values.get(key);
        if (value == null) {
            return;
        }
        OptionalLong number = LenientValues.integer(value);
        if (number.isEmpty()) {
            find(key, value, allowed, Remedy.DEFAULT.text);
        } else if (number.getAsLong() < minimum) {
            find(key, value, allowed, "members take 0");
        }
    }

    private void switches() {
        String allowed = "true or false (on, off, yes, no, 1, 0)";
        for (String key :
                List.of("pause", "failsafe_mode", "check_timeline", "synchronous_mode_strict")) {
            Object value = values.get(key);
            if (value != null && LenientValues.bool(value).isEmpty()) {
                find(key, value, allowed, "members take it for false");
            }
        }
        Object synchronous = values.get("synchronous_mode");
        if (synchronous != null
                && LenientValues.bool(synchronous).isEmpty()
                && !synchronous.toString().equalsIgnoreCase("quorum")) {
            find("synchronous_mode", synchronous, allowed + ", or quorum", "members take false");
        }
    }

    private void mappings() {
        mapping(
                "postgresql",
                Optional.ofNullable(values.get("postgresql")),
                Remedy.WHOLE_REFUSED.text);
        for (String key :
                List.of(
                        "standby_cluster",
                        "slots",
                        "permanent_slots",
                        "permanent_replication_slots")) {
            mapping(key, Optional.ofNullable(values.get(key)), "members ignore it");
        }
        if (values.get("standby_cluster") instanceof Map<?, ?> remote
                && !remote.isEmpty()
                && ClusterSettingsReader.standbyCluster(remote).isEmpty()) {
            find(
                    "standby_cluster",
                    remote,
                    "with a host, a port from 1 to 65535 or a restore_command",
                    "members ignore it, this is no standby cluster");
        }
        Object ignored = values.get("ignore_slots");
        if (ignored != null && !(ignored instanceof List)) {
            find("ignore_slots", ignored, "a list of mappings", "members ignore it");
        }
    }

    private void parameters() {
        if (values.get("postgresql") instanceof Map<?, ?> postgresql) {
            mapping(
                    "postgresql.parameters",
                    Optional.ofNullable(postgresql.get("parameters")),
                    Remedy.WHOLE_REFUSED.text);
            if (postgresql.get("parameters") instanceof Map<?, ?> parameters) {
                findings.addAll(ParameterLimits.findings(parameters));
            }
        }
    }

    private void mapping(String key, Optional<Object> value, String consequence) {
        value.filter(present -> !(present instanceof Map))
                .ifPresent(wrong -> find(key, wrong, "a mapping", consequence));
    }

    private void find(String key, Object value, String allowed, String consequence) {
        findings.add("%s: %s (allowed: %s): %s".formatted(key, value, allowed, consequence));
    }
}
