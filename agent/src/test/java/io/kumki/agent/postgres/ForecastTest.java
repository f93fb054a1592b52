package io.kumki.agent.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** When a volume is full, by what was measured. */
@Timeout(10)
class ForecastTest {

    private static final long MB = 1L << 20;

    /** Measured each ten seconds: {@code first} MB free, {@code step} MB less each time. */
    private static Forecast measured(int times, long first, long step) {
        Forecast forecast = new Forecast();
        for (int i = 0; i < times; i++) {
            forecast.add(Duration.ofSeconds(10L * i).toNanos(), (first - step * i) * MB);
        }
        return forecast;
    }

    @Test
    void aSteadyStreamIsExtrapolated() {
        // 1 MB a second, 940 MB left
        assertThat(measured(7, 1_000, 10).fullIn()).contains(Duration.ofSeconds(940));
    }

    @Test
    void nothingIsSaidBeforeAMinute() {
        assertThat(measured(6, 1_000, 10).fullIn()).isEmpty();
        assertThat(new Forecast().fullIn()).isEmpty();
    }

    @Test
    void roomThatGrowsOrStaysOrShrinksForDaysIsNoWarning() {
        assertThat(measured(10, 1_000, 0).fullIn()).isEmpty();
        assertThat(measured(10, 1_000, -5).fullIn()).isEmpty();
        Forecast days = new Forecast();
        for (int i = 0; i < 10; i++) {
            days.add(Duration.ofSeconds(10L * i).toNanos(), (1L << 40) - MB * i);
        }
        assertThat(days.fullIn()).isEmpty();
    }

    @Test
    void whatWasLongAgoCountsNoMore() {
        Forecast forecast = measured(60, 10_000, 100);
        long end = Duration.ofSeconds(590).toNanos();
        for (int i = 1; i <= 61; i++) {
            forecast.add(end + Duration.ofSeconds(10L * i).toNanos(), 4_100 * MB);
        }
        assertThat(forecast.fullIn()).isEmpty();
    }
}
