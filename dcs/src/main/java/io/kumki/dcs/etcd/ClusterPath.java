package io.kumki.dcs.etcd;

import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Where a cluster's keys are: {@code /NAMESPACE/SCOPE/} or, for a Citus group, {@code
 * /NAMESPACE/SCOPE/GROUP/}; runs of slashes count as one.
 *
 * @param namespace such as {@code service}; slashes at its ends are harmless
 * @param scope the cluster's name
 * @param group the Citus group: 0 or a positive decimal
 */
public record ClusterPath(String namespace, String scope, Optional<String> group) {

    private static final Pattern GROUP = Pattern.compile("0|[1-9][0-9]*");

    public ClusterPath {
        if (scope.isBlank()) {
            throw new IllegalArgumentException("the cluster's scope must not be empty");
        }
        group.ifPresent(number -> {
            if (!GROUP.matcher(number).matches()) {
                throw new IllegalArgumentException(
                        "Citus group \"" + number + "\" must be 0 or a positive number");
            }
        });
    }

    public static ClusterPath of(String namespace, String scope) {
        return new ClusterPath(namespace, scope, Optional.empty());
    }

    /** What all keys of this cluster begin with; ends with a slash. */
    public String prefix() {
        String path = "/" + namespace + "/" + scope + "/" + group.map(n -> n + "/").orElse("");
        return path.replaceAll("/{2,}", "/");
    }

    /** The whole name of a key, such as {@code leader} or {@code members/pg-1}. */
    public String key(String name) {
        return prefix() + name;
    }
}
