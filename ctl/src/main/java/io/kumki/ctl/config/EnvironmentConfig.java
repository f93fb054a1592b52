package io.kumki.ctl.config;

import io.kumki.ctl.console.CtlException;
import io.kumki.ctl.output.YamlText;
import io.kumki.dcs.cluster.LenientValues;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The {@code PATRONI_*} variables that matter to the client: cluster, store, REST access, Citus
 * group. Values that don't fit their kind are left out with a warning.
 */
final class EnvironmentConfig {

    private static final Logger LOG = LoggerFactory.getLogger(EnvironmentConfig.class);

    /** Variable without prefix, and the path of its key. */
    private static final Map<String, List<String>> TEXTS =
            Map.ofEntries(
                    Map.entry("SCOPE", List.of("scope")),
                    Map.entry("NAMESPACE", List.of("namespace")),
                    Map.entry("RESTAPI_CERTFILE", List.of("restapi", "certfile")),
                    Map.entry("RESTAPI_CAFILE", List.of("restapi", "cafile")),
                    Map.entry("RESTAPI_USERNAME", List.of("restapi", "authentication", "username")),
                    Map.entry("RESTAPI_PASSWORD", List.of("restapi", "authentication", "password")),
                    Map.entry("CTL_CACERT", List.of("ctl", "cacert")),
                    Map.entry("CTL_CERTFILE", List.of("ctl", "certfile")),
                    Map.entry("CTL_KEYFILE", List.of("ctl", "keyfile")),
                    Map.entry("CTL_KEYFILE_PASSWORD", List.of("ctl", "keyfile_password")),
                    Map.entry("CTL_USERNAME", List.of("ctl", "authentication", "username")),
                    Map.entry("CTL_PASSWORD", List.of("ctl", "authentication", "password")),
                    Map.entry("CITUS_DATABASE", List.of("citus", "database")));

    private static final Pattern STORE =
            Pattern.compile(
                    "(CONSUL|ETCD3?|EXHIBITOR|KUBERNETES|ZOOKEEPER)_(HOST|URL|PROXY|PROTOCOL|SRV"
                            + "|SRV_SUFFIX|CACERT|CERT|KEY|KEY_PASSWORD|PORT|HOSTS|USE_PROXIES"
                            + "|USERNAME|PASSWORD)");

    private EnvironmentConfig() {}

    static Map<String, @Nullable Object> read(Map<String, String> environment) {
        Map<String, @Nullable Object> config = new TreeMap<>();
        new TreeMap<>(environment)
                .forEach((name, value) -> {
                    if (name.startsWith("PATRONI_")) {
                        config.putAll(with(config, name.substring(8), value));
                    }
                });
        return config;
    }

    private static Map<String, @Nullable Object> with(
            Map<String, @Nullable Object> config, String name, String value) {
        Matcher store = STORE.matcher(name);
        if (store.matches()) {
            String section = store.group(1).toLowerCase(Locale.ROOT);
            String key = store.group(2).toLowerCase(Locale.ROOT);
            return set(config, List.of(section, key), name, storeValue(key, value));
        }
        List<String> path = TEXTS.get(name);
        if (value.isEmpty()) {
            return config;
        } else if (path != null) {
            return set(config, path, name, Optional.of(value));
        } else if (name.equals("CTL_INSECURE")) {
            return set(config, List.of("ctl", "insecure"), name, LenientValues.bool(value));
        } else if (name.equals("CITUS_GROUP")) {
            return set(config, List.of("citus", "group"), name, integer(value));
        }
        return config;
    }

    private static Optional<?> storeValue(String key, String value) {
        return switch (key) {
            case "port" -> integer(value);
            case "use_proxies" -> LenientValues.bool(value);
            case "hosts" -> list(value);
            default -> Optional.of(value);
        };
    }

    private static Optional<Integer> integer(String value) {
        return LenientValues.integer(value).stream()
                .filter(number -> number == (int) number)
                .mapToObj(number -> (int) number)
                .findFirst();
    }

    /** {@code a:1,b:2}, {@code 'a:1','b:2'} or a YAML list. */
    private static Optional<List<?>> list(String value) {
        boolean bare = !value.startsWith("-") && !value.contains("[");
        try {
            @Nullable Object parsed = YamlText.parse(bare ? "[" + value + "]" : value, "list");
            return parsed instanceof List<?> list ? Optional.of(list) : Optional.empty();
        } catch (CtlException _) {
            return Optional.empty();
        }
    }

    private static Map<String, @Nullable Object> set(
            Map<String, @Nullable Object> config,
            List<String> path,
            String name,
            Optional<?> value) {
        if (value.isEmpty()) {
            LOG.warn("PATRONI_{} is ignored: its value does not have the form it needs", name);
            return config;
        }
        return ConfigTree.set(config, String.join(".", path), value.get());
    }
}
