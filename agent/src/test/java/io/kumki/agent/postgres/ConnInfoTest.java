package io.kumki.agent.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class ConnInfoTest {

    @Test
    void escapesWhatLibpqWouldMisread() {
        ConnInfo info = ConnInfo.EMPTY.with("user", "o'brien \\ sons").with("host", "");

        assertThat(info.text()).isEqualTo("user=o\\'brien\\ \\\\\\ sons host=''");
        assertThat(ConnInfo.parse(info.text())).isEqualTo(info);
    }

    @Test
    void readsQuotedValuesAndBlanksAroundEquals() {
        assertThat(ConnInfo.parse("  host = 'a b'\tport=5432 password='it\\'s'").values())
                .containsEntry("host", "a b")
                .containsEntry("port", "5432")
                .containsEntry("password", "it's")
                .hasSize(3);
    }

    @Test
    void refusesBrokenTextWithoutRepeatingIt() {
        assertThatThrownBy(() -> ConnInfo.parse("password='secret"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageNotContaining("secret");
        assertThatThrownBy(() -> ConnInfo.parse("host"))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void leavesOutKeysThatTheVersionDoesNotKnow() {
        ConnInfo info =
                ConnInfo.EMPTY
                        .with("gssencmode", "prefer")
                        .with("channel_binding", "prefer")
                        .with("sslnegotiation", "postgres");

        assertThat(info.forMajor(12).values()).containsOnlyKeys("gssencmode");
        assertThat(info.forMajor(15).values()).containsOnlyKeys("gssencmode", "channel_binding");
        assertThat(info.forMajor(17).values()).hasSize(3);
    }

    @Test
    void hidesPasswordsInLogs() {
        assertThat(ConnInfo.EMPTY.with("password", "secret").toString()).doesNotContain("secret");
        assertThat(ConnInfo.EMPTY.with("sslpassword", "secret").toString())
                .isEqualTo("ConnInfo[sslpassword=***]");
    }
}
