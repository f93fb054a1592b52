package io.kumki.agent.config;

import io.kumki.dcs.cluster.ClusterSettings;
import io.kumki.dcs.cluster.ClusterSettings.Timing;
import io.kumki.dcs.cluster.DynamicConfig;
import io.kumki.dcs.cluster.LenientValues;
import io.kumki.dcs.cluster.SettingsCheck;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a node works with: defaults, under the dynamic configuration, under the local one.
 *
 * @param postgres what concerns the server, as in effect
 * @param settings what steers the loop: only dynamic
 * @param dynamic the dynamic configuration taken over, its three times adjusted to their rule: what
 *     {@link DynamicConfigCache} keeps
 * @param warnings values that were replaced or left out, one sentence each
 */
public record EffectiveConfig(
        PostgresConfig postgres,
        ClusterSettings settings,
        Map<String, @Nullable Object> dynamic,
        List<String> warnings) {

    public EffectiveConfig {
        dynamic = Section.of(dynamic).values();
        warnings = List.copyOf(warnings);
    }

    /** The keys of which a wrong value refuses the configuration. */
    public static final List<String> REFUSABLE =
            List.of("ttl", "loop_wait", "retry_timeout", "postgresql");

    /** How each warning about a server parameter begins. */
    private static final String PARAMETER = "postgresql parameter ";

    /** Those of the warnings that are about server parameters. */
    public List<String> parameterProblems() {
        return warnings.stream().filter(warning -> warning.startsWith(PARAMETER)).toList();
    }

    /** See {@link #merge(NodeConfig, Map)}. */
    public static EffectiveConfig merge(NodeConfig local, DynamicConfig dynamic)
            throws RefusedConfigException {
        return merge(local, dynamic.values());
    }

    /**
     * @param dynamic nested maps, lists and scalars; empty before there is any
     * @throws RefusedConfigException if one of the three times is no integer, or {@code postgresql}
     *     or its parameters no mapping: then nothing of {@code dynamic} may be used
     */
    public static EffectiveConfig merge(NodeConfig local, Map<String, ?> dynamic)
            throws RefusedConfigException {
        List<String> refusals = refusals(dynamic);
        if (!refusals.isEmpty()) {
            throw new RefusedConfigException(
                    "the dynamic configuration is refused, times and server settings stay as they were: "
                            + String.join("; ", refusals)
                            + "; correct it with \"kumkictl edit-config\"");
        }
        List<String> warnings = new ArrayList<>(SettingsCheck.findingsOfLoop(dynamic));
        Section section = Section.of(dynamic);
        ClusterSettings settings = ClusterSettings.of(dynamic);
        PostgresConfig postgres =
                new PostgresMerge(
                                local,
                                section.section("postgresql"),
                                settings.standbyCluster()
                                        .map(ClusterSettings.StandbyCluster::createReplicaMethods)
                                        .orElse(List.of()),
                                forced(local, dynamic, settings),
                                warnings)
                        .merge();
        Map<String, @Nullable Object> adjusted = withTiming(section, settings.timing(), warnings);
        return new EffectiveConfig(postgres, settings, adjusted, warnings);
    }

    /**
     * A copied slot needs the rows that its reader hasn't had. And in strict mode a server that
     * recovers by itself from the crash of a session would show commits that no standby has
     * confirmed: it ends, and is started with clients held off. In pause nobody would start it.
     */
    private static SortedMap<String, String> forced(
            NodeConfig local, Map<String, ?> dynamic, ClusterSettings settings) {
        SortedMap<String, String> forced = new TreeMap<>();
        if (LogicalSlotsWanted.on(local, dynamic)) {
            forced.put("hot_standby_feedback", "on");
        }
        boolean strict =
                settings.synchronousMode() != ClusterSettings.SynchronousMode.OFF
                        && settings.synchronousModeStrict();
        if (strict && !settings.pause()) {
            forced.put("restart_after_crash", "off");
        }
        return forced;
    }

    private static List<String> refusals(Map<String, ?> dynamic) {
        List<String> refusals = new ArrayList<>();
        for (String key : List.of("ttl", "loop_wait", "retry_timeout")) {
            @Nullable Object value = dynamic.get(key);
            if (value != null && LenientValues.integer(value).isEmpty()) {
                refusals.add(key + " = " + value + " must be an integer number of seconds");
            }
        }
        @Nullable Object postgresql = dynamic.get("postgresql");
        if (postgresql != null && !(postgresql instanceof Map)) {
            refusals.add("postgresql must be a mapping");
        }
        @Nullable Object parameters = Section.of(postgresql).get("parameters");
        if (parameters != null && !(parameters instanceof Map)) {
            refusals.add("postgresql.parameters must be a mapping");
        }
        return refusals;
    }

    private static Map<String, @Nullable Object> withTiming(
            Section asked, Timing timing, List<String> warnings) {
        Map<String, @Nullable Object> adjusted = new LinkedHashMap<>(asked.values());
        long ttl = asked.integer("ttl").orElse(Timing.DEFAULT.ttl().toSeconds());
        if (ttl < timing.ttl().toSeconds()) {
            warnings.add(
                    "ttl="
                            + ttl
                            + " can't be smaller than "
                            + timing.ttl().toSeconds()
                            + ", adjusting...");
        } else if (ttl > timing.ttl().toSeconds()) {
            warnings.add(
                    "ttl="
                            + ttl
                            + " can't be larger than "
                            + timing.ttl().toSeconds()
                            + ", adjusting...");
        }
        long wait = asked.integer("loop_wait").orElse(Timing.DEFAULT.loopWait().toSeconds());
        long retry =
                asked.integer("retry_timeout").orElse(Timing.DEFAULT.retryTimeout().toSeconds());
        warnOfMinimum("loop_wait", wait, 1, warnings);
        warnOfMinimum("retry_timeout", retry, 3, warnings);
        if (Math.max(wait, 1) != timing.loopWait().toSeconds()
                || Math.max(retry, 3) != timing.retryTimeout().toSeconds()) {
            warnings.add(
                    "Violated the rule \"loop_wait + 2*retry_timeout <= ttl\", where ttl="
                            + timing.ttl().toSeconds()
                            + ": loop_wait="
                            + timing.loopWait().toSeconds()
                            + " and retry_timeout="
                            + timing.retryTimeout().toSeconds()
                            + " are used");
        }
        replace(adjusted, asked.integer("ttl"), "ttl", timing.ttl().toSeconds());
        replace(adjusted, asked.integer("loop_wait"), "loop_wait", timing.loopWait().toSeconds());
        replace(
                adjusted,
                asked.integer("retry_timeout"),
                "retry_timeout",
                timing.retryTimeout().toSeconds());
        return adjusted;
    }

    private static void warnOfMinimum(String name, long asked, long least, List<String> warnings) {
        if (asked < least) {
            warnings.add(name + "=" + asked + " can't be smaller than " + least + ", adjusting...");
        }
    }

    private static void replace(
            Map<String, @Nullable Object> values, OptionalLong asked, String key, long used) {
        if (asked.isPresent() && asked.getAsLong() != used) {
            values.put(key, used);
        }
    }
}
