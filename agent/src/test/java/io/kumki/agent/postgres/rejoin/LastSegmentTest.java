package io.kumki.agent.postgres.rejoin;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.dcs.cluster.Lsn;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The names of segments, as PostgreSQL's pg_walfile_name gives them. */
@Timeout(10)
class LastSegmentTest {

    @ParameterizedTest
    @CsvSource({
        "1, 0/1000028, 16777216, 000000010000000000000001",
        "2, 0/FF000028, 16777216, 0000000200000000000000FF",
        "10, 1A/2B000000, 16777216, 0000000A0000001A0000002B",
        "1, 1/40000028, 1073741824, 000000010000000100000001",
        "1, 1/00100028, 1048576, 000000010000000100000001"
    })
    void holdThePosition(int timeline, String position, long segment, String name) {
        assertThat(LastSegment.name(timeline, Lsn.parse(position), segment)).isEqualTo(name);
    }
}
