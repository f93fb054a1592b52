package io.kumki.agent.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Options of initdb as configured: a list whose elements are words ({@code data-checksums}) or
 * objects of one pair ({@code encoding: UTF8}), or one object, whose empty values are skipped.
 *
 * @param arguments for the command line
 * @param problems each names the key, what stands there, and what is wanted
 */
record InitdbOptions(List<String> arguments, List<String> problems) {

    /** The agent sets them itself, or initdb would create nothing that lasts. */
    private static final Set<String> REFUSED =
            Set.of("pgdata", "nosync", "pwfile", "sync-only", "version");

    InitdbOptions {
        arguments = List.copyOf(arguments);
        problems = List.copyOf(problems);
    }

    static InitdbOptions read(@Nullable Object configured) {
        List<String> arguments = new ArrayList<>();
        List<String> problems = new ArrayList<>();
        switch (configured) {
            case null -> {}
            case Map<?, ?> map ->
                    map.forEach((name, value) -> {
                        String text = Section.scalar(value);
                        if (value != null && !"".equals(text)) {
                            pair(String.valueOf(name), value, arguments, problems);
                        }
                    });
            case List<?> list -> list.forEach(element -> element(element, arguments, problems));
            default ->
                    problems.add(
                            "bootstrap.initdb = "
                                    + configured
                                    + ": expected a list of options, or a mapping of option to value");
        }
        return new InitdbOptions(arguments, problems);
    }

    private static void element(
            @Nullable Object element, List<String> arguments, List<String> problems) {
        String word = element instanceof Map ? null : Section.scalar(element);
        if (element instanceof Map<?, ?> map && map.size() == 1) {
            map.forEach((name, value) -> pair(String.valueOf(name), value, arguments, problems));
        } else if (word != null && !word.isEmpty()) {
            add(word, "", arguments, problems);
        } else {
            problems.add(
                    "bootstrap.initdb: element "
                            + element
                            + " is neither a word nor one \"option: value\"; give each option an element of"
                            + " its own");
        }
    }

    private static void pair(
            String name, @Nullable Object value, List<String> arguments, List<String> problems) {
        String text = value instanceof Boolean flag ? flag.toString() : Section.scalar(value);
        if (text == null || text.isEmpty()) {
            problems.add("bootstrap.initdb." + name + " = " + value + ": expected a text");
        } else {
            add(name, "=" + ShellQuotes.removed(text), arguments, problems);
        }
    }

    private static void add(
            String name, String value, List<String> arguments, List<String> problems) {
        String bare = name.startsWith("--") ? name.substring(2) : name;
        if (REFUSED.contains(bare.replaceFirst("=.*", ""))) {
            problems.add(
                    "bootstrap.initdb: the option "
                            + bare
                            + " is not allowed; remove it: it is set for you or makes no sense");
        } else {
            arguments.add("--" + bare + value);
        }
    }
}
