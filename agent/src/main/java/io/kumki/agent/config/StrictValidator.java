package io.kumki.agent.config;

import io.kumki.agent.config.ConfigKeys.Need;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * {@code --validate-config}: the strict check of a local configuration, with its surroundings. It
 * refuses more than a node does at start, loopback connect addresses among it: such a node runs,
 * but no other host reaches it.
 *
 * <p>Of the stores only {@code etcd3} is asked for; the line for a section {@code etcd} says what
 * to do.
 */
public final class StrictValidator {

    private static final int ETCD_PORT = 2379;

    private final Map<String, ?> tree;
    private final AddressChecks addresses;
    private final DirectoryChecks directories;
    private final List<Problem> problems = new ArrayList<>();

    private StrictValidator(
            Map<String, ?> tree, boolean ignoreListenPort, Surroundings surroundings) {
        this.tree = tree;
        this.addresses = new AddressChecks(surroundings, ignoreListenPort);
        this.directories = new DirectoryChecks(surroundings, Section.of(tree.get("postgresql")));
    }

    /**
     * All findings, in the order of the reference of keys; {@link Problem#line()} is the form to
     * print. Blocks: connects to addresses and runs {@code postgres --version}.
     *
     * @param ignoreListenPort ports of {@code listen} keys may be in use
     * @param searchPath the variable {@code PATH}
     */
    public static List<Problem> validate(
            LocalConfig local, boolean ignoreListenPort, String searchPath) {
        List<Problem> problems = new ArrayList<>(local.problems());
        problems.addAll(validate(local.tree(), ignoreListenPort, Surroundings.real(searchPath)));
        return problems;
    }

    static List<Problem> validate(
            Map<String, ?> tree, boolean ignoreListenPort, Surroundings surroundings) {
        StrictValidator validator = new StrictValidator(tree, ignoreListenPort, surroundings);
        ConfigKeys.TABLE.forEach(validator::check);
        return List.copyOf(validator.problems);
    }

    private void check(ConfigKeys.Key key) {
        if (key.path().equals("etcd3") && !(tree.get("etcd3") instanceof Map)) {
            storeMissing();
            return;
        }
        @Nullable Object value = Section.at(tree, key.path());
        if (value == null) {
            if (key.need() != Need.NO && ConfigValidator.isSection(tree, key.parent())) {
                add(key.path(), null, "is not defined.");
            }
            if (key.path().equals("postgresql.bin_dir") && tree.get("postgresql") instanceof Map) {
                directories.programs().forEach(reason -> failed(key.path(), "", reason));
            }
            return;
        }
        Optional<String> message = key.form().strict().apply(value);
        message.ifPresent(text -> add(key.path(), value, text));
        if (message.isEmpty()) {
            items(key, value);
            special(key.path(), value);
        }
    }

    private void items(ConfigKeys.Key key, Object value) {
        if (key.form().strict().equals(Form.TEXTS.strict()) && value instanceof List<?> list) {
            for (int i = 0; i < list.size(); i++) {
                if (!(list.get(i) instanceof String)) {
                    add(key.path() + "." + i, list.get(i), "is not a string");
                }
            }
        }
    }

    private void special(String path, Object value) {
        switch (path) {
            case "restapi.listen" -> addAll(path, value, addresses.listen(text(value), false));
            case "postgresql.listen" -> addAll(path, value, addresses.listen(text(value), true));
            case "restapi.connect_address",
                    "postgresql.connect_address",
                    "postgresql.proxy_address" ->
                    addAll(path, value, AddressChecks.connect(text(value)));
            case "etcd3" -> etcdEndpoints(Section.of(value));
            case "etcd3.host" -> addAll(path, value, addresses.reach(value, etcdPort()));
            case "etcd3.hosts" -> etcdHosts(value);
            case "bootstrap.dcs.standby_cluster" -> standbyCluster(Section.of(value));
            case "postgresql.data_dir" ->
                    addAll(path, value, directories.dataDirectory(text(value)));
            case "postgresql.bin_name" -> programNames(Section.of(value));
            case "postgresql.bin_dir" -> addAll(path, value, directories.programs());
            case "tags" -> tags(Section.of(value));
            default -> {
                // no more to it than its form
            }
        }
    }

    private void storeMissing() {
        if (tree.get("etcd3") != null) {
            add("etcd3", tree.get("etcd3"), "is not a dictionary");
        } else if (tree.get("etcd") != null) {
            add(
                    "etcd",
                    tree.get("etcd"),
                    "didn't pass validation: etcd's API v2 is not spoken here; rename the section"
                            + " to etcd3, on all members");
        } else {
            add("etcd3", null, "is not defined.");
        }
    }

    private void etcdEndpoints(Section section) {
        List<String> ways = List.of("host", "hosts", "srv", "srv_suffix", "url", "proxy");
        if (ways.stream().noneMatch(section::has)) {
            ways.forEach(way -> add("etcd3." + way, null, "is not defined."));
        }
    }

    private void etcdHosts(Object value) {
        List<?> hosts =
                value instanceof String text
                        ? Arrays.stream(text.split(",", -1)).map(String::strip).toList()
                        : (List<?>) value;
        for (int i = 0; i < hosts.size(); i++) {
            addAll("etcd3.hosts." + i, hosts.get(i), addresses.reach(hosts.get(i), etcdPort()));
        }
    }

    private int etcdPort() {
        return Section.of(tree.get("etcd3")).integer("port", ETCD_PORT);
    }

    private void standbyCluster(Section section) {
        String path = "bootstrap.dcs.standby_cluster.";
        List<String> ways = List.of("host", "port", "restore_command");
        if (ways.stream().noneMatch(section::has)) {
            ways.forEach(way -> add(path + way, null, "is not defined."));
        }
        for (String key :
                List.of(
                        "host",
                        "restore_command",
                        "primary_slot_name",
                        "archive_cleanup_command",
                        "recovery_min_apply_delay")) {
            strictly(path + key, section.get(key), Form.TEXT);
        }
        strictly(path + "port", section.get("port"), Form.yamlInteger(0, 65_535));
        strictly(
                path + "create_replica_methods", section.get("create_replica_methods"), Form.TEXTS);
    }

    private void strictly(String path, @Nullable Object value, Form form) {
        if (value != null) {
            form.strict().apply(value).ifPresent(message -> add(path, value, message));
        }
    }

    private void programNames(Section names) {
        for (String program : DirectoryChecks.PROGRAMS) {
            if (names.get(program) instanceof String name) {
                addAll("postgresql.bin_name." + program, name, directories.programNamed(name));
            } else {
                strictly("postgresql.bin_name." + program, names.get(program), Form.TEXT);
            }
        }
    }

    private void tags(Section tags) {
        for (List<String> pair :
                List.of(
                        List.of("nofailover", "failover_priority"),
                        List.of("nosync", "sync_priority"))) {
            if (pair.stream().allMatch(tags::has)) {
                add(
                        "tags",
                        tags.values(),
                        "Multiple of ('" + String.join("', '", pair) + "') provided");
            }
        }
    }

    private void addAll(String path, @Nullable Object value, List<String> reasons) {
        reasons.forEach(reason -> failed(path, value, reason));
    }

    private void failed(String path, @Nullable Object value, String reason) {
        add(path, value, "didn't pass validation: " + reason);
    }

    private void add(String path, @Nullable Object value, String message) {
        String shown = value == null ? "" : Secrets.shown(path, value);
        problems.add(new Problem(path, shown, message));
    }

    private static String text(Object value) {
        return value.toString();
    }
}
