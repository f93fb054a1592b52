package io.kumki.agent.config;

import io.kumki.dcs.cluster.ClusterSettings;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The whole configuration that a node would run with, as YAML for people: each value with where it
 * comes from, secrets masked. The dynamic part, {@code bootstrap.dcs}, is what a new cluster would
 * begin with; an existing one has its own in the store.
 */
public final class ResultingConfig {

    private static final String DEFAULT = "default";

    private final LocalConfig local;
    private final StringBuilder text = new StringBuilder();

    private ResultingConfig(LocalConfig local) {
        this.local = local;
    }

    /**
     * @throws InvalidConfigException with everything that keeps a node from running with it
     * @throws RefusedConfigException if {@code bootstrap.dcs} can't be used
     */
    public static String print(LocalConfig local)
            throws InvalidConfigException, RefusedConfigException {
        NodeConfig node = NodeConfigReader.read(local).config();
        EffectiveConfig effective = EffectiveConfig.merge(node, node.bootstrap().dcs());
        ResultingConfig result = new ResultingConfig(local);
        result.mapping("", "", local.tree(), defaults(node, effective));
        return result.text.toString();
    }

    private void mapping(String indent, String path, Map<?, ?> written, Map<?, ?> defaults) {
        SortedSet<String> keys = new TreeSet<>();
        written.keySet().forEach(key -> keys.add(String.valueOf(key)));
        defaults.keySet().forEach(key -> keys.add(String.valueOf(key)));
        for (String key : keys) {
            Object value = written.get(key);
            Object standard = defaults.get(key);
            String inner = path.isEmpty() ? key : path + "." + key;
            if (sectionOf(value, standard)) {
                text.append(indent).append(YamlText.print(Map.of(key, 0)).replace(" 0\n", "\n"));
                mapping(indent + "  ", inner, map(value), map(standard));
            } else if (value != null) {
                value(indent, key, value, local.origin(inner));
            } else if (standard != null) {
                value(indent, key, standard, DEFAULT);
            } else {
                text.append(indent).append("# ").append(key).append(" is set to nothing  # ");
                text.append(local.origin(inner)).append('\n');
            }
        }
    }

    private static boolean sectionOf(@Nullable Object value, @Nullable Object standard) {
        return value instanceof Map<?, ?> map && !map.isEmpty()
                || value == null && standard instanceof Map<?, ?>;
    }

    private static Map<?, ?> map(@Nullable Object value) {
        return value instanceof Map<?, ?> map ? map : Map.of();
    }

    /** What takes several lines has its source on the line before: it could be a text's part. */
    private void value(String indent, String key, Object value, String source) {
        Map<String, @Nullable Object> entry = new LinkedHashMap<>();
        entry.put(key, Secrets.masked(key, value));
        List<String> lines = YamlText.print(entry).lines().toList();
        if (lines.size() > 1) {
            text.append(indent).append("# ").append(source).append('\n');
        }
        for (String line : lines) {
            text.append(indent).append(line);
            text.append(lines.size() > 1 ? "" : "  # " + source).append('\n');
        }
    }

    private static Map<String, Object> defaults(NodeConfig node, EffectiveConfig effective) {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("namespace", node.namespace());
        all.put("lease_guard", lower(node.leaseGuard()));
        all.put("thread_pool_size", node.threadPoolSize());
        all.put(
                "log",
                Map.of(
                        "level",
                        node.log().level(),
                        "type",
                        node.log().json() ? "json" : "plain",
                        "traceback_level",
                        node.log().tracebackAtDebugOnly() ? "DEBUG" : "ERROR",
                        "max_queue_size",
                        node.log().maxQueueSize(),
                        "deduplicate_heartbeat_logs",
                        node.log().deduplicateHeartbeatLogs()));
        all.put(
                "restapi",
                Map.of(
                        "connect_address",
                        node.rest().connectAddress().toString(),
                        "server_tokens",
                        node.rest().serverTokens(),
                        "allowlist",
                        node.rest().allowlist(),
                        "allowlist_include_members",
                        node.rest().allowlistIncludeMembers(),
                        "verify_client",
                        node.rest().tls().map(RestSettings.Tls::verifyClient).orElse("none"),
                        "request_queue_size",
                        node.rest().limits().requestQueueSize(),
                        "thread_pool_size",
                        node.rest().limits().threadPoolSize()));
        all.put("etcd3", Map.of("protocol", node.etcd().https() ? "https" : "http"));
        all.put("ctl", Map.of("insecure", node.ctl().insecure()));
        all.put(
                "watchdog",
                Map.of(
                        "mode",
                        lower(node.watchdog().mode()),
                        "device",
                        node.watchdog().device().toString(),
                        "driver",
                        node.watchdog().driver(),
                        "safety_margin",
                        node.watchdog().safetyMarginSeconds()));
        all.put("postgresql", postgresql(effective.postgres()));
        all.put("bootstrap", Map.of("dcs", dynamic(node, effective)));
        return all;
    }

