package io.kumki.restapi;

import java.time.DateTimeException;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Times as they are written on the wire, and as operators type them. */
final class WireTime {

    private static final Pattern ISO =
            Pattern.compile(
                    "(\\d{4})-?(\\d\\d)-?(\\d\\d)"
                            + "(?:[T ](\\d\\d)(?::?(\\d\\d)(?::?(\\d\\d)(?:[.,](\\d{1,9}))?)?)?)?"
                            + "\\s*(Z|UTC|GMT|[+-]\\d\\d(?::?\\d\\d)?)?",
                    Pattern.CASE_INSENSITIVE);

    /** {@code 2026-07-01 10:00:00.123456+00:00}: a blank between, no fraction when it is zero. */
    private static final DateTimeFormatter BLANK =
            DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss", Locale.ROOT);

    private static final DateTimeFormatter ISO_OUT =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss", Locale.ROOT);

    private WireTime() {}

    /** A time that an operator gave. */
    sealed interface Given {
        record At(OffsetDateTime time) implements Given {}

        record NoZone() implements Given {}

        record Unreadable() implements Given {}
    }

    /** Reads ISO 8601 in its usual forms: blank or T, with or without seconds and minutes. */
    static Given parse(@Nullable Object value) {
        if (!(value instanceof String text)) {
            return new Given.Unreadable();
        }
        Matcher matcher = ISO.matcher(text.strip());
        if (!matcher.matches()) {
            return new Given.Unreadable();
        }
        if (matcher.group(8) == null) {
            return new Given.NoZone();
        }
        try {
            String fraction = matcher.group(7) == null ? "" : matcher.group(7);
            return new Given.At(
                    OffsetDateTime.of(
                            number(matcher, 1),
                            number(matcher, 2),
                            number(matcher, 3),
                            number(matcher, 4),
                            number(matcher, 5),
                            number(matcher, 6),
                            Integer.parseInt((fraction + "000000000").substring(0, 9)),
                            offset(matcher.group(8))));
        } catch (DateTimeException e) {
            return new Given.Unreadable();
        }
    }

    private static int number(Matcher matcher, int group) {
        return matcher.group(group) == null ? 0 : Integer.parseInt(matcher.group(group));
    }

    private static ZoneOffset offset(String text) {
        return Character.isLetter(text.charAt(0)) ? ZoneOffset.UTC : ZoneOffset.of(text);
    }

    static String iso(OffsetDateTime time) {
        return write(time, ISO_OUT);
    }

    static String withBlank(OffsetDateTime time) {
        return write(time, BLANK);
    }

    private static String write(OffsetDateTime time, DateTimeFormatter formatter) {
        String fraction =
                time.getNano() < 1000
                        ? ""
                        : String.format(Locale.ROOT, ".%06d", time.getNano() / 1000);
        String zone = time.getOffset().getTotalSeconds() == 0 ? "+00:00" : time.getOffset().getId();
        return formatter.format(time) + fraction + zone;
    }
}
