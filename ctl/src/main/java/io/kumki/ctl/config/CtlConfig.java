package io.kumki.ctl.config;

import io.kumki.ctl.console.CtlException;
import io.kumki.dcs.cluster.LenientValues;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What the client takes from the configuration.
 *
 * @param scope the cluster meant when a command names none
 * @param namespace path prefix in the store
 * @param citusGroup present if Citus is configured
 * @param root the whole configuration, for the store's section
 */
public record CtlConfig(
        Optional<String> scope,
        String namespace,
        OptionalInt citusGroup,
        RestAccess rest,
        Map<String, @Nullable Object> root) {

    /**
     * How members are reached over REST.
     *
     * @param credentials {@code user:password}
     * @param caFile PEM bundle servers are verified against; else the system's
     * @param certFile client certificate chain, PEM
     * @param keyFile its key, if not in {@code certFile}
     * @param insecure do not verify servers
     */
    public record RestAccess(
            Optional<String> credentials,
            Optional<String> caFile,
            Optional<String> certFile,
            Optional<String> keyFile,
            Optional<String> keyPassword,
            boolean insecure) {

        /** Without the secrets. */
        @Override
        public String toString() {
            return "RestAccess[caFile="
                    + caFile
                    + ", certFile="
                    + certFile
                    + ", insecure="
                    + insecure
                    + "]";
        }
    }

    public CtlConfig {
        root = new TreeMap<>(root);
    }

    /**
     * Reads the loaded configuration; only what the client needs is looked at.
     *
     * @param insecure asked for on the command line
     * @throws CtlException if a user name stands without its password, or the reverse
     */
    public static CtlConfig of(Map<String, @Nullable Object> root, boolean insecure) {
        Map<?, ?> ctl = section(root, "ctl");
        Map<?, ?> restapi = section(root, "restapi");
        Optional<String> own = credentials(ctl, "ctl");
        RestAccess rest =
                new RestAccess(
                        own.isPresent() ? own : credentials(restapi, "restapi"),
                        text(ctl, "cacert").or(() -> text(restapi, "cafile")),
                        text(ctl, "certfile"),
                        text(ctl, "keyfile"),
                        text(ctl, "keyfile_password"),
                        insecure || LenientValues.truth(ctl.get("insecure")));
        return new CtlConfig(
                text(root, "scope"),
                text(root, "namespace").orElse("service"),
                citusGroup(section(root, "citus")),
                rest,
                root);
    }

    private static OptionalInt citusGroup(Map<?, ?> citus) {
        return citus.get("group") instanceof Integer group
                        && group >= 0
                        && citus.get("database") instanceof String
                ? OptionalInt.of(group)
                : OptionalInt.empty();
    }

    private static Optional<String> credentials(Map<?, ?> section, String name) {
        if (section.get("auth") instanceof String auth) {
            return Optional.of(auth);
        }
        if (!(section.get("authentication") instanceof Map<?, ?> authentication)
                || authentication.isEmpty()) {
            return Optional.empty();
        }
        Optional<String> user = text(authentication, "username");
        Optional<String> password = text(authentication, "password");
        if (user.isEmpty() || password.isEmpty()) {
            throw new CtlException(
                    name
                            + ".authentication needs both username and password: "
                            + (user.isEmpty() ? "username" : "password")
                            + " is missing");
        }
        return Optional.of(user.get() + ":" + password.get());
    }

    static Map<?, ?> section(Map<?, ?> root, String name) {
        return root.get(name) instanceof Map<?, ?> map ? map : Map.of();
    }

    private static Optional<String> text(Map<?, ?> map, String key) {
        return Optional.ofNullable(map.get(key))
                .map(Object::toString)
                .filter(text -> !text.isEmpty());
    }
}
