package io.kumki.dcs.cluster;

import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads values of the dynamic configuration the way its users write them: {@code on}, {@code "5"},
 * {@code 30min}.
 */
public final class LenientValues {

    private static final Pattern NUMBER =
            Pattern.compile(
                    "\\s*([+-]?(?:0[xX][0-9A-Fa-f]+|[0-9]+(?:\\.[0-9]*)?(?:[eE][+-]?[0-9]+)?))\\s*([A-Za-z]*)\\s*");

    private static final Pattern LEADING_ZERO = Pattern.compile("0[0-9]+");

    private static final Pattern OCTAL = Pattern.compile("0[0-7]{1,20}");

    private static final Map<String, Double> MILLIS =
            Map.of(
                    "us",
                    0.001,
                    "ms",
                    1.0,
                    "s",
                    1_000.0,
                    "min",
                    60_000.0,
                    "h",
                    3_600_000.0,
                    "d",
                    86_400_000.0);

    private static final Map<String, Long> BYTES =
            Map.of("B", 1L, "kB", 1L << 10, "MB", 1L << 20, "GB", 1L << 30, "TB", 1L << 40);

    private LenientValues() {}

    /**
     * {@code on}, {@code true}, {@code yes}, {@code 1} and their opposites, any case; empty for
     * anything else.
     */
    public static Optional<Boolean> bool(@Nullable Object value) {
        if (value == null) {
            return Optional.empty();
        }
        return switch (value.toString().toLowerCase(Locale.ROOT)) {
            case "on", "true", "yes", "1" -> Optional.of(true);
            case "off", "false", "no", "0" -> Optional.of(false);
            default -> Optional.empty();
        };
    }

    /** Truth of a YAML value: any text but the empty one is true, {@code "false"} too. */
    public static boolean truth(@Nullable Object value) {
        return switch (value) {
            case null -> false;
            case Boolean flag -> flag;
            case Number number -> number.doubleValue() != 0;
            case String text -> !text.isEmpty();
            default -> true;
        };
    }

    /**
     * An integer: decimal, octal with a leading 0, hexadecimal; fractions are rounded. Empty for
     * anything else.
     */
    public static OptionalLong integer(@Nullable Object value) {
        if (value instanceof Integer number) {
            return OptionalLong.of(number);
        }
        Matcher matcher = matcher(value);
        if (matcher == null || !matcher.group(2).isEmpty()) {
            return OptionalLong.empty();
        }
        Double number = parse(matcher.group(1));
        return number == null ? OptionalLong.empty() : OptionalLong.of(Math.round(number));
    }

    /** A duration; a bare number is in seconds, units are {@code us ms s min h d}. */
    public static Optional<Duration> seconds(@Nullable Object value) {
        Matcher matcher = matcher(value);
        if (matcher == null) {
            return Optional.empty();
        }
        String unit = matcher.group(2).isEmpty() ? "s" : matcher.group(2);
        Double factor = MILLIS.get(unit);
        Double number = parse(matcher.group(1));
        return factor == null || number == null
                ? Optional.empty()
                : Optional.of(Duration.ofMillis(Math.round(number * factor)));
    }

    /** A size in bytes; a bare number is in bytes, units are {@code B kB MB GB TB} of 1024. */
    public static OptionalLong bytes(@Nullable Object value) {
        Matcher matcher = matcher(value);
        if (matcher == null) {
            return OptionalLong.empty();
        }
        String unit = matcher.group(2).isEmpty() ? "B" : matcher.group(2);
        Long factor = BYTES.get(unit);
        Double number = parse(matcher.group(1));
        return factor == null || number == null
                ? OptionalLong.empty()
                : OptionalLong.of(Math.round(number * factor));
    }

    private static @Nullable Matcher matcher(@Nullable Object value) {
        if (value == null || value instanceof Boolean) {
            return null;
        }
        Matcher matcher = NUMBER.matcher(value.toString());
        return matcher.matches() ? matcher : null;
    }

    private static @Nullable Double parse(String text) {
        String digits = text.startsWith("+") || text.startsWith("-") ? text.substring(1) : text;
        double sign = text.startsWith("-") ? -1 : 1;
        if (digits.regionMatches(true, 0, "0x", 0, 2)) {
            return digits.length() > 17
                    ? null
                    : sign * Long.parseUnsignedLong(digits.substring(2), 16);
        }
        if (LEADING_ZERO.matcher(digits).matches()) {
            return OCTAL.matcher(digits).matches() ? sign * Long.parseLong(digits, 8) : null;
        }
        return sign * Double.parseDouble(digits);
    }
}
