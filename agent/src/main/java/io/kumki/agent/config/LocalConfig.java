package io.kumki.agent.config;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The merged local configuration as it was written: files under the environment.
 *
 * @param source file, directory or {@code environment}, for messages
 * @param tree nested maps with text keys, lists, text, numbers, booleans, nulls
 * @param origins path of a value, or of the mapping it is in, to the file or variable that set it
 * @param problems what can't be used at all
 * @param warnings what was ignored on the way, one sentence each
 */
public record LocalConfig(
        String source,
        Map<String, @Nullable Object> tree,
        SortedMap<String, String> origins,
        List<Problem> problems,
        List<String> warnings) {

    // not the compact form: it loses the annotation on the map's values for other modules
    public LocalConfig(
            String source,
            Map<String, @Nullable Object> tree,
            SortedMap<String, String> origins,
            List<Problem> problems,
            List<String> warnings) {
        this.source = source;
        this.tree = Collections.unmodifiableMap(new LinkedHashMap<>(tree));
        this.origins = Collections.unmodifiableSortedMap(new TreeMap<>(origins));
        this.problems = List.copyOf(problems);
        this.warnings = List.copyOf(warnings);
    }

    /** All of it from one source. */
    LocalConfig(String source, Map<String, @Nullable Object> tree, List<String> warnings) {
        this(source, tree, new TreeMap<>(), List.of(), warnings);
    }

    /** The file or variable that set the value at a path. */
    String origin(String path) {
        for (String part = path; ; part = part.substring(0, part.lastIndexOf('.'))) {
            String origin = origins.get(part);
            if (origin != null || part.lastIndexOf('.') < 0) {
                return origin == null ? source : origin;
            }
        }
    }

    /** As YAML, block style, keys sorted, passwords included: {@code --print}. */
    public String toYaml() {
        return YamlText.print(tree);
    }

    @Override
    public String toString() {
        return "LocalConfig[source=" + source + ", tree=" + Secrets.masked("", tree) + "]";
    }
}
