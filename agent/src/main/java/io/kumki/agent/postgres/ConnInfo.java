package io.kumki.agent.postgres;

import io.kumki.agent.config.PostgresConfig.Credentials;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * A connection string of libpq: pairs {@code key=value} in order.
 *
 * @param values may hold a password, so {@link #toString} hides it
 */
public record ConnInfo(Map<String, String> values) {

    /** Keys by the first major version that knows them; others pass everywhere. */
    private static final Map<String, Integer> SINCE =
            Map.of(
                    "target_session_attrs", 10,
                    "gssencmode", 12,
                    "channel_binding", 13,
                    "sslpassword", 13,
                    "sslcrldir", 14,
                    "sslnegotiation", 17);

    public static final ConnInfo EMPTY = new ConnInfo(Map.of());

    public ConnInfo {
        values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
    }

    /** Host, port, user and TLS options; the password is not part of it: use a pass file. */
    public static ConnInfo to(String host, int port, String database, Credentials credentials) {
        ConnInfo info =
                EMPTY.with("host", host)
                        .with("port", Integer.toString(port))
                        .with("dbname", database);
        if (credentials.username().isPresent()) {
            info = info.with("user", credentials.username().get());
        }
        for (Map.Entry<String, String> option : credentials.options().entrySet()) {
            info = info.with(option.getKey(), option.getValue());
        }
        return info;
    }

    public ConnInfo with(String key, String value) {
        Map<String, String> changed = new LinkedHashMap<>(values);
        changed.put(key, value);
        return new ConnInfo(changed);
    }

    /** The same with {@code value}, unless the key is there already. */
    public ConnInfo withDefault(String key, String value) {
        return values.containsKey(key) ? this : with(key, value);
    }

    public ConnInfo without(String key) {
        Map<String, String> changed = new LinkedHashMap<>(values);
        changed.remove(key);
        return new ConnInfo(changed);
    }

    /** Without the keys that libpq of that major version doesn't know. */
    public ConnInfo forMajor(int major) {
        Map<String, String> known = new LinkedHashMap<>(values);
        known.keySet().removeIf(key -> SINCE.getOrDefault(key, 0) > major);
        return new ConnInfo(known);
    }

    public Optional<String> get(String key) {
        return Optional.ofNullable(values.get(key));
    }

    /** The text for libpq; blanks, quotes and backslashes in values are escaped by a backslash. */
    public String text() {
        StringBuilder text = new StringBuilder();
        values.forEach((key, value) ->
                text.append(text.isEmpty() ? "" : " ")
                        .append(key)
                        .append('=')
                        .append(quoted(value)));
        return text.toString();
    }

    private static String quoted(String value) {
        return value.isEmpty()
                ? "''"
                : value.replace("\\", "\\\\").replace("'", "\\'").replace(" ", "\\ ");
    }

    /**
     * Reads libpq's text form: pairs with or without quotes, escapes by backslash.
     *
     * @throws IllegalArgumentException if it has another form; the message doesn't repeat the text,
     *     as it may hold a password
     */
    public static ConnInfo parse(String text) {
        return new ConnInfoParser(text).parse();
    }

    @Override
    public String toString() {
        Map<String, String> shown = new LinkedHashMap<>(values);
        shown.replaceAll((key, value) -> key.endsWith("password") ? "***" : value);
        return "ConnInfo[" + new ConnInfo(shown).text() + "]";
    }
}
