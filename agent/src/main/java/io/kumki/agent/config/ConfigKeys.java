package io.kumki.agent.config;

import java.util.ArrayList;
import java.util.List;

/** The table of checked keys, in the order of the reference. */
final class ConfigKeys {

    /** Whether a key must be there when the section that holds it is. */
    enum Need {
        NO,
        /** {@code --validate-config} asks for it; a node runs without. */
        STRICTLY,
        /** A node can't run without. */
        ALWAYS
    }

    /**
     * @param path keys joined by dots
     * @param example shown when it is missing
     */
    record Key(String path, Form form, Need need, String example) {
        String parent() {
            return path.contains(".") ? path.substring(0, path.lastIndexOf('.')) : "";
        }
    }

    private static final long ANY = Long.MAX_VALUE;
    private static final long INT = Integer.MAX_VALUE;

    private static final Form SYNCHRONOUS_MODE =
            new Form(
                    "on, off or quorum",
                    value ->
                            Form.BOOLEAN.usable().test(value)
                                    || value instanceof String text
                                            && text.equalsIgnoreCase("quorum"),
                    value ->
                            Form.unless(
                                    value instanceof Boolean || "quorum".equals(value),
                                    "is not a boolean"));

    private static final Form ETCD_HOSTS =
            new Form(
                    "a list of HOST[:PORT], or text with commas between them",
                    value -> value instanceof String || Form.TEXTS.usable().test(value),
                    value ->
                            Form.unless(
                                    value instanceof String || value instanceof Iterable,
                                    "is not a list"));

    /** One that can't be read would let everybody in, or nobody. */
    private static final Form ALLOWLIST =
            new Form(
                    "a list of networks such as 10.0.0.0/8, addresses and host names",
                    value ->
                            Form.TEXTS.usable().test(value)
                                    && value instanceof List<?> list
                                    && list.stream()
                                            .allMatch(entry ->
                                                    AddressChecks.network(String.valueOf(entry))),
                    Form.TEXTS.strict());

    private static final Form WATCHDOG_MODE =
            new Form(
                    "off, automatic or required",
                    Form.SCALAR.usable(),
                    value ->
                            Form.unless(
                                    value instanceof Boolean flag && !flag
                                            || value instanceof String text
                                                    && List.of("off", "automatic", "required")
                                                            .contains(text),
                                    Form.WRONG_VALUE));

    private static final Form LEASE_GUARD =
            new Form(
                    "off, automatic or required",
                    value ->
                            value instanceof Boolean flag && !flag
                                    || value instanceof String text
                                            && List.of("off", "automatic", "required")
                                                    .contains(text),
                    value ->
                            Form.unless(
                                    value instanceof Boolean flag && !flag
                                            || value instanceof String text
                                                    && List.of("off", "automatic", "required")
                                                            .contains(text),
                                    Form.WRONG_VALUE));

    // last: the table is made of the forms above
    static final List<Key> TABLE = new Table().keys();

    private ConfigKeys() {}

    private static final class Table {
        private final List<Key> keys = new ArrayList<>();

        private void needed(String path, Form form, String example) {
            keys.add(new Key(path, form, Need.ALWAYS, example));
        }

        private void strictly(String path, Form form) {
            keys.add(new Key(path, form, Need.STRICTLY, ""));
        }

        private void maybe(Form form, String section, String... names) {
            for (String name : names) {
                keys.add(new Key(section + name, form, Need.NO, ""));
            }
        }

        private List<Key> keys() {
            needed("name", Form.NAME, "name: pg-1");
            needed("scope", Form.NAME, "scope: main");
            maybe(Form.TEXT, "", "namespace");
            maybe(Form.yamlInteger(5, INT).runsWithAnything(), "", "thread_pool_size");
            maybe(Form.ANY, "", "thread_stack_size");
            log();
            ctl();
            restapi();
            bootstrap();
            stores();
            citus();
            postgresql();
            watchdogAndTags();
            return List.copyOf(keys);
        }

        private void log() {
            maybe(Form.MAPPING, "", "log");
            maybe(Form.choice(true, "plain", "json"), "log.", "type");
            maybe(
                    Form.choice(
                            true, "DEBUG", "INFO", "WARN", "WARNING", "ERROR", "FATAL", "CRITICAL"),
                    "log.",
                    "level");
            maybe(Form.choice(false, "DEBUG", "ERROR"), "log.", "traceback_level");
            maybe(LogFormat.FORM, "log.", "format");
            maybe(Form.TEXT, "log.", "dateformat");
            maybe(Form.PATH, "log.", "dir");
            maybe(Form.MAPPING, "log.", "static_fields", "loggers");
            maybe(Form.integer(), "log.", "max_queue_size", "file_num", "file_size");
            maybe(Form.yamlInteger(0, 511), "log.", "mode");
            maybe(Form.BOOLEAN, "log.", "deduplicate_heartbeat_logs");
        }

