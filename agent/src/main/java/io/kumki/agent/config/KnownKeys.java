package io.kumki.agent.config;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Which keys have a meaning, here or for the neighbours that read the same files. Typing errors
 * show as keys that aren't among them.
 */
final class KnownKeys {

    /** Sections by path with the keys they may hold; a section that isn't listed holds anything. */
    private static final Map<String, Set<String>> SECTIONS = sections();

    private KnownKeys() {}

    /** Paths of keys without meaning, sorted. */
    static List<String> unknown(Map<String, ?> tree) {
        List<String> unknown = new ArrayList<>();
        collect("", tree, SECTIONS, freeNames(tree), unknown);
        unknown.sort(null);
        return unknown;
    }

    private static void collect(
            String path,
            Map<?, ?> section,
            Map<String, Set<String>> sections,
            Set<String> free,
            List<String> unknown) {
        Set<String> known = sections.get(path);
        if (known == null) {
            return;
        }
        section.forEach((key, value) -> {
            String inner = path.isEmpty() ? key.toString() : path + "." + key;
            if (!known.contains(key) && !free.contains(inner)) {
                unknown.add(inner);
            } else if (value instanceof Map<?, ?> map) {
                collect(inner, map, sections, free, unknown);
            }
        });
    }

    /** Sections that the configuration itself names: replica and bootstrap methods. */
    private static Set<String> freeNames(Map<String, ?> tree) {
        Set<String> names = new TreeSet<>();
        for (String prefix : List.of("postgresql", "bootstrap.dcs.postgresql")) {
            for (String key : List.of("create_replica_methods", "create_replica_method")) {
                add(names, prefix, Section.at(tree, prefix + "." + key));
            }
        }
        add(names, "bootstrap", Section.at(tree, "bootstrap.method"));
        return names;
    }

    private static void add(Set<String> names, String prefix, @Nullable Object value) {
        if (value instanceof List<?> list) {
            list.forEach(item -> names.add(prefix + "." + item));
        } else if (value != null) {
            names.add(prefix + "." + value);
        }
    }

    private static Map<String, Set<String>> sections() {
        Map<String, Set<String>> map = new HashMap<>();
        put(
                map,
                "",
                "scope name namespace thread_pool_size thread_stack_size log restapi ctl etcd3 etcd"
                        + " consul zookeeper exhibitor kubernetes raft bootstrap citus postgresql"
                        + " watchdog tags lease_guard");
        put(
                map,
                "log",
                "type level traceback_level format dateformat static_fields max_queue_size dir mode"
                        + " file_num file_size loggers deduplicate_heartbeat_logs");
        put(
                map,
                "restapi",
                "listen connect_address authentication auth certfile keyfile keyfile_password"
                        + " cafile ciphers verify_client allowlist allowlist_include_members"
                        + " http_extra_headers https_extra_headers request_queue_size"
                        + " thread_pool_size server_tokens");
        put(map, "restapi.authentication", "username password");
        put(map, "ctl", "authentication auth insecure cacert certfile keyfile keyfile_password");
        put(map, "ctl.authentication", "username password");
        String etcd =
                "host hosts port url proxy srv srv_suffix discovery_srv srv_domain use_proxies"
                        + " protocol username password cacert cert key";
        put(map, "etcd", etcd);
        put(map, "etcd3", etcd);
        put(map, "citus", "group database");
        put(map, "watchdog", "mode device safety_margin driver");
        put(map, "bootstrap", "dcs method initdb post_bootstrap post_init pg_hba users");
        put(
                map,
                "bootstrap.dcs",
                "ttl loop_wait retry_timeout maximum_lag_on_failover maximum_lag_on_syncnode"
                        + " max_timelines_history primary_start_timeout master_start_timeout"
                        + " primary_stop_timeout master_stop_timeout synchronous_mode"
                        + " synchronous_mode_strict synchronous_node_count failsafe_mode"
                        + " check_timeline pause standby_cluster slots permanent_replication_slots"
                        + " permanent_slots ignore_slots member_slots_ttl postgresql"
                        + " crash_loop_limit crash_loop_window"
                        + " primary_race_backoff");
        put(
                map,
                "bootstrap.dcs.standby_cluster",
                "host port primary_slot_name create_replica_methods restore_command"
                        + " archive_cleanup_command recovery_min_apply_delay");
        String dynamic =
                "bin_dir bin_name database config_base_name custom_conf parameters pg_hba pg_ident"
                        + " recovery_conf use_slots use_pg_rewind"
                        + " remove_data_directory_on_rewind_failure"
                        + " remove_data_directory_on_diverged_timelines create_replica_methods"
                        + " create_replica_method basebackup callbacks pre_promote before_stop"
                        + " pg_ctl_timeout use_unix_socket use_unix_socket_repl krbsrvname rewind"
                        + " parameters_primary parameters_replica parameters_standby_leader"
                        + " pg_hba_primary pg_hba_replica pg_hba_standby_leader pg_ident_primary"
                        + " pg_ident_replica pg_ident_standby_leader";
        put(map, "bootstrap.dcs.postgresql", dynamic);
        put(
                map,
                "postgresql",
                dynamic
                        + " listen connect_address proxy_address data_dir config_dir pgpass"
                        + " authentication name replication superuser pg_rewind");
        put(map, "postgresql.callbacks", "on_start on_stop on_restart on_reload on_role_change");
        put(
                map,
                "postgresql.bin_name",
                "pg_ctl initdb pg_controldata pg_basebackup postgres pg_isready pg_rewind");
        put(map, "postgresql.authentication", "superuser replication rewind");
        String credentials = String.join(" ", EnvironmentVariables.CREDENTIAL_KEYS);
        put(map, "postgresql.authentication.superuser", credentials);
        put(map, "postgresql.authentication.replication", credentials);
        put(map, "postgresql.authentication.rewind", credentials);
        return map;
    }

    private static void put(Map<String, Set<String>> map, String section, String keys) {
        map.put(section, new HashSet<>(Arrays.asList(keys.split(" ", -1))));
    }
}
