package io.kumki.agent.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class ClockWatchTest {

    private final ClockWatch watch = new ClockWatch();

    private boolean seen(Duration ahead) {
        return watch.seen(ahead, "h:5432");
    }

    @Test
    void warnsOnceWhenSeveralLooksFindItFarOff() {
        for (Duration far : new Duration[] {Duration.ofHours(1), Duration.ofMinutes(-1)}) {
            assertThat(seen(far)).isFalse();
            assertThat(seen(far)).isFalse();
            assertThat(seen(far)).isTrue();
            assertThat(seen(far)).isFalse();
            assertThat(seen(Duration.ZERO)).isFalse();
        }
    }

    @Test
    void oneMessageThatLayInAQueueIsNoClock() {
        for (int look = 0; look < 6; look++) {
            assertThat(seen(look % 3 == 2 ? Duration.ofSeconds(30) : Duration.ofSeconds(31)))
                    .isFalse();
        }
    }
}
