package io.kumki.agent.config;

import io.kumki.agent.config.PostgresConfig.Credentials;
import io.kumki.agent.config.PostgresConfig.Listen;
import io.kumki.dcs.cluster.LenientValues;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Merges the two {@code postgresql} sections: key by key the local one replaces the dynamic one as
 * a whole; parameters are merged by name; some keys belong to one side alone.
 */
final class PostgresMerge {

    private static final Set<String> LOCAL_ONLY =
            Set.of(
                    "connect_address",
                    "proxy_address",
                    "listen",
                    "config_dir",
                    "data_dir",
                    "pgpass",
                    "authentication");

    private static final int STANDARD_PORT = 5432;

    private final NodeConfig node;
    private final Section dynamic;
    private final Section local;
    private final Section merged;
    private final List<String> remoteMethods;
    private final SortedMap<String, String> forced;
    private final List<String> warnings;

    /**
     * @param forced parameters that have these values whatever is configured
     * @param remoteMethods how a standby cluster is copied; they replace the section's methods
     */
    PostgresMerge(
            NodeConfig node,
            Section dynamic,
            List<String> remoteMethods,
            SortedMap<String, String> forced,
            List<String> warnings) {
        this.forced = forced;
        this.remoteMethods = remoteMethods;
        this.node = node;
        this.dynamic = dynamic;
        this.local = Section.of(node.postgresql());
        this.warnings = warnings;
        Map<String, @Nullable Object> both = new LinkedHashMap<>(dynamic.values());
        both.keySet().removeAll(LOCAL_ONLY);
        local.values()
                .forEach((key, value) -> {
                    if (!key.equals("use_slots")) {
                        both.put(key, value);
                    }
                });
        this.merged = Section.of(both);
    }

    PostgresConfig merge() {
        Map<String, Credentials> roles = roles();
        List<String> methods = replicaMethods();
        return new PostgresConfig(
                node.scope(),
                node.name(),
                listen(),
                files(),
                role(roles, "superuser"),
                role(roles, "replication"),
                roles.getOrDefault("rewind", role(roles, "superuser")),
                parameters(),
                lines("pg_hba"),
                lines("pg_ident"),
                texts("recovery_conf"),
                LenientValues.bool(dynamic.get("use_slots")).orElse(true),
                new PostgresConfig.Rejoin(
                        merged.flag("use_pg_rewind", false),
                        merged.flag("remove_data_directory_on_rewind_failure", false),
                        merged.flag("remove_data_directory_on_diverged_timelines", false)),
                methods,
                methodOptions(methods),
                new PostgresConfig.Scripts(
                        merged.textMap("callbacks"),
                        merged.text("pre_promote"),
                        merged.text("before_stop")),
                pgCtlTimeout(),
                new PostgresConfig.Sockets(
                        merged.flag("use_unix_socket", false),
                        merged.flag("use_unix_socket_repl", false),
                        merged.text("krbsrvname")));
    }

    private Listen listen() {
        HostPort.Split split = HostPort.split(local.text("listen").orElse("localhost").strip());
        int port = split.port().orElse(STANDARD_PORT);
        List<String> hosts =
                Arrays.stream(split.host().split(",", -1))
                        .map(host -> HostPort.bare(host.strip()))
                        .filter(host -> !host.isEmpty())
                        .toList();
        HostPort connect =
                local.text("connect_address")
                        .flatMap(text -> HostPort.parse(text, STANDARD_PORT))
                        .orElseGet(() -> new HostPort(localHost(hosts), port));
        return new Listen(
                String.join(",", hosts),
                port,
                connect.host(),
                connect.port(),
                local.text("proxy_address")
                        .flatMap(text -> HostPort.parse(text, STANDARD_PORT))
                        .map(HostPort::toString),
                merged.text("database").orElse("postgres"));
    }

    /** Where the server answers on its own host. */
    private static String localHost(List<String> hosts) {
        boolean everywhere =
                hosts.stream()
                        .anyMatch(List.of("*", "localhost", "0.0.0.0", "127.0.0.1")::contains);
        return everywhere || hosts.isEmpty() ? "localhost" : hosts.getFirst();
    }

    private PostgresConfig.Files files() {
        Path dataDir = path(local, "data_dir").orElse(Path.of(""));
        return new PostgresConfig.Files(
                dataDir,
                path(local, "config_dir").orElse(dataDir),
                path(merged, "bin_dir"),
                merged.textMap("bin_name"),
                merged.text("config_base_name").orElse("postgresql"),
                merged.text("custom_conf"),
                path(local, "pgpass")
                        .orElse(Path.of(System.getProperty("user.home", "/"), "pgpass")));
    }

    private Optional<Path> path(Section section, String key) {
        Optional<String> text = section.text(key);
        if (text.isPresent() && text.get().indexOf('\0') >= 0) {
            warnings.add("postgresql." + key + " is ignored: it must be a path");
            return Optional.empty();
        }
        return text.map(Path::of);
    }

