package io.kumki.ctl.output;

import io.kumki.ctl.console.CtlException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.DumperOptions.FlowStyle;
import org.yaml.snakeyaml.DumperOptions.ScalarStyle;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.Tag;
import org.yaml.snakeyaml.representer.Representer;

/**
 * YAML 1.1 as configuration files and scripts have it: keys sorted, lines up to 200 characters,
 * texts of several lines quoted.
 */
public final class YamlText {

    private static final int WIDTH = 200;

    private YamlText() {}

    /** The value in block style; ends with a line feed. */
    public static String block(@Nullable Object value) {
        return dump(value, FlowStyle.BLOCK);
    }

    /** The value in one line, without line feed: <code>{clonefrom: true}</code>. */
    public static String flow(@Nullable Object value) {
        return dump(value, FlowStyle.FLOW).strip();
    }

    /**
     * Reads a YAML 1.1 document into nested maps with text keys, lists and scalars; dates become
     * ISO 8601 text.
     *
     * @param what names the document in an error
     * @throws CtlException if it is no YAML
     */
    public static @Nullable Object parse(String text, String what) {
        LoaderOptions options = new LoaderOptions();
        options.setAllowDuplicateKeys(true);
        options.setWarnOnDuplicateKeys(false);
        try {
            return plain(new Yaml(new SafeConstructor(options)).load(text));
        } catch (YAMLException e) {
            throw new CtlException(what + " is not valid YAML: " + e.getMessage(), e);
        }
    }

    /** As {@link #parse}, for a document that must hold a mapping; an empty one is empty. */
    public static Map<String, @Nullable Object> parseMapping(String text, String what) {
        Object value = parse(text, what);
        if (value == null) {
            return new TreeMap<>();
        }
        if (!(value instanceof Map<?, ?> map)) {
            throw new CtlException(what + " does not contain a mapping of keys to values");
        }
        Map<String, @Nullable Object> mapping = new TreeMap<>();
        map.forEach((key, item) -> mapping.put(String.valueOf(key), item));
        return mapping;
    }

    private static @Nullable Object plain(@Nullable Object value) {
        return switch (value) {
            case Map<?, ?> map -> {
                Map<String, @Nullable Object> copy = new TreeMap<>();
                map.forEach((key, item) -> copy.put(String.valueOf(key), plain(item)));
                yield copy;
            }
            case List<?> list -> {
                List<@Nullable Object> copy = new ArrayList<>();
                list.forEach(item -> copy.add(plain(item)));
                yield copy;
            }
            case Date date -> isoText(date.toInstant());
            case null -> null;
            default -> value;
        };
    }

    private static String isoText(Instant instant) {
        String text = instant.atOffset(ZoneOffset.UTC).toString();
        return text.endsWith("T00:00Z") ? text.substring(0, 10) : text;
    }

    private static String dump(@Nullable Object value, FlowStyle style) {
        DumperOptions options = new DumperOptions();
        options.setDefaultFlowStyle(style);
        options.setWidth(WIDTH);
        options.setAllowUnicode(true);
        return new Yaml(new QuotingRepresenter(options), options).dump(plain(value));
    }

    /** Leaves the quoting of texts of several lines to the emitter, instead of a literal block. */
    private static final class QuotingRepresenter extends Representer {
        QuotingRepresenter(DumperOptions options) {
            super(options);
            representers.put(
                    String.class,
                    data -> representScalar(Tag.STR, data.toString(), ScalarStyle.PLAIN));
        }
    }
}
