package io.kumki.dcs.json;

import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.MemberName;
import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * The fields of one JSON object, read leniently: absent and null are the same, a value of the wrong
 * type is noted in {@code problems} and counts as absent.
 */
record Fields(Map<?, ?> object, List<String> problems) {

    /** Texts longer than this aren't quoted in a problem. */
    private static final int QUOTED_LENGTH = 40;

    Optional<String> text(String name) {
        return switch (object.get(name)) {
            case null -> Optional.empty();
            case String text -> Optional.of(text);
            case Number number -> Optional.of(number.toString());
            case Object other -> wrong(name, "a text", other);
        };
    }

    /** An integer, also as text. */
    OptionalLong integer(String name) {
        Object value = object.get(name);
        if (value == null) {
            return OptionalLong.empty();
        }
        OptionalLong number = integerOf(value);
        if (number.isEmpty()) {
            wrong(name, "an integer", value);
        }
        return number;
    }

    /** Whether the field is exactly {@code true}. */
    boolean isTrue(String name) {
        return bool(name).orElse(false);
    }

    Optional<Boolean> bool(String name) {
        return switch (object.get(name)) {
            case null -> Optional.empty();
            case Boolean flag -> Optional.of(flag);
            case Object other -> wrong(name, "true or false", other);
        };
    }

    Optional<Map<?, ?>> map(String name) {
        return switch (object.get(name)) {
            case null -> Optional.empty();
            case Map<?, ?> map -> Optional.of(map);
            case Object other -> wrong(name, "an object", other);
        };
    }

    Optional<Lsn> lsn(String name) {
        OptionalLong bytes = integer(name);
        if (bytes.isPresent() && bytes.getAsLong() < 0) {
            return wrong(name, "a position", bytes.getAsLong());
        }
        return bytes.isPresent() ? Optional.of(new Lsn(bytes.getAsLong())) : Optional.empty();
    }

    /** A member name; the empty text counts as absent. */
    Optional<MemberName> memberName(String name) {
        Optional<String> text = text(name).map(String::strip).filter(value -> !value.isEmpty());
        if (text.isPresent() && text.get().indexOf('/') >= 0) {
            return wrong(name, "a member name", text.get());
        }
        return text.map(MemberName::new);
    }

    <T> Optional<T> wrong(String name, String expected, Object found) {
        problems.add(name + " is not " + expected + ": " + quoted(found));
        return Optional.empty();
    }

    static String quoted(@Nullable Object value) {
        String text = String.valueOf(value);
        return text.length() <= QUOTED_LENGTH
                ? "\"" + text + "\""
                : "\"" + text.substring(0, QUOTED_LENGTH) + "…\"";
    }

    /** The value as integer, also from decimal text; empty for anything else. */
    static OptionalLong integerOf(@Nullable Object value) {
        return switch (value) {
            case Integer number -> OptionalLong.of(number);
            case Long number -> OptionalLong.of(number);
            case BigInteger number when number.bitLength() < Long.SIZE ->
                    OptionalLong.of(number.longValue());
            case Double number when number == Math.rint(number) && Math.abs(number) < 1L << 53 ->
                    OptionalLong.of(number.longValue());
            case String text when text.strip().matches("-?[0-9]{1,18}") ->
                    OptionalLong.of(Long.parseLong(text.strip()));
            case null, default -> OptionalLong.empty();
        };
    }
}
