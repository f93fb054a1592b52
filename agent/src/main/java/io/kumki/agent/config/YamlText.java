package io.kumki.agent.config;

import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.MarkedYAMLException;

/**
 * Reads YAML 1.1 into a tree of maps with text keys, lists, text, numbers and booleans; writes such
 * trees.
 *
 * <p>Existing files are YAML 1.1: an unquoted {@code off} is a boolean, {@code 0644} octal, {@code
 * 10:20} base 60. Only plain data is constructed, and text that would unfold into a huge tree is
 * refused.
 */
final class YamlText {

    /** Far above any real configuration, far below what hurts. */
    private static final int MAX_CHARACTERS = 3 << 20;

    private static final int MAX_DEPTH = 50;
    private static final int MAX_ALIASES = 50;
    private static final int MAX_NODES = 100_000;

    private int nodes;

    private YamlText() {}

    /**
     * The one document in {@code text}; null if it is empty.
     *
     * @param source what the message of an exception names: file or variable
     */
    static @Nullable Object parse(String text, String source) throws InvalidConfigException {
        LoaderOptions options = new LoaderOptions();
        options.setAllowDuplicateKeys(true);
        options.setWarnOnDuplicateKeys(false);
        options.setMaxAliasesForCollections(MAX_ALIASES);
        options.setNestingDepthLimit(MAX_DEPTH);
        options.setCodePointLimit(MAX_CHARACTERS);
        try {
            return new YamlText().plain(new Yaml(new SafeConstructor(options)).load(text), 0);
        } catch (MarkedYAMLException e) {
            String where =
                    e.getProblemMark() == null
                            ? ""
                            : " at line "
                                    + (e.getProblemMark().getLine() + 1)
                                    + ", column "
                                    + (e.getProblemMark().getColumn() + 1);
            throw new InvalidConfigException(
                    source, source, "is not valid YAML" + where + ": " + e.getProblem());
        } catch (RuntimeException e) {
            // SnakeYAML lets the exceptions of its conversions through, such as for "!!int x"
            throw new InvalidConfigException(
                    source, source, "is not valid YAML: " + String.valueOf(e.getMessage()).strip());
        }
    }

    /** Block style, keys sorted. */
    static String print(Map<String, ?> tree) {
        DumperOptions options = new DumperOptions();
        options.setDefaultFlowStyle(DumperOptions.FlowStyle.BLOCK);
        options.setSplitLines(false);
        return new Yaml(options).dump(sorted(tree));
    }

    private static @Nullable Object sorted(@Nullable Object node) {
        return switch (node) {
            case Map<?, ?> map -> {
                Map<String, @Nullable Object> copy = new TreeMap<>();
                map.forEach((key, value) -> copy.put(String.valueOf(key), sorted(value)));
                yield copy;
            }
            case List<?> list -> {
                List<@Nullable Object> copy = new ArrayList<>();
                list.forEach(item -> copy.add(sorted(item)));
                yield copy;
            }
            case null, default -> node;
        };
    }

    private @Nullable Object plain(@Nullable Object node, int depth) {
        if (depth > MAX_DEPTH || ++nodes > MAX_NODES) {
            throw new IllegalArgumentException(
                    "nested deeper than "
                            + MAX_DEPTH
                            + " levels or unfolds to more than "
                            + MAX_NODES
                            + " values (an alias inside its own anchor?)");
        }
        return switch (node) {
            case Map<?, ?> map -> {
                Map<String, @Nullable Object> copy = new LinkedHashMap<>();
                for (Map.Entry<?, ?> entry : map.entrySet()) {
                    copy.put(String.valueOf(entry.getKey()), plain(entry.getValue(), depth + 1));
                }
                yield copy;
            }
            case Collection<?> items -> {
                List<@Nullable Object> copy = new ArrayList<>();
                for (Object item : items) {
                    copy.add(plain(item, depth + 1));
                }
                yield copy;
            }
            case Date date ->
                    DateTimeFormatter.ISO_OFFSET_DATE_TIME.format(
                            date.toInstant().atOffset(ZoneOffset.UTC));
            case byte[] _ -> throw new IllegalArgumentException("binary values have no use here");
            case Double number when !Double.isFinite(number) -> number.toString();
            case null, default -> node;
        };
    }
}
