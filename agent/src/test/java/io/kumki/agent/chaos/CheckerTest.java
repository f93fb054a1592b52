package io.kumki.agent.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.agent.chaos.Checker.Findings;
import io.kumki.agent.chaos.Checker.Row;
import io.kumki.agent.chaos.Checker.Table;
import io.kumki.agent.chaos.Journal.Outcome;
import io.kumki.agent.chaos.Journal.Write;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** The verdict of the chaos run; a checker that can't fail would show nothing. */
class CheckerTest {

    private static final String MARK = "run";
    private final List<Write> writes = new ArrayList<>();
    private final Map<Long, Row> rows = new TreeMap<>();
    private final List<Long> duplicates = new ArrayList<>();

    /** Times in milliseconds. */
    private void write(long id, String server, String timeline, long sent, long answered) {
        add(id, server, timeline, sent, answered, Outcome.ACKNOWLEDGED);
        rows.put(id, new Row(server, MARK));
    }

    private void add(
            long id, String server, String timeline, long sent, long answered, Outcome outcome) {
        writes.add(
                new Write(
                        id,
                        server,
                        true,
                        sent * 1_000_000,
                        answered * 1_000_000,
                        outcome,
                        timeline));
    }

    private Findings check() {
        return Checker.check(
                writes, new Table(rows, duplicates), MARK, 1, 1_000_000_000L); // one second
    }

    @Test
    void findsNothingInACleanSwitch() {
        write(1, "n1", "1", 10, 12);
        add(2, "n1", "", 20, 90, Outcome.UNKNOWN);
        add(3, "n2", "", 20, 21, Outcome.REFUSED);
        write(4, "n2", "2", 300, 302);
        write(5, "n1", "3", 500, 502);

        Findings found = check();

        assertThat(found.lost()).isEmpty();
        assertThat(found.phantoms()).isEmpty();
        assertThat(found.doublePrimaries()).isEmpty();
        assertThat(found.reigns()).isEqualTo(3);
        assertThat(found.unknown()).isEqualTo(1);
    }

    @Test
    void findsAnAcknowledgedRowThatIsGone() {
        write(1, "n1", "1", 10, 12);
        write(2, "n1", "1", 20, 22);
        rows.remove(2L);

        assertThat(check().lost()).containsExactly(2L);
        assertThat(check().losses())
                .singleElement()
                .hasToString("1 of n1 (timeline 1), acknowledged from t+0.021 to t+0.021 s");
    }

    @Test
    void doesNotMissARowOfUnknownOutcomeNorMindItsPresence() {
        add(1, "n1", "", 10, 12, Outcome.UNKNOWN);
        add(2, "n1", "", 13, 14, Outcome.UNKNOWN);
        rows.put(2L, new Row("n1", MARK));

        assertThat(check().lost()).isEmpty();
        assertThat(check().phantoms()).isEmpty();
    }

    @Test
    void findsRowsThatNobodySentOrThatWereRefusedOrChangedOrStoredTwice() {
        write(1, "n1", "1", 10, 12);
        write(2, "n1", "1", 13, 14);
        write(3, "n1", "1", 15, 16);
        add(4, "n1", "", 17, 18, Outcome.REFUSED);
        rows.put(1L, new Row("n1", "another run"));
        rows.put(2L, new Row("n2", MARK));
        duplicates.add(3L);
        rows.put(4L, new Row("n1", MARK));
        rows.put(9L, new Row("n1", MARK));

        assertThat(check().phantoms()).containsExactly(1L, 2L, 3L, 4L, 9L);
    }

    @Test
    void findsAnOldPrimaryThatTakesAWriteAfterTheNextOneDid() {
        write(1, "n1", "1", 10, 12);
        write(2, "n2", "2", 100, 102);
        write(3, "n1", "1", 110, 112);
        write(4, "n1", "1", 150, 152);

        assertThat(check().doublePrimaries())
                .singleElement()
                .satisfies(found -> {
                    assertThat(found.writes()).isEqualTo(2);
                    assertThat(found.durationMs()).isEqualTo(50);
                    assertThat(found.firstId()).isEqualTo(3);
                    assertThat(found.earlier()).startsWith("n1");
                });
    }

    @Test
    void findsTwoPrimariesOnTimelinesOfTheSameNumber() {
        write(1, "n1", "2", 10, 12);
        write(2, "n2", "2", 20, 22);
        write(3, "n1", "2", 30, 32);

        assertThat(check().doublePrimaries()).hasSize(1);
    }

    @Test
    void countsAnAnswerThatWasOnItsWayAndDoesNotCallItTwoPrimaries() {
        write(1, "n1", "1", 10, 12);
        write(3, "n1", "1", 90, 120);
        write(2, "n2", "2", 100, 102);

        assertThat(check().doublePrimaries()).isEmpty();
        assertThat(check().lateAnswers()).isEqualTo(1);
    }

    @Test
    void measuresTheLongestTimeWithoutAnAnswerFromBeginToEnd() {
        write(1, "n1", "1", 100, 102);
        write(2, "n1", "1", 498, 500);

        assertThat(check().longestGapMs()).isEqualTo(500);
        assertThat(check().longestGapAtMs()).isEqualTo(499);

        writes.clear();
        assertThat(check().longestGapMs()).isEqualTo(999);
    }
}