    private Map<String, Credentials> roles() {
        Map<String, Credentials> roles = new LinkedHashMap<>();
        local.section("authentication")
                .values()
                .forEach((role, value) -> {
                    Section section = Section.of(value);
                    if (value instanceof Map) {
                        roles.put(role, credentials(section));
                    }
                });
        return roles;
    }

    private static Credentials role(Map<String, Credentials> roles, String name) {
        return roles.getOrDefault(
                name, new Credentials(Optional.empty(), Optional.empty(), new TreeMap<>()));
    }

    private static Credentials credentials(Section section) {
        SortedMap<String, String> options = new TreeMap<>();
        for (String key : EnvironmentVariables.CREDENTIAL_KEYS) {
            if (!key.equals("username") && !key.equals("password")) {
                section.text(key).ifPresent(text -> options.put(key, text));
            }
        }
        return new Credentials(section.text("username"), section.text("password"), options);
    }

    private SortedMap<String, String> parameters() {
        Map<String, @Nullable Object> fromDynamic = lowerCase(dynamic.section("parameters"));
        SortedMap<String, String> parameters = ControlledParameters.read(fromDynamic, warnings);
        fromDynamic.forEach((name, value) -> {
            if (ControlledParameters.derived(name)) {
                warnings.add(
                        "postgresql parameter "
                                + name
                                + " is ignored: it is made from "
                                + (name.equals("cluster_name") ? "scope" : "postgresql.listen"));
            } else if (!ControlledParameters.controlled(name)) {
                put(parameters, name, value);
            }
        });
        lowerCase(local.section("parameters"))
                .forEach((name, value) -> {
                    if (!ControlledParameters.controlled(name)) {
                        parameters.remove(name);
                        put(parameters, name, value);
                    }
                });
        parameters.putAll(forced);
        return parameters;
    }

    /** A null leaves the parameter to the server; a list is joined by commas. */
    private void put(SortedMap<String, String> parameters, String name, @Nullable Object value) {
        if (value == null) {
            return;
        }
        String text =
                value instanceof List<?> list
                                && list.stream().allMatch(item -> Section.scalar(item) != null)
                        ? String.join(",", list.stream().map(Section::scalar).toList())
                        : Section.scalar(value);
        if (text == null || text.indexOf('\0') >= 0 || text.indexOf('\n') >= 0) {
            warnings.add(
                    "postgresql parameter "
                            + name
                            + " is ignored: its value must be one line of text, a number or on/off");
        } else {
            parameters.put(name, text);
        }
    }

    private static Map<String, @Nullable Object> lowerCase(Section section) {
        Map<String, @Nullable Object> copy = new LinkedHashMap<>();
        section.values().forEach((name, value) -> copy.put(name.toLowerCase(Locale.ROOT), value));
        return copy;
    }

    private List<String> lines(String key) {
        if (merged.has(key) && !(merged.get(key) instanceof List)) {
            warnings.add("postgresql." + key + " is ignored: it must be a list of lines");
        }
        return merged.texts(key);
    }

    private SortedMap<String, String> texts(String key) {
        if (merged.has(key) && !(merged.get(key) instanceof Map)) {
            warnings.add("postgresql." + key + " is ignored: it must be a mapping");
        }
        return merged.textMap(key);
    }

    private List<String> replicaMethods() {
        if (!remoteMethods.isEmpty()) {
            return remoteMethods;
        }
        for (String key : List.of("create_replica_methods", "create_replica_method")) {
            List<String> methods =
                    merged.get(key) instanceof String one ? List.of(one) : merged.texts(key);
            if (!methods.isEmpty()) {
                return methods;
            }
        }
        return List.of("basebackup");
    }

    private SortedMap<String, Object> methodOptions(List<String> methods) {
        SortedMap<String, Object> options = new TreeMap<>();
        for (String method : methods) {
            Object value = merged.get(method);
            if (value instanceof Map || value instanceof List && method.equals("basebackup")) {
                options.put(method, value);
            } else if (!method.equals("basebackup")) {
                warnings.add(
                        "replica method "
                                + method
                                + " has no section postgresql."
                                + method
                                + " with a command: it will be skipped");
            }
        }
        return options;
    }

    private Duration pgCtlTimeout() {
        Duration standard = Duration.ofSeconds(60);
        if (!merged.has("pg_ctl_timeout")) {
            return standard;
        }
        Optional<Duration> timeout =
                LenientValues.seconds(merged.get("pg_ctl_timeout"))
                        .filter(length -> !length.isNegative());
        if (timeout.isEmpty()) {
            warnings.add(
                    "postgresql.pg_ctl_timeout = "
                            + merged.get("pg_ctl_timeout")
                            + " must be seconds, at least 0; 60 is used");
        }
        return timeout.orElse(standard);
    }
}
