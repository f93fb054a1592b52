package io.kumki.agent.ha;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.agent.ha.LocalServer.DataDirectory;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.dcs.cluster.Tags;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Where a copy comes from: members tagged {@code clonefrom} spare the leader. */
class CloneSourceTest {

    private static final Tags OFFERS = Tags.of(Map.of("clonefrom", true));

    private static Optional<String> source(Situations situation) {
        return DataDirectoryRules.cloneSource(situation.without(new DataDirectory.Empty()).get())
                .flatMap(Upstream::member)
                .map(MemberName::value);
    }

    @Test
    void theLeaderIfNobodyOffers() {
        assertThat(source(Situations.standby())).contains("n1");
    }

    @Test
    void anOfferingStandbyBeforeAnOfferingLeader() {
        assertThat(
                        source(
                                Situations.standby()
                                        .member("n1", "primary", OFFERS)
                                        .member("n3", "replica", OFFERS)))
                .contains("n3");
    }

    @Test
    void neverThisMemberItself() {
        assertThat(source(Situations.standby().member("n2", "replica", OFFERS))).contains("n1");
    }

    @Test
    void theLeaderAgainWhenCopiesFromTheOfferingMembersFail() {
        assertThat(
                        source(
                                Situations.standby()
                                        .member("n3", "replica", OFFERS)
                                        .rejoining(r ->
                                                r.withClone(2, java.util.OptionalLong.empty()))))
                .contains("n1");
    }
}