        private void ctl() {
            maybe(Form.MAPPING, "", "ctl");
            maybe(Form.MAPPING, "ctl.", "authentication");
            maybe(Form.TEXT, "ctl.authentication.", "username", "password");
            maybe(Form.BOOLEAN, "ctl.", "insecure");
            maybe(Form.PATH, "ctl.", "cacert", "certfile", "keyfile");
            maybe(Form.TEXT, "ctl.", "keyfile_password");
        }

        private void restapi() {
            needed("restapi", Form.MAPPING, "restapi: {listen: '0.0.0.0:8008'}");
            maybe(Form.yamlInteger(5, INT).runsWithAnything(), "restapi.", "thread_pool_size");
            needed("restapi.listen", Form.ADDRESS, "listen: 0.0.0.0:8008");
            strictly("restapi.connect_address", Form.ADDRESS);
            maybe(Form.MAPPING, "restapi.", "authentication");
            needed("restapi.authentication.username", Form.TEXT, "username: kumki");
            needed("restapi.authentication.password", Form.TEXT, "password: secret");
            maybe(Form.PATH, "restapi.", "certfile", "keyfile");
            maybe(Form.TEXT, "restapi.", "keyfile_password");
            maybe(Form.PATH, "restapi.", "cafile");
            maybe(Form.TEXT, "restapi.", "ciphers");
            maybe(
                    Form.choice(true, "none", "optional", "required").runsWithAnything(),
                    "restapi.",
                    "verify_client");
            maybe(ALLOWLIST, "restapi.", "allowlist");
            maybe(Form.TRUTH, "restapi.", "allowlist_include_members");
            maybe(Form.MAPPING, "restapi.", "http_extra_headers", "https_extra_headers");
            maybe(Form.yamlInteger(0, 4096), "restapi.", "request_queue_size");
            maybe(
                    Form.choice(true, "original", "minimal", "productonly").runsWithAnything(),
                    "restapi.",
                    "server_tokens");
        }

        /** {@code ttl} from 5 on: as members take it, though their peers raise it to 20. */
        private void bootstrap() {
            maybe(Form.MAPPING, "", "bootstrap");
            strictly("bootstrap.dcs", Form.MAPPING);
            String dcs = "bootstrap.dcs.";
            maybe(Form.number(5, ANY).runsWithAnyNumber(), dcs, "ttl");
            maybe(Form.number(1, ANY).runsWithAnyNumber(), dcs, "loop_wait");
            maybe(Form.number(3, ANY).runsWithAnyNumber(), dcs, "retry_timeout");
            maybe(Form.number(0, ANY).runsWithAnyNumber(), dcs, "maximum_lag_on_failover");
            maybe(Form.number(-1, ANY).runsWithAnyNumber(), dcs, "maximum_lag_on_syncnode");
            maybe(Form.seconds(0).runsWithAnyNumber(), dcs, "member_slots_ttl");
            maybe(Form.number(0, 20).runsWithAnyNumber(), dcs, "crash_loop_limit");
            maybe(Form.seconds(1).runsWithAnyNumber(), dcs, "crash_loop_window");
            maybe(Form.MAPPING, dcs, "postgresql");
            maybe(Form.MAPPING, dcs + "postgresql.", "parameters");
            String parameters = dcs + "postgresql.parameters.";
            maybe(Form.number(1, 262_143).runsWithAnyNumber(), parameters, "max_connections");
            maybe(
                    Form.number(10, INT).runsWithAnyNumber(),
                    parameters,
                    "max_locks_per_transaction");
            maybe(
                    Form.number(0, 262_143).runsWithAnyNumber(),
                    parameters,
                    "max_prepared_transactions",
                    "max_replication_slots",
                    "max_wal_senders",
                    "max_worker_processes");
            maybe(Form.BOOLEAN, dcs + "postgresql.", "use_pg_rewind", "use_slots");
            maybe(Form.TEXTS, dcs + "postgresql.", "pg_hba", "pg_ident");
            maybe(Form.seconds(0).runsWithAnyNumber(), dcs + "postgresql.", "pg_ctl_timeout");
            maybe(
                    Form.number(0, ANY).runsWithAnyNumber(),
                    dcs,
                    "primary_start_timeout",
                    "primary_stop_timeout");
            maybe(Form.MAPPING, dcs, "standby_cluster");
            maybe(SYNCHRONOUS_MODE, dcs, "synchronous_mode");
            maybe(Form.BOOLEAN, dcs, "synchronous_mode_strict");
            maybe(Form.number(1, ANY).runsWithAnyNumber(), dcs, "synchronous_node_count");
            maybe(Form.TEXTS_OR_MAPPINGS, "bootstrap.", "initdb");
            maybe(Form.TEXT, "bootstrap.", "method", "post_bootstrap", "post_init");
            maybe(Form.TEXTS, "bootstrap.", "pg_hba");
        }

