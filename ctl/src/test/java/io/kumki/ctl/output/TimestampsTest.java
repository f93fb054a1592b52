package io.kumki.ctl.output;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TimestampsTest {

    private static final Clock BERLIN =
            Clock.fixed(Instant.parse("2026-07-21T21:28:05.173456Z"), ZoneId.of("Europe/Berlin"));

    @ParameterizedTest
    @CsvSource({
        "2030-01-01T10:00, 2030-01-01T10:00:00+01:00",
        "2030-07-01 10:00:30, 2030-07-01T10:00:30+02:00",
        "2030-01-01T10:00+00, 2030-01-01T10:00:00+00:00",
        "2030-01-01T10:00Z, 2030-01-01T10:00:00+00:00",
        "2030-01-01 10:00 UTC, 2030-01-01T10:00:00+00:00",
        "2030-01-01T10:00:00.5-0330, 2030-01-01T10:00:00.500000-03:30",
        "2030-01-01, 2030-01-01T00:00:00+01:00",
        "9:30, 2026-07-21T09:30:00+02:00",
    })
    void usual_forms_are_read(String text, String expected) {
        assertThat(Timestamps.parse(text, BERLIN).map(Timestamps::iso)).contains(expected);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "blah", "2030-02-30T10:00", "10", "2030-01-01T10:00 tomorrow", "+01"})
    void others_are_not(String text) {
        assertThat(Timestamps.parse(text, BERLIN)).isEmpty();
    }

    @Test
    void now_has_five_digits_of_fraction_in_local_time() {
        assertThat(Timestamps.fiveDigits(BERLIN)).isEqualTo("2026-07-21 23:28:05.17345");
        assertThat(Timestamps.nextHour(BERLIN)).isEqualTo("2026-07-22T00:28");
        assertThat(Timestamps.withOffset(OffsetDateTime.parse("2030-01-01T10:00:00Z")))
                .isEqualTo("2030-01-01 10:00:00+00:00");
    }
}
