package io.kumki.agent.config;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The merged local configuration as it was written: files under the environment.
 *
 * @param source file, directory or {@code environment}, for messages
 * @param tree nested maps with text keys, lists, text, numbers, booleans, nulls
 * @param warnings what was ignored on the way, one sentence each
 */
public record LocalConfig(
        String source, Map<String, @Nullable Object> tree, List<String> warnings) {

    // not the compact form: it loses the annotation on the map's values for other modules
    public LocalConfig(String source, Map<String, @Nullable Object> tree, List<String> warnings) {
        this.source = source;
        this.tree = Collections.unmodifiableMap(new LinkedHashMap<>(tree));
        this.warnings = List.copyOf(warnings);
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
