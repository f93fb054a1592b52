package io.kumki.restapi;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.dcs.cluster.ClusterSettings;
import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.Member.Addresses;
import io.kumki.dcs.cluster.Tags;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Where a member's server is, out of the URL that it published. */
@Timeout(10)
class ClusterDocumentTest {

    @ParameterizedTest
    @CsvSource({
        "postgres://10.0.0.1:5433/postgres, 10.0.0.1, 5433",
        "postgres://Host_1/postgres, host_1, 5432",
        "postgres://user:secret@[FD00::1]:5433/postgres, fd00::1, 5433",
        "postgres://[fd00::1]/postgres, fd00::1, 5432"
    })
    void aMemberIsShownWithHostAndPort(String connUrl, String host, int port) {
        assertThat(member(connUrl)).containsEntry("host", host).containsEntry("port", port);
    }

    @Test
    void orWithNeitherIfThereIsNoHost() {
        assertThat(member("postgres:///postgres")).doesNotContainKeys("host", "port");
    }

    private static Map<String, @Nullable Object> member(String connUrl) {
        Member plain = Member.nameOnly(Nodes.N1);
        Member member =
                new Member(
                        Nodes.N1,
                        new Addresses(Optional.of(connUrl), Optional.empty(), Optional.empty()),
                        plain.status(),
                        plain.wal(),
                        Tags.NONE,
                        0);
        return Objects.requireNonNull(
                ClusterDocument.standing(
                                Nodes.withMembers(ClusterView.EMPTY, member),
                                ClusterSettings.DEFAULT)
                        .get(Nodes.N1));
    }
}