    private static Map<String, Object> postgresql(PostgresConfig postgres) {
        Map<String, Object> section = new LinkedHashMap<>();
        PostgresConfig.Listen listen = postgres.listen();
        section.put("connect_address", listen.connectHost() + ":" + listen.connectPort());
        section.put("database", listen.database());
        section.put("config_dir", postgres.files().configDir().toString());
        section.put("config_base_name", postgres.files().configBaseName());
        postgres.files().binDir().ifPresent(bin -> section.put("bin_dir", bin.toString()));
        section.put("pgpass", postgres.files().pgpass().toString());
        section.put("pg_ctl_timeout", postgres.pgCtlTimeout().toSeconds());
        section.put("use_unix_socket", postgres.sockets().superuser());
        section.put("use_unix_socket_repl", postgres.sockets().replication());
        section.put("create_replica_methods", postgres.createReplicaMethods());
        return section;
    }

    private static Map<String, Object> dynamic(NodeConfig node, EffectiveConfig effective) {
        // those of the node stand in its own section
        SortedMap<String, String> parameters = new TreeMap<>(effective.postgres().parameters());
        parameters
                .keySet()
                .removeAll(Section.of(node.postgresql().get("parameters")).values().keySet());
        ClusterSettings settings = effective.settings();
        Map<String, Object> section = new LinkedHashMap<>();
        section.put("ttl", settings.timing().ttl().toSeconds());
        section.put("loop_wait", settings.timing().loopWait().toSeconds());
        section.put("retry_timeout", settings.timing().retryTimeout().toSeconds());
        section.put("maximum_lag_on_failover", settings.maximumLagOnFailover());
        section.put("maximum_lag_on_syncnode", settings.maximumLagOnSyncnode());
        section.put("max_timelines_history", settings.maxTimelinesHistory());
        section.put("primary_start_timeout", settings.primaryStartTimeout().toSeconds());
        section.put("primary_stop_timeout", settings.primaryStopTimeout().toSeconds());
        section.put("check_timeline", settings.checkTimeline());
        section.put("failsafe_mode", settings.failsafeMode());
        section.put("synchronous_mode", lower(settings.synchronousMode()));
        section.put("synchronous_mode_strict", settings.synchronousModeStrict());
        section.put("synchronous_node_count", settings.synchronousNodeCount());
        section.put("member_slots_ttl", settings.memberSlotsTtl().toSeconds());
        section.put("crash_loop_limit", settings.crashLoop().crashes());
        section.put("crash_loop_window", settings.crashLoop().window().toSeconds());
        PostgresConfig.Rejoin rejoin = effective.postgres().rejoin();
        section.put(
                "postgresql",
                Map.of(
                        "use_slots",
                        effective.postgres().useSlots(),
                        "use_pg_rewind",
                        rejoin.usePgRewind(),
                        "remove_data_directory_on_rewind_failure",
                        rejoin.removeDataDirectoryOnRewindFailure(),
                        "remove_data_directory_on_diverged_timelines",
                        rejoin.removeDataDirectoryOnDivergedTimelines(),
                        "parameters",
                        parameters));
        return section;
    }

    private static String lower(Enum<?> value) {
        return value.name().toLowerCase(java.util.Locale.ROOT);
    }
}
