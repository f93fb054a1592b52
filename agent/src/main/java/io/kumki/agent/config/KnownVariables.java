package io.kumki.agent.config;

import io.kumki.dcs.environment.OwnVariables;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/** Finds variables of ours without meaning: typing errors would pass in silence. */
final class KnownVariables {

    static final List<String> STORES =
            List.of("CONSUL", "ETCD", "ETCD3", "EXHIBITOR", "KUBERNETES", "ZOOKEEPER");

    /** Read by others than the configuration: the start script. */
    private static final List<String> OTHERS = List.of("CONFIGURATION", "JAVA_OPTS");

    /** What Kubernetes sets in each container for a service named kumki or patroni. */
    private static final Pattern SERVICE_LINK =
            Pattern.compile(
                    "(?:.*_)?(?:SERVICE_(?:HOST|PORT.*)|PORT(?:_\\d+_(?:TCP|UDP|SCTP).*)?)");

    private static final Set<String> NAMES = names();

    /** So many letters wrong, and it is still the same word. */
    private static final int MOST_CHANGES = 4;

    private KnownVariables() {}

    private static Set<String> names() {
        Set<String> names = new TreeSet<>(EnvironmentVariables.FIXED.keySet());
        names.addAll(OTHERS);
        for (String store : STORES) {
            EnvironmentVariables.STORE_SUFFIXES
                    .keySet()
                    .forEach(suffix -> names.add(store + "_" + suffix));
            names.add(store + "_USERNAME");
            names.add(store + "_PASSWORD");
        }
        return names;
    }

    /** One sentence for each variable that means nothing. */
    static List<String> warnings(OwnVariables own) {
        List<String> warnings = new ArrayList<>();
        own.origins()
                .forEach((name, set) -> {
                    String rest = name.substring(OwnVariables.PREFIX.length());
                    if (!NAMES.contains(rest) && !SERVICE_LINK.matcher(rest).matches()) {
                        warnings.add(
                                set
                                        + " is ignored: there is no such variable"
                                        + nearest(rest, set));
                    }
                });
        return warnings;
    }

    private static String nearest(String rest, String set) {
        String prefix = set.substring(0, set.indexOf('_') + 1);
        String suffix = set.equals(prefix + rest) ? "" : "_FILE";
        return NAMES.stream()
                .min(Comparator.comparingInt(name -> changes(name, rest)))
                .filter(name -> changes(name, rest) <= MOST_CHANGES)
                .map(name -> "; the nearest is " + prefix + name + suffix)
                .orElse("");
    }

    /** Letters to insert, remove or replace (Levenshtein). */
    static int changes(String one, String other) {
        int[] row = new int[other.length() + 1];
        for (int j = 0; j < row.length; j++) {
            row[j] = j;
        }
        for (int i = 1; i <= one.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j < row.length; j++) {
                int replaced = diagonal + (one.charAt(i - 1) == other.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[other.length()];
    }
}
