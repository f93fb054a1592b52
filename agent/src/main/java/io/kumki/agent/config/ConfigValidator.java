package io.kumki.agent.config;

import io.kumki.agent.config.ConfigKeys.Need;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Finds everything that keeps a node from running with a local configuration. It reads the tree
 * alone: whether ports are free and directories exist is asked by {@link StrictValidator}, or shows
 * where they are used.
 */
final class ConfigValidator {

    private static final List<String> OTHER_STORES =
            List.of("consul", "exhibitor", "kubernetes", "raft", "zookeeper");

    private ConfigValidator() {}

    /** All problems, in the order of the reference of keys. */
    static List<Problem> problems(Map<String, ?> tree) {
        List<Problem> problems = new ArrayList<>();
        for (ConfigKeys.Key key : ConfigKeys.TABLE) {
            if (key.path().equals("etcd3")) {
                checkStore(tree, problems);
            }
            check(tree, key, problems);
        }
        return problems;
    }

    private static void check(Map<String, ?> tree, ConfigKeys.Key key, List<Problem> problems) {
        @Nullable Object value = Section.at(tree, key.path());
        if (value == null) {
            if (key.need() == Need.ALWAYS && isSection(tree, key.parent())) {
                problems.add(
                        new Problem(
                                key.path(), "", "is missing; add it, such as " + key.example()));
            }
        } else if (!key.form().usable().test(value)) {
            problems.add(
                    new Problem(
                            key.path(),
                            Secrets.shown(key.path(), value),
                            "must be " + key.form().expected()));
        }
    }

    static boolean isSection(Map<String, ?> tree, String path) {
        return path.isEmpty() || Section.at(tree, path) instanceof Map;
    }

    private static void checkStore(Map<String, ?> tree, List<Problem> problems) {
        @Nullable Object etcd3 = tree.get("etcd3");
        if (etcd3 == null) {
            problems.add(new Problem("etcd3", "", missingStore(tree)));
        } else if (etcd3 instanceof Map) {
            problems.addAll(EtcdSettings.problems(Section.of(etcd3)));
        }
    }

    private static String missingStore(Map<String, ?> tree) {
        if (tree.containsKey("etcd")) {
            return "is missing, and etcd's API v2 (section etcd) is not spoken here; rename the"
                    + " section etcd to etcd3: the same endpoints serve API v3, but keys of one are"
                    + " invisible to the other, so all members of the cluster must change together";
        }
        return OTHER_STORES.stream()
                .filter(tree::containsKey)
                .findFirst()
                .map(store ->
                        "is missing, and a store in "
                                + store
                                + " is not supported; add an etcd3 section, such as"
                                + " etcd3: {hosts: ['10.0.0.1:2379']}")
                .orElse("is missing; add it, such as etcd3: {hosts: ['10.0.0.1:2379']}");
    }
}
