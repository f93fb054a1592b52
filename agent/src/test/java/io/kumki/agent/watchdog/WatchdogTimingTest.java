package io.kumki.agent.watchdog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.argumentSet;

import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

@Timeout(10)
class WatchdogTimingTest {

    static Stream<Arguments> times() {
        return Stream.of(
                argumentSet("defaults", 30, 10, 5, 25, true),
                argumentSet("half of ttl", 30, 10, -1, 15, true),
                argumentSet("half, rounded down", 31, 10, -1, 15, true),
                argumentSet("no margin", 30, 10, 0, 30, true),
                argumentSet("one second of slack", 16, 10, 5, 11, true),
                argumentSet("no slack: would reset a healthy machine", 20, 10, -1, 10, false),
                argumentSet("negative slack", 20, 10, 11, 9, false),
                argumentSet("margin beyond ttl", 20, 10, 30, -10, false),
                argumentSet("more than a driver takes", 100_000, 10, 5, 65_534, true));
    }

    @ParameterizedTest
    @MethodSource("times")
    void theTimeOutEndsBeforeTheLease(
            int ttl, int loopWait, int margin, int wanted, boolean possible) {
        WatchdogTiming timing =
                WatchdogTiming.of(Duration.ofSeconds(ttl), Duration.ofSeconds(loopWait), margin);

        assertThat(timing.wanted()).isEqualTo(wanted);
        assertThat(timing.impossible().isEmpty()).isEqualTo(possible);
    }

    static Stream<Arguments> left() {
        return Stream.of(
                argumentSet("fresh", 29_400, 25),
                argumentSet("just enough", 25_000, 25),
                argumentSet("answer came late", 24_999, 24),
                argumentSet("very late", 1_000, 1),
                argumentSet("about to end", 999, 0),
                argumentSet("over", -5_000, -5));
    }

    @ParameterizedTest
    @MethodSource("left")
    void itNeverReachesBeyondTheLease(long leftMillis, int seconds) {
        WatchdogTiming timing =
                WatchdogTiming.of(Duration.ofSeconds(30), Duration.ofSeconds(10), 5);

        assertThat(timing.within(Duration.ofMillis(leftMillis))).isEqualTo(seconds);
    }
}
