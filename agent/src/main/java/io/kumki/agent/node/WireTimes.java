package io.kumki.agent.node;

import java.time.DateTimeException;
import java.time.OffsetDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.temporal.ChronoField;
import java.util.Optional;

/** Reads PostgreSQL's text of a time with zone: {@code 2026-11-21 05:00:00.123456+00}. */
final class WireTimes {

    private static final DateTimeFormatter FORM =
            new DateTimeFormatterBuilder()
                    .append(DateTimeFormatter.ISO_LOCAL_DATE)
                    .appendLiteral(' ')
                    .appendPattern("HH:mm:ss")
                    .optionalStart()
                    .appendFraction(ChronoField.MICRO_OF_SECOND, 1, 6, true)
                    .optionalEnd()
                    .appendPattern("[XXX][X]")
                    .toFormatter(java.util.Locale.ROOT);

    private WireTimes() {}

    static Optional<OffsetDateTime> parse(String text) {
        try {
            return Optional.of(OffsetDateTime.parse(text.replace('T', ' '), FORM));
        } catch (DateTimeException _) {
            return Optional.empty();
        }
    }
}
