package io.kumki.agent.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.agent.ha.Action;
import io.kumki.agent.ha.Decision;
import io.kumki.agent.ha.LocalServer;
import io.kumki.agent.ha.Memory;
import io.kumki.agent.ha.Situation;
import io.kumki.dcs.cluster.ClusterSettings;
import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.Leadership;
import io.kumki.dcs.cluster.MemberName;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(10)
class QuietViewTest {

    private static final Leadership OTHER = new Leadership.Held(new MemberName("n1"), 5, 6, 7);

    private final QuietView quiet = new QuietView();

    /** Member n2 at a moment, with a ttl of 30 s. */
    private static Situation at(int seconds, Leadership leadership) {
        return PlainSituation.of(
                PlainSelf.named(new MemberName("n2")),
                ClusterView.EMPTY.withLeadership(leadership),
                ClusterSettings.of(Map.of("ttl", 30)),
                new LocalServer(
                        new LocalServer.DataDirectory.Unreadable("not of interest"),
                        LocalServer.Postmaster.RUNNING,
                        Optional.empty(),
                        new TreeMap<>()),
                Duration.ofSeconds(seconds).toNanos(),
                Instant.EPOCH);
    }

    private void readAtZero() {
        quiet.asks(0);
        quiet.answered();
    }

    @Test
    void a_follower_goes_on_with_its_view_for_a_third_of_the_ttl() {
        assertThat(quiet.serves(at(0, OTHER))).isFalse();
        readAtZero();
        assertThat(quiet.serves(at(9, OTHER))).isTrue();
        assertThat(quiet.serves(at(10, OTHER))).isFalse();
    }

    @Test
    void whoever_leads_or_sees_no_leader_reads() {
        readAtZero();
        assertThat(quiet.serves(at(1, new Leadership.Held(new MemberName("n2"), 5, 6, 7))))
                .isFalse();
        assertThat(quiet.serves(at(1, new Leadership.Vacant()))).isFalse();
        assertThat(quiet.serves(at(1, new Leadership.Unknown("silent", true)))).isFalse();
    }

    @Test
    void what_happens_calls_for_a_read_also_while_one_is_on_its_way() {
        readAtZero();
        quiet.disturbed();
        assertThat(quiet.serves(at(1, OTHER))).isFalse();
        quiet.asks(0);
        quiet.disturbed();
        quiet.answered();
        assertThat(quiet.serves(at(1, OTHER))).isFalse();
    }

    @Test
    void a_turn_that_wrote_more_than_its_lease_calls_for_a_read() {
        readAtZero();
        quiet.turnDid(List.of(new Action.RefreshLease()));
        assertThat(quiet.serves(at(1, OTHER))).isTrue();
        quiet.turnDid(List.of(new Action.RefreshLease(), new Action.WriteOwnConfig()));
        assertThat(quiet.serves(at(1, OTHER))).isFalse();
    }

    @Test
    void only_a_decision_that_does_nothing_and_is_in_no_hurry_is_idle() {
        Decision.Next calm = new Decision.Next.LoopWait();
        assertThat(QuietView.isIdle(new Decision("r", "x", List.of(), Memory.FRESH, calm)))
                .isTrue();
        assertThat(
                        QuietView.isIdle(
                                new Decision(
                                        "r",
                                        "x",
                                        List.of(new Action.WriteOwnConfig()),
                                        Memory.FRESH,
                                        calm)))
                .isFalse();
        assertThat(
                        QuietView.isIdle(
                                new Decision(
                                        "r",
                                        "x",
                                        List.of(),
                                        Memory.FRESH,
                                        new Decision.Next.After(Duration.ofSeconds(1)))))
                .isFalse();
    }
}
