package io.kumki.agent.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.agent.ha.LocalServer.ClusterState;
import io.kumki.dcs.cluster.Lsn;
import org.junit.jupiter.api.Test;

class ControlFileTest {

    private static final String OUTPUT =
            """
            pg_control version number:            1300
            Database system identifier:           7564523310192731234
            Database cluster state:               in archive recovery
            pg_control last modified:             Sat 21 Nov 2026 05:00:00 AM UTC
            Latest checkpoint location:           0/3000060
            Latest checkpoint's TimeLineID:       4
            Minimum recovery ending location:     0/30001A8
            Min recovery ending loc's timeline:   5
            Current wal_log_hints setting:        on
            Current max_connections setting:      100
            Data page checksum version:           0
            """;

    @Test
    void readsWhatThePrintedFormSays() {
        ControlFile file = ControlFile.parse(OUTPUT);

        assertThat(file.systemIdentifier()).isEqualTo("7564523310192731234");
        assertThat(file.state()).isEqualTo(ClusterState.IN_ARCHIVE_RECOVERY);
        assertThat(file.timeline()).isEqualTo(4);
        assertThat(file.checkpointLsn()).isEqualTo(Lsn.parse("0/3000060"));
        assertThat(file.minRecoveryEnd()).isEqualTo(Lsn.parse("0/30001A8"));
        assertThat(file.minRecoveryEndTimeline()).isEqualTo(5);
        assertThat(file.number("max_connections setting")).isEqualTo(100);
        assertThat(file.canRewind()).isTrue();
    }

    @Test
    void canRewindWithChecksumsAlone() {
        assertThat(
                        ControlFile.parse(
                                        "Current wal_log_hints setting: off\nData page checksum"
                                                + " version: 1\n")
                                .canRewind())
                .isTrue();
        assertThat(ControlFile.parse("Current wal_log_hints setting: off\n").canRewind()).isFalse();
    }
}
