package io.kumki.agent.postgres.rejoin;

import io.kumki.agent.config.ShellQuotes;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Options of pg_basebackup as configured: a list whose elements are words or objects of one pair,
 * or one object.
 *
 * @param arguments for the command line
 * @param problems what was left out, and why
 */
record ToolOptions(List<String> arguments, List<String> problems) {

    /** They decide where the copy comes from and goes to, or make it none that can be started. */
    private static final Set<String> FORBIDDEN =
            Set.of(
                    "pgdata",
                    "format",
                    "wal-method",
                    "xlog-method",
                    "gzip",
                    "version",
                    "dbname",
                    "host",
                    "port",
                    "username",
                    "password");

    /** Where the version doesn't matter: no option is left out for its sake. */
    static final int NEWEST = Integer.MAX_VALUE;

    private static final int SERVER_SIDE_COMPRESSION = 15;

    ToolOptions {
        arguments = List.copyOf(arguments);
        problems = List.copyOf(problems);
    }

    /**
     * @param configured null: none
     * @param major version of pg_basebackup
     */
    static ToolOptions basebackup(@Nullable Object configured, int major) {
        List<String> arguments = new ArrayList<>();
        List<String> problems = new ArrayList<>();
        switch (configured) {
            case null -> {}
            case Map<?, ?> map ->
                    map.forEach((key, value) ->
                            pair(String.valueOf(key), value, major, arguments, problems));
            case List<?> list ->
                    list.forEach(element -> element(element, major, arguments, problems));
            default -> problems.add("expected a list or an object, not " + configured);
        }
        return new ToolOptions(arguments, problems);
    }

    private static void element(
            Object element, int major, List<String> arguments, List<String> problems) {
        switch (element) {
            case String word when allowed(word, "", major, problems) -> arguments.add("--" + word);
            case String _ -> {}
            case Map<?, ?> map when map.size() == 1 ->
                    map.forEach((key, value) ->
                            pair(String.valueOf(key), value, major, arguments, problems));
            default -> problems.add("expected a word or one pair, not " + element);
        }
    }

    private static void pair(
            String name,
            @Nullable Object value,
            int major,
            List<String> arguments,
            List<String> problems) {
        String text = value == null ? "" : ShellQuotes.removed(value.toString());
        if (value instanceof Map || value instanceof List) {
            problems.add(name + ": expected a text");
        } else if (!text.isEmpty() && allowed(name, text, major, problems)) {
            arguments.add("--" + name + "=" + text);
        }
    }

    private static boolean allowed(String name, String value, int major, List<String> problems) {
        boolean clientCompression =
                name.equals("compress")
                        && (major < SERVER_SIDE_COMPRESSION || !value.startsWith("server"));
        if (!name.matches("[a-z][a-z0-9-]*") || FORBIDDEN.contains(name) || clientCompression) {
            problems.add(
                    name
                            + (clientCompression
                                    ? ": only server-side compression gives a directory"
                                    : ": not allowed here"));
            return false;
        }
        return true;
    }
}
