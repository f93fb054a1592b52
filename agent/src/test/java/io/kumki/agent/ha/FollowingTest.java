package io.kumki.agent.ha;

import static io.kumki.agent.ha.Situations.NOW;
import static io.kumki.agent.ha.Situations.standby;
import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.dcs.cluster.Tags;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whom n2 follows; n1 leads. */
@Timeout(10)
class FollowingTest {

    private static final Tags FROM_N2 = Tags.of(Map.of("replicatefrom", "n2"));
    private static final Tags FROM_N3 = Tags.of(Map.of("replicatefrom", "n3"));

    @Test
    void theLeaderUnlessTagged() {
        assertThat(upstream(standby())).contains("n1");
        assertThat(upstream(from("n3"))).contains("n3");
    }

    @ParameterizedTest
    @CsvSource({
        "postgres://pg_node_1:5433/app, pg_node_1, 5433, app",
        "postgres://db.0/postgres, db.0, 5432, postgres",
        "postgres://[fe80::1]:5432/postgres, fe80::1, 5432, postgres",
        "postgres://user@10.0.0.1:5432/, 10.0.0.1, 5432, postgres",
    })
    void anAddressIsWhateverAMemberIsReachedBy(String url, String host, int port, String database) {
        Member.Addresses addresses =
                new Member.Addresses(Optional.of(url), Optional.empty(), Optional.empty());
        Situations given = standby().change("n1", n1 -> at(n1, addresses));
        assertThat(Following.leader(given.get().self(), given.get().cluster()))
                .get()
                .extracting(Upstream::host, Upstream::port, Upstream::database)
                .containsExactly(host, port, database);
    }

    private static Member at(Member member, Member.Addresses addresses) {
        return new Member(
                member.name(),
                addresses,
                member.status(),
                member.wal(),
                member.tags(),
                member.leaseId());
    }

    @Test
    void theLeaderIfTheNamedMemberIsGoneOrDownOrItself() {
        assertThat(upstream(from("n9"))).contains("n1");
        assertThat(upstream(from("n2"))).contains("n1");
        assertThat(upstream(from("n3").change("n3", n3 -> inState(n3, "stopped")))).contains("n1");
        assertThat(upstream(from("n3").change("n3", n3 -> inState(n3, "starting")))).contains("n3");
    }

    @Test
    void theLeaderInACircle() {
        assertThat(upstream(from("n3").member("n3", "replica", FROM_N2))).contains("n1");
        Situations behind =
                from("n3")
                        .member("n3", "replica", Tags.of(Map.of("replicatefrom", "n4")))
                        .member("n4", "replica", FROM_N3);
        assertThat(upstream(behind)).contains("n1");
    }

    @Test
    void aLeadersOwnTagMakesNoCircle() {
        Situations given = from("n3").member("n3", "primary", FROM_N2).held("n3");
        assertThat(upstream(given)).contains("n3");
    }

    @Test
    void aChainOfCascades() {
        Situations given =
                from("n3")
                        .member("n3", "replica", Tags.of(Map.of("replicatefrom", "n4")))
                        .member("n4", "replica", Tags.NONE);
        assertThat(upstream(given)).contains("n3");
    }

    @Test
    void theLeaderWhileTheNamedMemberIsAvoided() {
        Situations given =
                from("n3")
                        .memory(m ->
                                m.withAvoided(new Memory.Avoided(new MemberName("n3"), NOW + 1)));
        assertThat(upstream(given)).contains("n1");
        given.memory(m -> m.withAvoided(new Memory.Avoided(new MemberName("n3"), NOW)));
        assertThat(upstream(given)).contains("n3");
    }

    @Test
    void onlyTheArchiveWithNostream() {
        StandbyTarget target = Following.target(standby().tagged(Map.of("nostream", true)).get());
        assertThat(target.source()).isEqualTo(StandbyTarget.Source.ARCHIVE);
        assertThat(target.upstream()).isEmpty();
    }

    static Member inState(Member member, String state) {
        return new Member(
                member.name(),
                member.addresses(),
                Member.Status.of(state, member.status().role(), "4.1.4"),
                member.wal(),
                member.tags(),
                member.leaseId());
    }

    private static Situations from(String name) {
        return standby().tagged(Map.of("replicatefrom", name));
    }

    private static Optional<String> upstream(Situations given) {
        return Following.target(given.get())
                .upstream()
                .flatMap(Upstream::member)
                .map(MemberName::value);
    }
}
