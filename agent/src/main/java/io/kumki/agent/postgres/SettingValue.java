package io.kumki.agent.postgres;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Compares and shows values of server parameters by PostgreSQL's type and base unit. */
final class SettingValue {

    /** No longer than what PostgreSQL could mean: arithmetic on 1e999999999 takes all memory. */
    private static final Pattern NUMBER =
            Pattern.compile(
                    "\\s*([-+]?(?:\\d{1,40}\\.?\\d{0,400}|\\.\\d{1,400})(?:[eE][-+]?\\d{1,3})?)"
                            + "\\s*([A-Za-z]*)\\s*");

    private static final Pattern BASE_UNIT = Pattern.compile("(\\d*)([A-Za-z]+)");

    /** In bytes, largest first. */
    private static final Map<String, Long> MEMORY = new LinkedHashMap<>();

    /** In microseconds, largest first. */
    private static final Map<String, Long> TIME = new LinkedHashMap<>();

    static {
        MEMORY.put("TB", 1L << 40);
        MEMORY.put("GB", 1L << 30);
        MEMORY.put("MB", 1L << 20);
        MEMORY.put("kB", 1L << 10);
        MEMORY.put("B", 1L);
        TIME.put("d", 86_400_000_000L);
        TIME.put("h", 3_600_000_000L);
        TIME.put("min", 60_000_000L);
        TIME.put("s", 1_000_000L);
        TIME.put("ms", 1_000L);
        TIME.put("us", 1L);
    }

    /** What people read comfortably, and far beyond what any parameter allows. */
    private static final int MOST_DIGITS = 30;

    private SettingValue() {}

    /**
     * Whether two texts mean the same.
     *
     * @param type {@code pg_settings.vartype}
     * @param unit {@code pg_settings.unit}, empty if it has none
     */
    static boolean same(String one, String other, String type, String unit) {
        return switch (type) {
            case "bool" -> truth(one).isPresent() && truth(one).equals(truth(other));
            case "integer", "real" -> sameNumber(one, other, unit);
            case "enum" -> one.equalsIgnoreCase(other);
            default -> one.equals(other);
        };
    }

    private static boolean sameNumber(String one, String other, String unit) {
        Optional<BigDecimal> first = inBase(one, unit);
        Optional<BigDecimal> second = inBase(other, unit);
        return (first.isPresent() && second.isPresent())
                ? first.get().compareTo(second.get()) == 0
                : one.equals(other);
    }

    /** PostgreSQL's words for yes and no, and their unambiguous beginnings. */
    static Optional<Boolean> truth(String text) {
        return switch (text.strip().toLowerCase(Locale.ROOT)) {
            case "on", "true", "tru", "tr", "t", "yes", "ye", "y", "1" -> Optional.of(true);
            case "off", "of", "false", "fals", "fal", "fa", "f", "no", "n", "0" ->
                    Optional.of(false);
            default -> Optional.empty();
        };
    }

    /** The number in units of {@code unit}; without a unit of its own it is that already. */
    private static Optional<BigDecimal> inBase(String text, String unit) {
        Matcher matcher = NUMBER.matcher(text);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        BigDecimal number = new BigDecimal(matcher.group(1));
        String own = matcher.group(2);
        if (own.isEmpty()) {
            return Optional.of(number);
        }
        Optional<Long> from = factor(own);
        Optional<Long> to = factor(unit);
        return from.isEmpty() || to.isEmpty()
                ? Optional.empty()
                : Optional.of(
                        number.multiply(BigDecimal.valueOf(from.get()))
                                .divide(BigDecimal.valueOf(to.get()), 6, RoundingMode.HALF_EVEN));
    }

    private static Optional<Long> factor(String unit) {
        Matcher matcher = BASE_UNIT.matcher(unit);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        Long scale = MEMORY.getOrDefault(matcher.group(2), TIME.get(matcher.group(2)));
        long count = matcher.group(1).isEmpty() ? 1 : Long.parseLong(matcher.group(1));
        return scale == null ? Optional.empty() : Optional.of(count * scale);
    }

    /**
     * As people read it: a number in base units becomes one of the largest unit that divides it.
     */
    static String shown(String value, String unit) {
        Optional<Long> factor = factor(unit);
        Optional<BigDecimal> number = inBase(value, unit);
        if (factor.isEmpty()
                || number.isEmpty()
                || number.get().signum() <= 0
                || number.get().precision() - number.get().scale() > MOST_DIGITS) {
            return value;
        }
        BigDecimal base = number.get().multiply(BigDecimal.valueOf(factor.get()));
        Map<String, Long> units = MEMORY.containsKey(plain(unit)) ? MEMORY : TIME;
        for (Map.Entry<String, Long> larger : units.entrySet()) {
            BigDecimal scale = BigDecimal.valueOf(larger.getValue());
            if (base.remainder(scale).signum() == 0) {
                return base.divide(scale).toBigInteger() + larger.getKey();
            }
        }
        return value;
    }

    private static String plain(String unit) {
        Matcher matcher = BASE_UNIT.matcher(unit);
        return matcher.matches() ? matcher.group(2) : unit;
    }
}
