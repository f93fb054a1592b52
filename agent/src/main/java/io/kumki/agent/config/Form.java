package io.kumki.agent.config;

import io.kumki.dcs.cluster.LenientValues;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What a value has to look like.
 *
 * @param expected what is allowed, for people: {@code "an integer from 0 to 4096"}
 * @param usable whether a node can run with it; more is accepted than the strict check accepts
 * @param strict what {@code --validate-config} says about a value; empty: nothing
 */
record Form(
        String expected,
        Predicate<@Nullable Object> usable,
        Function<@Nullable Object, Optional<String>> strict) {

    static final String WRONG_VALUE = "didn't pass validation: Wrong value";

    static final Form TEXT =
            typed(
                    "a text (in quotes if it looks like a number)",
                    "a string",
                    String.class::isInstance);

    /** Becomes part of a key's path, of slot names and of connection strings. */
    static final Form NAME =
            new Form(
                    "a text that isn't empty and holds no slash (in quotes if it looks like a number)",
                    value ->
                            value instanceof String text
                                    && !text.isBlank()
                                    && text.indexOf('/') < 0,
                    value ->
                            value instanceof String text
                                    ? unless(!text.isBlank() && text.indexOf('/') < 0, WRONG_VALUE)
                                    : Optional.of("is not a string"));

    static final Form MAPPING =
            typed("a mapping (key: value lines)", "a dictionary", Map.class::isInstance);
    static final Form BOOLEAN =
            new Form(
                    "on or off",
                    value -> LenientValues.bool(value).isPresent(),
                    value -> unless(value instanceof Boolean, "is not a boolean"));
    static final Form TRUTH =
            new Form(
                    "true or false",
                    value -> !(value instanceof Map) && !(value instanceof List),
                    value -> unless(value instanceof Boolean, "is not a boolean"));
    static final Form SCALAR =
            new Form(
                    "a single value",
                    value -> !(value instanceof Map) && !(value instanceof List),
                    _ -> Optional.empty());
    static final Form ANY = new Form("anything", _ -> true, _ -> Optional.empty());
    static final Form PATH =
            new Form(
                    "a path",
                    value -> value instanceof String text && text.indexOf('\0') < 0,
                    value -> unless(value instanceof String, "is not a string"));

    /** An empty one would be the working directory. */
    static final Form OWN_DIRECTORY =
            new Form(
                    "the path of a directory of the server's own, not empty",
                    value -> PATH.usable().test(value) && !String.valueOf(value).isBlank(),
                    PATH.strict());

    static final Form TEXTS =
            new Form(
                    "a list of texts (- line)",
                    Form::isScalarList,
                    value ->
                            !(value instanceof List<?> list)
                                    ? Optional.of("is not a list")
                                    : unless(!list.isEmpty(), "is an empty list"));
    static final Form TEXTS_OR_MAPPINGS =
            new Form(
                    "a list (- line) or a mapping",
                    value -> value instanceof List || value instanceof Map,
                    value ->
                            !(value instanceof List<?> list)
                                    ? Optional.of("is not a list")
                                    : unless(!list.isEmpty(), "is an empty list"));
    static final Form ADDRESS =
            new Form(
                    "an address HOST:PORT with a port from 1 to 65535, IPv6 in brackets",
                    value -> value instanceof String text && HostPort.parse(text).isPresent(),
                    value -> unless(value instanceof String, "is not a string"));
    static final Form SERVER_ADDRESSES =
            new Form(
                    "addresses HOST[,HOST…][:PORT] with a port from 1 to 65535",
                    value -> value instanceof String text && isServerAddresses(text),
                    value -> unless(value instanceof String, "is not a string"));
    static final Form SERVER_ADDRESS =
            new Form(
                    "an address HOST[:PORT] with a port from 1 to 65535",
                    value -> value instanceof String text && HostPort.parse(text, 5432).isPresent(),
                    value -> unless(value instanceof String, "is not a string"));

    private static Form typed(String expected, String strictly, Predicate<@Nullable Object> type) {
        return new Form(expected, type, value -> unless(type.test(value), "is not " + strictly));
    }

    static Optional<String> unless(boolean fine, String message) {
        return fine ? Optional.empty() : Optional.of(message);
    }

    /** Any integer; a boolean passes the strict check, as it always did. */
    static Form integer() {
        return new Form(
                "an integer",
                value -> LenientValues.integer(value).isPresent(),
                value ->
                        unless(
                                value instanceof Integer
                                        || value instanceof Long
                                        || value instanceof Boolean,
                                "is not an integer"));
    }

    /** A YAML integer within a range; the node runs with numeric text too. */
    static Form yamlInteger(long least, long most) {
        return new Form(
                range("an integer", least, most),
                value ->
                        within(LenientValues.integer(value).stream().boxed().toList(), least, most),
                value ->
                        !(value instanceof Integer || value instanceof Long)
                                ? Optional.of("is not an integer")
                                : unless(
                                        within(List.of(((Number) value).longValue()), least, most),
                                        WRONG_VALUE));
    }

    /** A number, perhaps as text, within a range. */
    static Form number(long least, long most) {
        Predicate<@Nullable Object> fits =
                value ->
                        within(LenientValues.integer(value).stream().boxed().toList(), least, most);
        return new Form(
                range("an integer", least, most),
                fits,
                value -> unless(fits.test(value), WRONG_VALUE));
    }

    /** Seconds, perhaps with a unit. */
    static Form seconds(long least) {
        Predicate<@Nullable Object> fits =
                value ->
                        LenientValues.seconds(value)
                                .map(length -> length.toSeconds() >= least)
                                .orElse(false);
        return new Form(
                "seconds, at least " + least, fits, value -> unless(fits.test(value), WRONG_VALUE));
    }

    /** One of some words; the node takes them in any case. */
    static Form choice(boolean strictCase, String... words) {
        List<String> allowed = Arrays.asList(words);
        Predicate<@Nullable Object> anyCase =
                value -> value instanceof String text && contains(allowed, text);
        return new Form(
                "one of " + String.join(", ", words),
                anyCase,
                value ->
                        !(value instanceof String)
                                ? Optional.of("is not a string")
                                : unless(
                                        strictCase ? allowed.contains(value) : anyCase.test(value),
                                        WRONG_VALUE));
    }

    /** The same strictly, but a node runs with anything, with a warning where it is read. */
    Form runsWithAnything() {
        return new Form(expected, SCALAR.usable, strict);
    }

    /** The same strictly, but a node runs with a number out of range: members take the nearest. */
    Form runsWithAnyNumber() {
        return new Form(
                expected,
                value ->
                        LenientValues.integer(value).isPresent()
                                || LenientValues.seconds(value).isPresent(),
                strict);
    }

    private static boolean contains(List<String> words, String text) {
        return words.stream().anyMatch(word -> word.equalsIgnoreCase(text));
    }

    private static boolean within(List<Long> numbers, long least, long most) {
        return numbers.size() == 1 && numbers.getFirst() >= least && numbers.getFirst() <= most;
    }

    private static String range(String what, long least, long most) {
        return most == Long.MAX_VALUE
                ? what + " of at least " + least
                : String.format(Locale.ROOT, "%s from %d to %d", what, least, most);
    }

    private static boolean isScalarList(@Nullable Object value) {
        return value instanceof List<?> list
                && list.stream().allMatch(item -> Section.scalar(item) != null);
    }

    private static boolean isServerAddresses(String text) {
        HostPort.Split split = HostPort.split(text.strip());
        int port = split.port().orElse(5432);
        return port > 0
                && port < 65_536
                && Arrays.stream(split.host().split(",", -1))
                        .allMatch(host -> HostPort.bare(host.strip()).matches("[^\\s\\[\\]/@]+"));
    }
}
