package io.kumki.ctl.output;

import java.time.Clock;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Points in time as operators read and write them, in the clock's time zone. */
public final class Timestamps {

    private static final DateTimeFormatter SECONDS = formatter("yyyy-MM-dd HH:mm:ss");
    private static final DateTimeFormatter FIVE_DIGITS = formatter("yyyy-MM-dd HH:mm:ss.SSSSS");
    private static final DateTimeFormatter HOUR = formatter("yyyy-MM-dd'T'HH:mm");
    private static final DateTimeFormatter WITH_OFFSET = formatter("yyyy-MM-dd HH:mm:ssxxx");
    private static final DateTimeFormatter ISO = formatter("yyyy-MM-dd'T'HH:mm:ssxxx");
    private static final DateTimeFormatter ISO_MICROS =
            formatter("yyyy-MM-dd'T'HH:mm:ss.SSSSSSxxx");

    /** ISO 8601 in its usual forms; the date may be missing, the zone may stand after a blank. */
    private static final Pattern TIME =
            Pattern.compile(
                    "(?:(?<date>\\d{4}-\\d{2}-\\d{2})(?:[T ]|$))?"
                            + "(?<time>\\d{1,2}:\\d{2}(?::\\d{2}(?:[.,]\\d{1,9})?)?)?"
                            + "\\s*(?<zone>Z|UTC|GMT|[+-]\\d{2}(?::?\\d{2})?)?",
                    Pattern.CASE_INSENSITIVE);

    private Timestamps() {}

    private static DateTimeFormatter formatter(String pattern) {
        return DateTimeFormatter.ofPattern(pattern, Locale.ROOT);
    }

    /** Now, as {@code YYYY-MM-DD HH:MM:SS}. */
    public static String seconds(Clock clock) {
        return ZonedDateTime.now(clock).format(SECONDS);
    }

    /** Now, as {@code YYYY-MM-DD HH:MM:SS.fffff}. */
    public static String fiveDigits(Clock clock) {
        return ZonedDateTime.now(clock).format(FIVE_DIGITS);
    }

    /** An hour from now, as {@code YYYY-MM-DDTHH:MM}: the example in prompts. */
    public static String nextHour(Clock clock) {
        return ZonedDateTime.now(clock).plusHours(1).format(HOUR);
    }

    /** {@code YYYY-MM-DD HH:MM:SS+HH:MM}. */
    public static String withOffset(OffsetDateTime time) {
        return time.format(WITH_OFFSET);
    }

    /** ISO 8601 with offset, as members store it. */
    public static String iso(OffsetDateTime time) {
        return time.format(time.getNano() == 0 ? ISO : ISO_MICROS);
    }

    /** Reads a time; without zone it is one of the clock's zone, without date one of today. */
    public static Optional<OffsetDateTime> parse(String text, Clock clock) {
        Matcher matcher = TIME.matcher(text.strip());
        if (!matcher.matches()
                || (matcher.group("date") == null && matcher.group("time") == null)) {
            return Optional.empty();
        }
        try {
            LocalDate date =
                    matcher.group("date") == null
                            ? LocalDate.now(clock)
                            : LocalDate.parse(matcher.group("date"));
            String time = matcher.group("time") == null ? "00:00" : matcher.group("time");
            String padded = time.indexOf(':') == 1 ? "0" + time : time;
            LocalDateTime local = date.atTime(LocalTime.parse(padded.replace(',', '.')));
            String zone = matcher.group("zone");
            return Optional.of(
                    zone == null
                            ? local.atZone(clock.getZone()).toOffsetDateTime()
                            : local.atOffset(offset(zone)));
        } catch (DateTimeException _) {
            return Optional.empty(); // such as February 30; the caller says what was expected
        }
    }

    private static ZoneOffset offset(String zone) {
        return Character.isLetter(zone.charAt(0)) ? ZoneOffset.UTC : ZoneOffset.of(zone);
    }
}
