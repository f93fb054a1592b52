package io.kumki.agent.node;

import java.time.DateTimeException;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads PostgreSQL's text of a time with zone: {@code 2026-11-21 05:00:00.123456+00}. Each turn
 * reads one, and a {@code DateTimeFormatter} takes ten times as long.
 */
final class WireTimes {

    private static final Pattern FORM =
            Pattern.compile(
                    "(\\d{4})-(\\d\\d)-(\\d\\d)[ T](\\d\\d):(\\d\\d):(\\d\\d)(?:\\.(\\d{1,6}))?"
                            + "(Z|[+-]\\d\\d(?::?\\d\\d)?)");

    private WireTimes() {}

    static Optional<OffsetDateTime> parse(String text) {
        Matcher form = FORM.matcher(text);
        if (!form.matches()) {
            return Optional.empty();
        }
        try {
            return Optional.of(
                    OffsetDateTime.of(
                            number(form, 1),
                            number(form, 2),
                            number(form, 3),
                            number(form, 4),
                            number(form, 5),
                            number(form, 6),
                            form.group(7) == null ? 0 : nanos(form.group(7)),
                            ZoneOffset.of(form.group(8))));
        } catch (DateTimeException _) {
            return Optional.empty();
        }
    }

    private static int number(Matcher form, int group) {
        return Integer.parseInt(form.group(group));
    }

    private static int nanos(String fraction) {
        int nanos = Integer.parseInt(fraction);
        for (int digits = fraction.length(); digits < 9; digits++) {
            nanos *= 10;
        }
        return nanos;
    }
}
