package io.kumki.agent.postgres;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The form of {@code postgresql.conf}: lines {@code name = 'value'}. */
final class GeneratedConf {

    private static final Pattern LINE =
            Pattern.compile("\\s*([A-Za-z_][\\w.]*)\\s*(?:=|\\s)\\s*(.*?)\\s*");

    /** Possessive: going back would need a stack as deep as the value is long. */
    private static final Pattern QUOTED = Pattern.compile("'((?:[^'\\\\]|''|\\\\.)*+)'.*");

    private GeneratedConf() {}

    /** The settings of a file, the last one of each name; none if the file can't be read. */
    static SortedMap<String, String> read(Path file) {
        SortedMap<String, String> settings = new TreeMap<>();
        try {
            ForeignText.read(file).lines().forEach(line -> parse(line, settings));
        } catch (IOException e) {
            return new TreeMap<>();
        }
        return settings;
    }

    private static void parse(String line, SortedMap<String, String> into) {
        if (line.stripLeading().startsWith("#")) {
            return;
        }
        Matcher matcher = LINE.matcher(line);
        if (matcher.matches()) {
            into.put(matcher.group(1).toLowerCase(Locale.ROOT), value(matcher.group(2)));
        }
    }

    private static String value(String text) {
        Matcher quoted = QUOTED.matcher(text);
        if (!quoted.matches()) {
            int comment = text.indexOf('#');
            return (comment < 0 ? text : text.substring(0, comment)).strip();
        }
        return quoted.group(1).replace("''", "'").replaceAll("\\\\(.)", "$1");
    }

    /** Lines for these settings in their order. */
    static String lines(Map<String, String> settings) {
        return settings.entrySet().stream()
                .map(entry -> entry.getKey() + " = " + quoted(entry.getValue()) + "\n")
                .collect(Collectors.joining());
    }

    /** A value as the file wants it: quotes and backslashes doubled, line ends can't be written. */
    static String quoted(String value) {
        return "'"
                + value.replace("\\", "\\\\").replace("'", "''").replaceAll("[\\r\\n]+", " ")
                + "'";
    }
}
