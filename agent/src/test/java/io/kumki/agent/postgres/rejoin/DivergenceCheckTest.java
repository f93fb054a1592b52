package io.kumki.agent.postgres.rejoin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kumki.dcs.cluster.Lsn;
import java.sql.SQLException;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Where the log of a running server ends, and on which timeline that position is. */
@Timeout(10)
class DivergenceCheckTest {

    private static final Lsn BEFORE = Lsn.parse("0/409F628");
    private static final Lsn BEYOND = Lsn.parse("0/40B4FC8");

    @Test
    void aPositionBelongsToTheTimelineThatTheServerHasBeforeAndAfterIt() throws SQLException {
        assertThat(look(List.of(1, 1), BEFORE)).isEqualTo(log(1, BEFORE));
    }

    /** Once a chaos run found "own timeline 1 at 0/40B4FC8, the leader's timeline 2 left it". */
    @Test
    void aStandbyThatPassesTheSwitchBetweenTheQuestionsIsAskedAgain() throws SQLException {
        assertThat(look(List.of(1, 2, 2), BEYOND, BEYOND)).isEqualTo(log(2, BEYOND));
    }

    @Test
    void oneThatPassesSwitchAfterSwitchGivesNoAnswer() {
        assertThatThrownBy(() -> look(List.of(1, 2, 3), BEFORE, BEYOND))
                .isInstanceOf(SQLException.class)
                .hasMessageContaining("from one timeline to the next");
    }

    private static LocalLog look(List<Integer> timelines, Lsn... positions) throws SQLException {
        Iterator<Integer> timeline = timelines.iterator();
        Iterator<Lsn> position = Stream.of(positions).iterator();
        return DivergenceCheck.whole(
                () -> new Source.Identity("7", timeline.next(), List.of()),
                () -> new DivergenceCheck.End(true, position.next()));
    }

    private static LocalLog log(int timeline, Lsn end) {
        return new LocalLog("7", timeline, end, true, false);
    }
}
