package io.kumki.agent.config;

import io.kumki.dcs.cluster.LenientValues;
import io.kumki.dcs.cluster.Tags;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** Turns the tree of a local configuration into a {@link NodeConfig}, or says all that is wrong. */
public final class NodeConfigReader {

    /** What was read, and what an operator should know about it, one sentence each. */
    public record Reading(NodeConfig config, List<String> warnings) {
        public Reading {
            warnings = List.copyOf(warnings);
        }
    }

    private final Map<String, @Nullable Object> tree;
    private final Section root;
    private final List<String> warnings;

    private NodeConfigReader(Map<String, @Nullable Object> tree, List<String> warnings) {
        this.tree = tree;
        this.root = Section.of(tree);
        this.warnings = new ArrayList<>(warnings);
    }

    /**
     * @throws InvalidConfigException with everything that keeps a node from running with it
     */
    public static Reading read(LocalConfig local) throws InvalidConfigException {
        Map<String, @Nullable Object> tree = OldLayouts.renewed(local.tree());
        List<Problem> problems = new ArrayList<>(local.problems());
        problems.addAll(ConfigValidator.problems(tree));
        if (!problems.isEmpty()) {
            throw new InvalidConfigException(local.source(), problems);
        }
        NodeConfigReader reader = new NodeConfigReader(tree, local.warnings());
        NodeConfig config = reader.config();
        return new Reading(config, reader.warnings);
    }

    private NodeConfig config() {
        List<String> unknown = KnownKeys.unknown(tree);
        if (!unknown.isEmpty()) {
            warnings.add(
                    "unknown keys are ignored: "
                            + String.join(", ", unknown)
                            + "; check their spelling and place");
        }
        for (String store :
                List.of("consul", "etcd", "exhibitor", "kubernetes", "raft", "zookeeper")) {
            if (tree.containsKey(store)) {
                warnings.add("the section " + store + " is ignored: the store is that of etcd3");
            }
        }
        Section postgresql = root.section("postgresql");
        RestSettings rest = rest(root.section("restapi"));
        return new NodeConfig(
                required("scope"),
                root.text("namespace").orElse("service").replaceAll("^/+|/+$", ""),
                required("name"),
                log(root.section("log")),
                rest,
                ctl(root.section("ctl"), rest),
                EtcdSettings.of(root.section("etcd3")),
                BootstrapReader.read(root, warnings),
                tags(root.section("tags")),
                watchdog(root.section("watchdog")),
                leaseGuard(),
                citus(root.section("citus")),
                poolSize("", root),
                postgresql.values());
    }

    private String required(String key) {
        return root.text(key).orElse("");
    }

    private int poolSize(String prefix, Section section) {
        int size = section.integer("thread_pool_size", 5);
        if (section.has("thread_pool_size")
                && (size < 5 || section.integer("thread_pool_size").isEmpty())) {
            warnings.add(
                    prefix
                            + "thread_pool_size = "
                            + section.get("thread_pool_size")
                            + ": must be an integer of at least 5; 5 is used");
            return 5;
        }
        return size;
    }

    private RestSettings rest(Section section) {
        HostPort listen = section.text("listen").flatMap(HostPort::parse).orElseThrow();
        String verify = section.text("verify_client").orElse("none").toLowerCase(Locale.ROOT);
        if (!List.of("none", "optional", "required").contains(verify)) {
            warnings.add(
                    "Bad value in the \"restapi.verify_client\": "
                            + section.get("verify_client")
                            + "; none is used, allowed are none, optional, required");
            verify = "none";
        }
        String verifyClient = verify;
        String tokens = section.text("server_tokens").orElse("original").toLowerCase(Locale.ROOT);
        if (!List.of("original", "minimal", "productonly").contains(tokens)) {
            warnings.add(
                    "restapi.server_tokens = "
                            + section.get("server_tokens")
                            + "; original is used, allowed are original, minimal, productonly");
            tokens = "original";
        }
        return new RestSettings(
                listen,
                section.text("connect_address").flatMap(HostPort::parse).orElse(listen),
                authentication(section),
                section.path("certfile")
                        .map(certfile ->
                                new RestSettings.Tls(
                                        certfile,
                                        section.path("keyfile"),
                                        section.text("keyfile_password"),
                                        section.path("cafile"),
                                        section.text("ciphers"),
                                        verifyClient)),
                section.texts("allowlist"),
                LenientValues.truth(section.get("allowlist_include_members")),
                section.textMap("http_extra_headers"),
                section.textMap("https_extra_headers"),
                tokens,
                new RestSettings.Limits(
                        section.integer("request_queue_size", 5), poolSize("restapi.", section)));
    }

    private static Optional<UserPassword> authentication(Section section) {
        Section pair = section.section("authentication");
        if (pair.has("username") && pair.has("password")) {
            return Optional.of(
                    new UserPassword(
                            String.valueOf(pair.get("username")),
                            String.valueOf(pair.get("password"))));
        }
        return section.text("auth")
                .filter(text -> text.contains(":"))
                .map(text -> text.split(":", 2))
                .map(parts -> new UserPassword(parts[0], parts[1]));
    }

