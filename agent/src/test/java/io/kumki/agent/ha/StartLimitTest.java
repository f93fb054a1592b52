package io.kumki.agent.ha;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A restart's own limit lasts as long as its start does. */
@Timeout(10)
class StartLimitTest {

    private static final Duration LIMIT = Duration.ofSeconds(7);

    private static Memory after(OperationOutcome outcome) {
        Situation.Ongoing restart =
                new Situation.Ongoing(new Operation.Restart(LIMIT), 0, Optional.empty());
        return Aftermath.of(Memory.FRESH, restart, outcome, Duration.ofSeconds(30), Situations.NOW);
    }

    @Test
    void aStartThatMissedItIsLateAtOnce() {
        Memory memory = after(new OperationOutcome.StillStarting());

        assertThat(memory.startLimit()).contains(LIMIT);
        assertThat(memory.crashedSinceNanos())
                .isEqualTo(OptionalLong.of(Situations.NOW - LIMIT.toNanos()));
    }

    @Test
    void itIsForgottenWithTheStart() {
        Memory memory = after(new OperationOutcome.StillStarting());

        assertThat(memory.withCrashedSince(OptionalLong.empty()).startLimit()).isEmpty();
        assertThat(after(new OperationOutcome.Done("")).startLimit()).isEmpty();
    }
}
