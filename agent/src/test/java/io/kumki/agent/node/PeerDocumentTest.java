package io.kumki.agent.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.agent.ha.PeerAnswer;
import io.kumki.dcs.fuzz.Mutations;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "{'lease':{'left_ms':17342,'ttl':30}} | 17342",
                "{'lease':{'left_ms':30001,'ttl':30}} | -1",
                "{'lease':{'left_ms':-1,'ttl':30}} | -1",
                "{'lease':{'left_ms':5}} | -1",
                "{'lease':{'left_ms':'x','ttl':30}} | -1",
                "{'lease':7} | -1",
                "{} | -1",
                "[ | -1"
            })
    void aLeaseIsTakenIfItCanBeOne(String body, long leftMillis) {
        assertThat(
                        PeerDocument.lease(body.replace('\'', '"'))
                                .map(lease -> lease.left().toMillis())
                                .orElse(-1L))
                .isEqualTo(leftMillis);
    }

    private static PeerAnswer.Reached reached(String more) {
        return (PeerAnswer.Reached) PeerDocument.read(STANDBY.formatted(more));
    }
}
