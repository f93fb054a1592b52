package io.kumki.agent.postgres.rejoin;

import io.kumki.agent.config.PostgresConfig;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * An operator's own way of creating a replica, such as the restore of a backup.
 *
 * @param options as configured, as text, without what this record says otherwise
 * @param keepData leave the data directory alone before and after
 * @param noLeader works without a source
 * @param noParams the command wants none of our arguments
 */
record ReplicaMethod(
        String name,
        List<String> command,
        SortedMap<String, String> options,
        boolean keepData,
        boolean noLeader,
        boolean noParams) {

    ReplicaMethod {
        command = List.copyOf(command);
        options = Collections.unmodifiableSortedMap(new TreeMap<>(options));
    }

    /**
     * @param configured the section named like the method; null: none
     * @param words splits a command as a shell would
     */
    static ReplicaMethod of(
            String name, @Nullable Object configured, Function<String, List<String>> words) {
        SortedMap<String, String> options = new TreeMap<>();
        if (configured instanceof Map<?, ?> map) {
            map.forEach((key, value) ->
                    options.put(String.valueOf(key), value == null ? "" : value.toString()));
        }
        String line = options.getOrDefault("command", name);
        options.remove("command");
        return new ReplicaMethod(
                name,
                words.apply(line),
                options,
                PostgresConfig.truth(options, "keep_data"),
                PostgresConfig.truth(options, "no_leader"),
                PostgresConfig.truth(options, "no_params"));
    }

    /**
     * The command line: the configured words, then each option as {@code --key=value}.
     *
     * @param connInfo of the source, without a password; empty without a source
     */
    List<String> commandLine(String scope, String dataDir, String connInfo) {
        List<String> line = new ArrayList<>(command);
        options.forEach((key, value) -> {
            boolean ours = List.of("no_params", "no_leader", "keep_data").contains(key);
            if (!noParams || !ours) {
                line.add("--" + key + "=" + value);
            }
        });
        if (!noParams) {
            line.add("--scope=" + scope);
            line.add("--role=replica");
            line.add("--datadir=" + dataDir);
            line.add("--connstring=" + connInfo);
        }
        return line;
    }
}
