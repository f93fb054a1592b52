package io.kumki.agent.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.OffsetDateTime;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Times as a server writes them with any time zone of its own. */
@Timeout(10)
class WireTimesTest {

    @ParameterizedTest
    @CsvSource({
        "2026-11-21 05:00:00.123456+00, 2026-11-21T05:00:00.123456Z",
        "2026-11-21 05:00:00.5+00, 2026-11-21T05:00:00.5Z",
        "2026-11-21 05:00:00.000001-03, 2026-11-21T05:00:00.000001-03:00",
        "2026-11-21 05:00:00+05:30, 2026-11-21T05:00:00+05:30",
        "2026-11-21 05:00:00+0530, 2026-11-21T05:00:00+05:30",
        "2026-11-21T05:00:00Z, 2026-11-21T05:00:00Z"
    })
    void areRead(String text, OffsetDateTime time) {
        assertThat(WireTimes.parse(text)).contains(time);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "2026-11-21 05:00:00",
                "2026-11-21 05:00+00",
                "2026-13-21 05:00:00+00",
                "2026-11-21 25:00:00+00",
                "2026-11-21 05:00:00.1234567+00",
                "2026-11-21 05:00:00+99",
                "infinity",
                "2026-11-21 05:00:00+00 BC"
            })
    void andNothingElseIs(String text) {
        assertThat(WireTimes.parse(text)).isEmpty();
    }
}