    private static CtlSettings ctl(Section section, RestSettings rest) {
        return new CtlSettings(
                authentication(section).or(rest::authentication),
                section.flag("insecure", false),
                section.path("cacert").or(() -> rest.tls().flatMap(RestSettings.Tls::cafile)),
                section.path("certfile"),
                section.path("keyfile"),
                section.text("keyfile_password"));
    }

    private static LogSettings log(Section section) {
        List<Object> format =
                switch (section.get("format")) {
                    case String text -> List.of(text);
                    case List<?> list ->
                            list.stream()
                                    .filter(item -> item instanceof String || item instanceof Map)
                                    .<Object>map(item -> item)
                                    .toList();
                    case null, default -> List.of();
                };
        return new LogSettings(
                section.text("type").orElse("plain").equalsIgnoreCase("json"),
                section.text("level").orElse("INFO").toUpperCase(Locale.ROOT),
                section.text("traceback_level").orElse("ERROR").equalsIgnoreCase("DEBUG"),
                format,
                section.text("dateformat"),
                section.section("static_fields").values(),
                section.integer("max_queue_size", 1000),
                section.path("dir").map(dir -> logFile(dir, section)),
                section.textMap("loggers"),
                LenientValues.truth(section.get("deduplicate_heartbeat_logs")));
    }

    private static LogSettings.File logFile(Path dir, Section section) {
        return new LogSettings.File(
                dir,
                section.has("mode")
                        ? OptionalInt.of(section.integer("mode", 0666))
                        : OptionalInt.empty(),
                section.integer("file_num", 4),
                section.integer("file_size").orElse(25_000_000));
    }

    /** Tags as published: false ones of the known flags say nothing and are left out. */
    private Tags tags(Section section) {
        Map<String, Object> published = new LinkedHashMap<>();
        section.values()
                .forEach((name, value) -> {
                    boolean speaks =
                            switch (name) {
                                case "clonefrom", "noloadbalance" -> LenientValues.truth(value);
                                case "nostream" -> LenientValues.bool(value).orElse(false);
                                case "nofailover" ->
                                        LenientValues.truth(value)
                                                || value != null
                                                        && section.has("failover_priority");
                                case "nosync" ->
                                        LenientValues.truth(value)
                                                || value != null && section.has("sync_priority");
                                default -> true;
                            };
                    if (speaks && value != null) {
                        published.put(name, value);
                    }
                });
        warnOfConflict(section, "nofailover", "failover_priority");
        warnOfConflict(section, "nosync", "sync_priority");
        warnings.addAll(TagChecks.warnings(section));
        return Tags.of(published);
    }

    private void warnOfConflict(Section tags, String flag, String priority) {
        if (tags.has(flag) && tags.integer(priority).isPresent()) {
            boolean excluded = tags.integer(priority).getAsLong() <= 0;
            if (excluded != LenientValues.truth(tags.get(flag))) {
                String shown = flag + ": " + tags.get(flag);
                warnings.add(
                        "Conflicting configuration between "
                                + shown
                                + " and "
                                + priority
                                + ": "
                                + tags.get(priority)
                                + ". Defaulting to "
                                + shown);
            }
        }
    }

    private WatchdogSettings watchdog(Section section) {
        String mode = section.text("mode").orElse("automatic").toLowerCase(Locale.ROOT);
        WatchdogSettings.Mode known =
                switch (mode) {
                    case "off", "false", "disable", "disabled" -> WatchdogSettings.Mode.OFF;
                    case "automatic", "auto" -> WatchdogSettings.Mode.AUTOMATIC;
                    case "required", "require" -> WatchdogSettings.Mode.REQUIRED;
                    default -> {
                        warnings.add(
                                "watchdog.mode = "
                                        + mode
                                        + ": must be off, automatic or required; off is used");
                        yield WatchdogSettings.Mode.OFF;
                    }
                };
        return new WatchdogSettings(
                known,
                section.path("device").orElse(Path.of("/dev/watchdog")),
                section.integer("safety_margin", 5),
                section.text("driver").orElse("default"));
    }

    /** YAML 1.1 reads a bare {@code off} as false. */
    private LeaseGuardMode leaseGuard() {
        return switch (String.valueOf(root.get("lease_guard")).toLowerCase(Locale.ROOT)) {
            case "off", "false" -> LeaseGuardMode.OFF;
            case "required" -> LeaseGuardMode.REQUIRED;
            default -> LeaseGuardMode.AUTOMATIC;
        };
    }

    private static Optional<CitusSettings> citus(Section section) {
        return section.integer("group").isPresent() && section.get("database") instanceof String
                ? section.text("database")
                        .map(database -> new CitusSettings(section.integer("group", 0), database))
                : Optional.empty();
    }
}
