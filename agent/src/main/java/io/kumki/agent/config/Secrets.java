package io.kumki.agent.config;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Hides passwords in what people and logs get to see. */
final class Secrets {

    private static final int MAX_SHOWN = 200;

    /** They hold user and password; somebody may have written the password alone. */
    private static final Set<String> SECTIONS =
            Set.of("authentication", "superuser", "replication", "rewind");

    /**
     * In lines and commands: {@code ldapbindpasswd="x"}, {@code PGPASSWORD=x}, {@code --token x}.
     */
    private static final Pattern IN_TEXT =
            Pattern.compile(
                    "((?i)[\\w-]*(?:passw(?:or)?d|passphrase|secret|token|api_?key)\\w*(?:\\s*[=:]\\s*|(?<=--[\\w-]{1,40})\\s+))"
                            + "(\"[^\"]*\"|'[^']*'|[^\\s,;]+)");

    private static final Pattern AUTHORIZATION =
            Pattern.compile("((?i)\\b(?:bearer|basic)\\s+)[A-Za-z0-9+/=._~-]{4,}");

    /** Headers, and keys of whatever else may be written. */
    private static final Pattern SECRET_KEY =
            Pattern.compile(
                    "(?i)authorization|(?:set-)?cookie|.*passphrase.*|.*(?:password|secret|token|api[-_]?key)");

    private Secrets() {}

    /** The value as text, at most some 200 characters of it. */
    static String shown(String path, @Nullable Object value) {
        String text = String.valueOf(masked(path.substring(path.lastIndexOf('.') + 1), value));
        return text.length() > MAX_SHOWN ? text.substring(0, MAX_SHOWN) + "…" : text;
    }

    private static String inText(String text) {
        String masked = text.replaceAll("://[^/@\\s]*@", "://***@");
        masked = IN_TEXT.matcher(masked).replaceAll("$1***");
        return AUTHORIZATION.matcher(masked).replaceAll("$1***");
    }

    /** A copy with {@code ***} for secrets. */
    static @Nullable Object masked(String key, @Nullable Object value) {
        String name = key.toLowerCase(Locale.ROOT);
        if (value != null
                && (SECRET_KEY.matcher(name).matches()
                        || name.equals("auth")
                        || name.equals("auth_data")
                        || name.endsWith("conninfo")
                        || (SECTIONS.contains(name) && !(value instanceof Map)))) {
            return "***";
        }
        return switch (value) {
            case Map<?, ?> map -> {
                Map<String, @Nullable Object> copy = new LinkedHashMap<>();
                map.forEach((inner, item) ->
                        copy.put(String.valueOf(inner), masked(String.valueOf(inner), item)));
                yield copy;
            }
            case List<?> list -> {
                List<@Nullable Object> copy = new ArrayList<>();
                list.forEach(item -> copy.add(masked("", item)));
                yield copy;
            }
            case String text -> inText(text);
            case null, default -> value;
        };
    }
}
