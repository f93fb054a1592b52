package io.kumki.agent.config;

import io.kumki.agent.config.EnvironmentConfig.Conversion;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The table of variables, names without their prefix. */
final class EnvironmentVariables {

    /** Where a variable's value goes. */
    record Target(String path, Conversion conversion) {}

    /** What a database role's section may hold. */
    static final List<String> CREDENTIAL_KEYS =
            List.of(
                    "username",
                    "password",
                    "sslmode",
                    "sslcert",
                    "sslkey",
                    "sslpassword",
                    "sslrootcert",
                    "sslcrl",
                    "sslcrldir",
                    "gssencmode",
                    "channel_binding",
                    "sslnegotiation");

    /** Variables with one fixed place. Old names stand before the new ones, which win. */
    static final Map<String, Target> FIXED = fixed();

    /** {@code STORE_SUFFIX} to the store's key of that name. */
    static final Map<String, Conversion> STORE_SUFFIXES = storeSuffixes();

    private EnvironmentVariables() {}

    static boolean isFixed(String name) {
        return FIXED.containsKey(name);
    }

    private static Map<String, Target> fixed() {
        Map<String, Target> table = new LinkedHashMap<>();
        add(
                table,
                "",
                "",
                Conversion.TEXT,
                "NAME NAMESPACE SCOPE THREAD_POOL_SIZE THREAD_STACK_SIZE");
        table.put("LOGLEVEL", new Target("log.level", Conversion.TEXT));
        table.put("LOGFORMAT", new Target("log.format", Conversion.LOG_FORMAT));
        table.put("LOG_DATEFMT", new Target("log.dateformat", Conversion.TEXT));
        add(table, "LOG_", "log.", Conversion.TEXT, "TYPE LEVEL TRACEBACK_LEVEL DATEFORMAT DIR");
        add(table, "LOG_", "log.", Conversion.LOG_FORMAT, "FORMAT");
        add(table, "LOG_", "log.", Conversion.INTEGER, "MAX_QUEUE_SIZE FILE_SIZE FILE_NUM MODE");
        add(table, "LOG_", "log.", Conversion.MAPPING, "STATIC_FIELDS LOGGERS");
        add(table, "LOG_", "log.", Conversion.BOOLEAN, "DEDUPLICATE_HEARTBEAT_LOGS");
        add(
                table,
                "RESTAPI_",
                "restapi.",
                Conversion.TEXT,
                "LISTEN CONNECT_ADDRESS CERTFILE KEYFILE KEYFILE_PASSWORD CAFILE CIPHERS"
                        + " VERIFY_CLIENT SERVER_TOKENS");
        add(
                table,
                "RESTAPI_",
                "restapi.",
                Conversion.MAPPING,
                "HTTP_EXTRA_HEADERS HTTPS_EXTRA_HEADERS");
        add(table, "RESTAPI_", "restapi.", Conversion.LIST, "ALLOWLIST");
        add(table, "RESTAPI_", "restapi.", Conversion.BOOLEAN, "ALLOWLIST_INCLUDE_MEMBERS");
        add(
                table,
                "RESTAPI_",
                "restapi.",
                Conversion.INTEGER,
                "REQUEST_QUEUE_SIZE THREAD_POOL_SIZE");
        add(table, "RESTAPI_", "restapi.authentication.", Conversion.TEXT, "USERNAME PASSWORD");
        add(table, "CTL_", "ctl.", Conversion.TEXT, "CACERT CERTFILE KEYFILE KEYFILE_PASSWORD");
        add(table, "CTL_", "ctl.", Conversion.BOOLEAN, "INSECURE");
        add(table, "CTL_", "ctl.authentication.", Conversion.TEXT, "USERNAME PASSWORD");
        add(
                table,
                "POSTGRESQL_",
                "postgresql.",
                Conversion.TEXT,
                "LISTEN CONNECT_ADDRESS PROXY_ADDRESS CONFIG_DIR DATA_DIR PGPASS BIN_DIR");
        add(
                table,
                "POSTGRESQL_BIN_",
                "postgresql.bin_name.",
                Conversion.TEXT,
                "PG_CTL INITDB PG_CONTROLDATA PG_BASEBACKUP POSTGRES PG_ISREADY PG_REWIND");
        for (String role : List.of("superuser", "replication", "rewind")) {
            add(
                    table,
                    role.toUpperCase(Locale.ROOT) + "_",
                    "postgresql.authentication." + role + ".",
                    Conversion.TEXT,
                    String.join(" ", CREDENTIAL_KEYS).toUpperCase(Locale.ROOT));
        }
        add(table, "RAFT_", "raft.", Conversion.TEXT, "SELF_ADDR BIND_ADDR DATA_DIR PASSWORD");
        add(table, "RAFT_", "raft.", Conversion.LIST, "PARTNER_ADDRS");
        add(table, "CITUS_", "citus.", Conversion.INTEGER, "GROUP");
        add(table, "CITUS_", "citus.", Conversion.TEXT, "DATABASE");
        return table;
    }

    private static void add(
            Map<String, Target> table,
            String prefix,
            String section,
            Conversion conversion,
            String names) {
        for (String name : names.split(" ", -1)) {
            table.put(
                    prefix + name, new Target(section + name.toLowerCase(Locale.ROOT), conversion));
        }
    }

    private static Map<String, Conversion> storeSuffixes() {
        Map<String, Conversion> table = new LinkedHashMap<>();
        suffixes(
                table,
                Conversion.TEXT,
                "HOST URL PROXY PROTOCOL SRV SRV_SUFFIX CACERT CERT KEY KEY_PASSWORD TOKEN DC"
                        + " CONSISTENCY NAMESPACE CONTEXT SCOPE_LABEL ROLE_LABEL LEADER_LABEL_VALUE"
                        + " FOLLOWER_LABEL_VALUE STANDBY_LEADER_LABEL_VALUE TMP_ROLE_LABEL POD_IP"
                        + " SERVICE_CHECK_INTERVAL SERVICE_CHECK_TLS_SERVER_NAME USE_SSL");
        suffixes(table, Conversion.INTEGER, "PORT");
        suffixes(table, Conversion.LIST, "HOSTS PORTS CHECKS SERVICE_TAGS RETRIABLE_HTTP_CODES");
        suffixes(table, Conversion.MAPPING, "LABELS SET_ACLS AUTH_DATA BOOTSTRAP_LABELS");
        suffixes(
                table,
                Conversion.BOOLEAN,
                "USE_PROXIES REGISTER_SERVICE USE_ENDPOINTS BYPASS_API_SERVICE VERIFY");
        return table;
    }

    private static void suffixes(
            Map<String, Conversion> table, Conversion conversion, String names) {
        for (String name : names.split(" ", -1)) {
            table.put(name, conversion);
        }
    }
}
