package io.kumki.agent.config;

import io.kumki.dcs.cluster.LenientValues;
import io.kumki.dcs.environment.OwnVariables;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What {@link OwnVariables} say, as a tree like that of a file.
 *
 * @param tree the configuration they make; empty without any
 * @param origins path of each of its values to the variable it came from
 * @param whole text of {@link #WHOLE}, which replaces all others when there is no file
 * @param problems variables that can't be used
 * @param warnings variables that were left out because their text can't be read
 */
record EnvironmentConfig(
        Map<String, @Nullable Object> tree,
        SortedMap<String, String> origins,
        Optional<String> whole,
        List<Problem> problems,
        List<String> warnings) {

    private static final String PREFIX = OwnVariables.PREFIX;

    static final String WHOLE = PREFIX + "CONFIGURATION";

    static EnvironmentConfig of(Map<String, String> environment) {
        OwnVariables own = OwnVariables.of(environment);
        Reader reader = new Reader(own);
        EnvironmentVariables.FIXED.forEach(reader::fixed);
        reader.variables.forEach(reader::store);
        reader.etcdCredentials();
        own.problems()
                .forEach(wrong ->
                        reader.problems.add(
                                new Problem(wrong.variable(), wrong.value(), wrong.message())));
        reader.warnings.addAll(KnownVariables.warnings(own));
        return new EnvironmentConfig(
                reader.tree,
                reader.origins,
                Optional.ofNullable(own.values().get(WHOLE)).filter(text -> !text.isBlank()),
                List.copyOf(reader.problems),
                List.copyOf(reader.warnings));
    }

    /** What keeps others out is never left out because it can't be read. */
    private static final Set<String> GUARDS =
            Set.of("RESTAPI_ALLOWLIST", "RESTAPI_ALLOWLIST_INCLUDE_MEMBERS");

    /** How the text of a variable becomes a value. */
    enum Conversion {
        TEXT,
        INTEGER,
        BOOLEAN,
        LIST,
        MAPPING,
        /** Text, or a list of names if no {@code %(name)} is in it. */
        LOG_FORMAT
    }

    /** Collects the tree variable by variable. */
    private static final class Reader {
        private final OwnVariables own;
        private final SortedMap<String, String> variables = new TreeMap<>();
        private final Map<String, @Nullable Object> tree = new LinkedHashMap<>();
        private final SortedMap<String, String> origins = new TreeMap<>();
        private final List<Problem> problems = new ArrayList<>();
        private final List<String> warnings;

        private Reader(OwnVariables own) {
            this.own = own;
            this.warnings = new ArrayList<>(own.warnings());
            own.values()
                    .forEach((name, text) -> variables.put(name.substring(PREFIX.length()), text));
        }

        private void fixed(String name, EnvironmentVariables.Target target) {
            String text = variables.get(name);
            if (text != null && !text.isEmpty()) {
                convert(name, text, target.conversion())
                        .ifPresent(value -> put(name, target.path(), value));
            }
        }

        private void store(String name, String text) {
            int underscore = name.indexOf('_');
            if (underscore < 1 || EnvironmentVariables.isFixed(name)) {
                return;
            }
            String section = name.substring(0, underscore);
            Conversion conversion =
                    EnvironmentVariables.STORE_SUFFIXES.get(name.substring(underscore + 1));
            if (conversion != null && KnownVariables.STORES.contains(section)) {
                String lower = name.toLowerCase(java.util.Locale.ROOT);
                convert(name, text, conversion)
                        .ifPresent(value ->
                                put(
                                        name,
                                        lower.substring(0, underscore)
                                                + "."
                                                + lower.substring(underscore + 1),
                                        value));
            }
        }

        /**
         * Upstream reads these only beside another variable of the same store; for etcd3 we take
         * them always, so that the endpoints may stand in a file.
         */
        private void etcdCredentials() {
            for (String store : List.of("etcd", "etcd3")) {
                if (store.equals("etcd3") || tree.containsKey(store)) {
                    for (String key : List.of("username", "password")) {
                        String name = (store + "_" + key).toUpperCase(java.util.Locale.ROOT);
                        String text = variables.get(name);
                        if (text != null && !text.isEmpty()) {
                            put(name, store + "." + key, text);
                        }
                    }
                }
            }
        }

        private Optional<Object> convert(String name, String text, Conversion conversion) {
            return switch (conversion) {
                case TEXT -> Optional.of(text);
                case INTEGER -> {
                    OptionalLong number = LenientValues.integer(text);
                    yield number.isPresent()
                            ? Optional.of(narrow(number.getAsLong()))
                            : dropped(name, "is not an integer");
                }
                case BOOLEAN -> {
                    Optional<Boolean> flag = LenientValues.bool(text.strip());
                    yield flag.isPresent()
                            ? Optional.of(flag.get())
                            : dropped(name, "is none of on, off, true, false, yes, no, 1, 0");
                }
                case LIST -> list(name, text);
                case MAPPING -> {
                    String yaml = text.stripLeading().startsWith("{") ? text : "{" + text + "}";
                    yield parse(name, yaml) instanceof Map<?, ?> map
                            ? Optional.of(map)
                            : dropped(name, "is not a YAML mapping such as \"a: b, c: d\"");
                }
                case LOG_FORMAT ->
                        text.matches("(?s).*%\\(\\w+\\).*") ? Optional.of(text) : list(name, text);
            };
        }

        private Optional<Object> list(String name, String text) {
            String yaml =
                    text.stripLeading().startsWith("-") || text.contains("[")
                            ? text
                            : "[" + text + "]";
            return parse(name, yaml) instanceof List<?> list
                    ? Optional.of(list)
                    : dropped(name, "is not a YAML list such as \"a, b\"");
        }

        private static Object narrow(long number) {
            return number == (int) number ? (Object) (int) number : (Object) number;
        }

        private @Nullable Object parse(String name, String yaml) {
            try {
                return YamlText.parse(yaml, name);
            } catch (InvalidConfigException e) {
                return null; // the caller's warning names variable and form
            }
        }

        private Optional<Object> dropped(String name, String why) {
            if (GUARDS.contains(name)) {
                // without it everybody could come in
                String text = variables.getOrDefault(name, "");
                problems.add(new Problem(origin(name), text, "its value " + why + ": correct it"));
                return Optional.empty();
            }
            warnings.add(origin(name) + " is ignored: its value " + why);
            return Optional.empty();
        }

        /** The variable as it was really set. */
        private String origin(String name) {
            return own.origins().getOrDefault(PREFIX + name, PREFIX + name);
        }

        private void put(String name, String path, Object value) {
            if (value instanceof Map<?, ?> several) {
                several.keySet().forEach(key -> origins.put(path + "." + key, origin(name)));
            } else {
                origins.put(path, origin(name));
            }
            Map<String, @Nullable Object> map = tree;
            String[] keys = path.split("\\.", -1);
            for (int i = 0; i < keys.length - 1; i++) {
                Map<String, @Nullable Object> inner =
                        new LinkedHashMap<>(Section.of(map.get(keys[i])).values());
                map.put(keys[i], inner);
                map = inner;
            }
            map.put(keys[keys.length - 1], value);
        }
    }
}