        private void stores() {
            maybe(Form.MAPPING, "", "etcd3");
            maybe(Form.SCALAR, "etcd3.", "host");
            maybe(ETCD_HOSTS, "etcd3.", "hosts");
            maybe(Form.yamlInteger(1, 65_535), "etcd3.", "port");
            maybe(Form.TEXT, "etcd3.", "url", "proxy", "srv", "srv_suffix");
            maybe(Form.BOOLEAN, "etcd3.", "use_proxies");
            maybe(Form.choice(false, "http", "https"), "etcd3.", "protocol");
            maybe(Form.TEXT, "etcd3.", "username", "password");
            maybe(Form.PATH, "etcd3.", "cacert", "cert", "key");
        }

        private void citus() {
            maybe(Form.MAPPING, "", "citus");
            strictly("citus.database", Form.TEXT);
            strictly("citus.group", Form.yamlInteger(0, INT));
        }

        private void postgresql() {
            String section = "postgresql.";
            needed("postgresql", Form.MAPPING, "postgresql: {listen: …, data_dir: …}");
            needed("postgresql.listen", Form.SERVER_ADDRESSES, "listen: 0.0.0.0:5432");
            strictly("postgresql.connect_address", Form.SERVER_ADDRESS);
            maybe(Form.SERVER_ADDRESS, section, "proxy_address");
            needed(
                    "postgresql.authentication",
                    Form.MAPPING,
                    "authentication: {superuser: …, replication: …}");
            for (String role : List.of("replication", "superuser", "rewind")) {
                String path = section + "authentication." + role;
                if (role.equals("rewind")) {
                    maybe(Form.MAPPING, "", path);
                } else {
                    needed(path, Form.MAPPING, role + ": {username: …, password: …}");
                }
                strictly(path + ".username", Form.TEXT);
                maybe(Form.TEXT, path + ".", "password");
            }
            needed(
                    "postgresql.data_dir",
                    Form.OWN_DIRECTORY,
                    "data_dir: /var/lib/postgresql/15/main");
            maybe(Form.MAPPING, section, "bin_name");
            maybe(Form.PATH, section, "bin_dir", "config_dir", "pgpass", "custom_conf");
            maybe(Form.TEXT, section, "database", "config_base_name", "krbsrvname");
            maybe(Form.MAPPING, section, "parameters", "recovery_conf", "callbacks");
            maybe(Form.TEXT, section + "parameters.", "unix_socket_directories");
            maybe(Form.TEXTS, section, "pg_hba", "pg_ident");
            maybe(Form.seconds(0), section, "pg_ctl_timeout");
            maybe(
                    Form.BOOLEAN,
                    section,
                    "use_pg_rewind",
                    "remove_data_directory_on_rewind_failure",
                    "remove_data_directory_on_diverged_timelines",
                    "use_unix_socket",
                    "use_unix_socket_repl");
            maybe(Form.TEXTS, section, "create_replica_methods");
            maybe(Form.TEXT, section, "pre_promote", "before_stop");
        }

        private void watchdogAndTags() {
            maybe(Form.MAPPING, "", "watchdog");
            maybe(WATCHDOG_MODE, "watchdog.", "mode");
            maybe(Form.PATH, "watchdog.", "device");
            maybe(Form.yamlInteger(-1, INT), "watchdog.", "safety_margin");
            maybe(LEASE_GUARD, "", "lease_guard");
            maybe(Form.MAPPING, "", "tags");
            maybe(
                    Form.TRUTH,
                    "tags.",
                    "nofailover",
                    "nosync",
                    "clonefrom",
                    "noloadbalance",
                    "nostream");
            maybe(
                    Form.yamlInteger(0, INT).runsWithAnything(),
                    "tags.",
                    "failover_priority",
                    "sync_priority");
            maybe(Form.TEXT, "tags.", "replicatefrom");
        }
    }
}
