package io.kumki.ctl.config;

import io.kumki.ctl.console.CtlException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Which store the configuration means: only etcd's v3 API is spoken. */
public final class StoreChoice {

    private static final List<String> STORES =
            List.of("consul", "etcd", "etcd3", "exhibitor", "kubernetes", "raft", "zookeeper");

    private static final Map<Integer, String> STORE_OF_PORT =
            Map.of(2181, "zookeeper", 8181, "exhibitor", 8500, "consul", 2379, "etcd");

    private static final int ETCD_PORT = 2379;

    private static final Pattern URL =
            Pattern.compile(
                    "(?:(?<store>[^:/]+)://)?(?<host>\\[[^]]+]|[^:/]*)(?::(?<port>[0-9]{1,5}))?"
                            + "(?:/(?<namespace>.*))?");

    private StoreChoice() {}

    /**
     * Replaces the stores of a configuration by {@code STORE://HOST:PORT/NAMESPACE}, each part of
     * which may be missing.
     *
     * @throws CtlException if it names another store than etcd3
     */
    public static Map<String, @Nullable Object> withUrl(
            Map<String, @Nullable Object> root, String url) {
        Matcher matcher = URL.matcher(url.strip());
        if (!matcher.matches()) {
            throw new CtlException(
                    "cannot read the store's URL "
                            + url
                            + ": expected etcd3://HOST:PORT/NAMESPACE");
        }
        String port = matcher.group("port");
        String store = matcher.group("store");
        if (store == null) {
            store =
                    port == null
                            ? "etcd"
                            : STORE_OF_PORT.getOrDefault(Integer.valueOf(port), "etcd");
        }
        if (!STORES.contains(store)) {
            throw new CtlException("Unknown dcs scheme: " + store);
        }
        requireEtcd3(store, "-d/--dcs-url " + url);
        Map<String, @Nullable Object> replaced = new TreeMap<>(root);
        STORES.forEach(replaced::remove);
        String host = matcher.group("host").isEmpty() ? "localhost" : matcher.group("host");
        replaced.put("etcd3", Map.of("host", host + ":" + (port == null ? ETCD_PORT : port)));
        String namespace = matcher.group("namespace");
        if (namespace != null && !namespace.isEmpty()) {
            replaced.put("namespace", namespace);
        }
        return replaced;
    }

    /**
     * The section {@code etcd3} of a configuration.
     *
     * @throws CtlException if there is no store, or one that comes before etcd3: the agents would
     *     use that one
     */
    public static Map<String, @Nullable Object> etcd3(Map<String, @Nullable Object> root) {
        String first =
                STORES.stream()
                        .filter(root::containsKey)
                        .findFirst()
                        .orElseThrow(() ->
                                new CtlException(
                                        "Can not find suitable configuration of distributed"
                                                + " configuration store\n"
                                                + "Available implementations: etcd3"));
        requireEtcd3(first, "section " + first);
        Map<String, @Nullable Object> section = new TreeMap<>();
        CtlConfig.section(root, "etcd3")
                .forEach((key, value) -> section.put(String.valueOf(key), value));
        return section;
    }

    private static void requireEtcd3(String store, String where) {
        if (!store.equals("etcd3")) {
            throw new CtlException(
                    where
                            + " means the store "
                            + store
                            + ", and Kumki keeps clusters in etcd by its v3 API only: use "
                            + (where.startsWith("-d") ? "etcd3://HOST:PORT" : "a section etcd3"));
        }
    }
}
