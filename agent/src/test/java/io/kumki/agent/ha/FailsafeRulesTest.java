package io.kumki.agent.ha;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How a primary without etcd asks the members. */
@Timeout(10)
class FailsafeRulesTest {

    /** A slow network must not end what a slow store didn't; the lease ends it all the same. */
    @ParameterizedTest
    @CsvSource({"3, 20000, 2000", "10, 20000, 5000", "14, 20000, 7000", "10, 6000, 1000"})
    void membersHaveTimeToAnswerAsTheNetworkNeedsIt(
            int retryTimeout, long leaseLeftMs, long limitMs) {
        assertThat(
                        limit(
                                primary()
                                        .set("retry_timeout", retryTimeout)
                                        .leaseLeft(ofMillis(leaseLeftMs))))
                .isEqualTo(ofMillis(limitMs));
    }

    /** It agreed to another leader before it was elected: that binds it to nothing by now. */
    @Test
    void aNewPrimaryAsksAfreshAndStepsDownForNothingThatItPromisedBefore() {
        Situations s = primary().memory(_ -> Memory.FRESH);
        assertThat(limit(s)).isPositive();
        assertThat(Rules.decide(s.leaseLeft(ofSeconds(25)).get()).rule())
                .isEqualTo("failsafe.goes-on");
    }

    private static Situations primary() {
        return Situations.leader().silent().set("failsafe_mode", true).failsafe("n1", "n2", "n3");
    }

    private static Duration limit(Situations s) {
        return Rules.decide(s.get()).actions().stream()
                .filter(Action.AskFailsafe.class::isInstance)
                .map(Action.AskFailsafe.class::cast)
                .findFirst()
                .orElseThrow()
                .limit();
    }
}
