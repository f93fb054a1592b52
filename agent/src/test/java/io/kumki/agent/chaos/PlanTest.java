package io.kumki.agent.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The faults that a seed stands for. */
class PlanTest {

    private static final int ROUNDS = 2_000;

    private static List<Plan> draw(long seed, Mode mode) {
        Random random = new Random(seed);
        List<Plan> plans = new ArrayList<>();
        for (int i = 0; i < ROUNDS; i++) {
            plans.addAll(Plan.draw(random, mode));
        }
        return plans;
    }

    @Test
    void aSeedStandsForTheSameFaultsEachTime() {
        assertThat(draw(17, Mode.SYNC))
                .isEqualTo(draw(17, Mode.SYNC))
                .isNotEqualTo(draw(18, Mode.SYNC));
    }

    @Test
    void everyKindComesAndOnlyASynchronousClusterHasAHostFrozen() {
        assertThat(draw(1, Mode.QUORUM)).extracting(Plan::kind).contains(Plan.Kind.values());
        assertThat(draw(1, Mode.ASYNC))
                .extracting(Plan::kind)
                .doesNotContain(Plan.Kind.FREEZE_HOST);
    }

    @Test
    void someFaultsOutlastTheLeaseAndSomeEndWithinATurn() {
        List<Plan> plans = draw(1, Mode.SYNC);

        assertThat(plans).anyMatch(plan -> plan.hold().toMillis() > 11_000);
        assertThat(plans).anyMatch(plan -> plan.hold().toMillis() < 1_000);
        assertThat(plans).allMatch(plan -> plan.hold().toMillis() <= 22_000);
    }
}
