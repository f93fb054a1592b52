package io.kumki.agent.ha;

import static io.kumki.agent.ha.Situations.leader;
import static io.kumki.agent.ha.Situations.standby;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What load balancers are told. */
@Timeout(10)
class PublishedTest {

    @Test
    void aMemberLeadsToTheEndOfItsLeaseUnlessItStepsDown() {
        Situation leads = leader().get();
        assertThat(Published.leadsUntil(leads)).isEqualTo(leads.lease().endNanos()).isPresent();
        assertThat(Published.leadsUntil(standby().get())).isEmpty();
        assertThat(
                        Published.leadsUntil(
                                leader().doing(new Operation.StepDown(Optional.empty())).get()))
                .isEmpty();
        assertThat(
                        Published.leadsUntil(
                                leader().doing(new Operation.Restart(Duration.ofSeconds(9))).get()))
                .isPresent();
    }
}
