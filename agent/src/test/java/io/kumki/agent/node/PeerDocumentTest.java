package io.kumki.agent.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.agent.ha.PeerAnswer;
import io.kumki.dcs.fuzz.Mutations;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What an election takes from another member's status. */
@Timeout(10)
class PeerDocumentTest {

    private static final String STANDBY =
            "{\"state\":\"running\",\"role\":\"replica\",\"timeline\":2,"
                    + "\"xlog\":{\"received_location\":7,\"replayed_location\":5}%s}";

    @Test
    void onlySlotsThatAreReadyForSureCount() {
        assertThat(
                        reached(
                                        ",\"logical_slots_ready\":{\"a\":true,\"b\":false,\"c\":\"yes\",\"d\":null}")
                                .readySlots())
                .containsExactly("a");
        assertThat(reached("").readySlots()).isEmpty();
    }

    @Test
    void nonsenseMeansUnreachable() {
        assertThat(PeerDocument.read(STANDBY.formatted(",\"logical_slots_ready\":7")))
                .isInstanceOf(PeerAnswer.Unreachable.class);
    }

    @Test
    void damagedAnswersGiveAShortReason() {
        for (int seed = 0; seed < 10_000; seed++) {
            String damaged = Mutations.of(STANDBY.formatted(""), new Random(seed));
            PeerAnswer answer = PeerDocument.read(damaged);
            if (answer instanceof PeerAnswer.Unreachable(String why)) {
                assertThat(why).as("seed %d", seed).hasSizeLessThan(300).doesNotContain("\n");
            }
        }
    }

    private static PeerAnswer.Reached reached(String more) {
        return (PeerAnswer.Reached) PeerDocument.read(STANDBY.formatted(more));
    }
}
