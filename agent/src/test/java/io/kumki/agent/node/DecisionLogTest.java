package io.kumki.agent.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.agent.ha.Action;
import io.kumki.agent.ha.Decision;
import io.kumki.agent.ha.Memory;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.restapi.NodeSnapshot.Rejoin;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class DecisionLogTest {

    private static final Instant BEGIN = Instant.parse("2026-11-21T10:00:00Z");

    private final DecisionLog log = new DecisionLog(new MemberName("n1"));

    private void decided(int second, String rule, String reason) {
        log.note(
                BEGIN.plusSeconds(second),
                Decision.of(rule, reason, Memory.FRESH, new Action[0]),
                "done",
                "n2",
                0);
    }

    @Test
    void aStepOfTheWayBackIsToldUntilAnotherKindOfDecision() {
        assertThat(log.rejoin()).isEmpty();

        decided(1, "rejoin.rewinds", "rung 3 of 4: first");
        decided(2, "operation.under-way", "pg_rewind runs since 1 s");
        decided(3, "rejoin.rewinds", "rung 3 of 4: second");
        assertThat(log.rejoin())
                .contains(
                        new Rejoin("rejoin.rewinds", "rung 3 of 4: second", BEGIN.plusSeconds(1)));

        decided(4, "rejoin.clones", "rung 4 of 4");
        assertThat(log.rejoin().orElseThrow().since()).isEqualTo(BEGIN.plusSeconds(4));

        decided(5, "follower.follows", "streams");
        decided(6, "operation.under-way", "restart runs since 1 s");
        assertThat(log.rejoin()).isEmpty();
    }
}
