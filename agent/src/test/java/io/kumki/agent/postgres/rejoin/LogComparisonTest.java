package io.kumki.agent.postgres.rejoin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.argumentSet;

import io.kumki.agent.ha.Divergence;
import io.kumki.agent.postgres.rejoin.LogComparison.RecordEnd;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.TimelineHistory.Entry;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class LogComparisonTest {

    private static final Class<?> NONE = Divergence.None.class;
    private static final Class<?> DIVERGED = Divergence.Diverged.class;
    private static final Class<?> UNKNOWN = Divergence.Unknown.class;

    /** The leader's timeline 4: 1 ended at 0/100, 2 at 0/200, 3 at 0/300. */
    private static final List<Entry> HISTORY =
            HistoryFile.parse("1\t0/100\ta\n2\t0/200\tb\n3\t0/300\tc\n");

    private static LocalLog standby(int timeline, String end) {
        return new LocalLog("1", timeline, Lsn.parse(end), true, false);
    }

    private static LocalLog stoppedPrimary(int timeline, String checkpoint) {
        return new LocalLog("1", timeline, Lsn.parse(checkpoint), false, true);
    }

    private static LocalLog runningPrimary(int timeline, String end) {
        return new LocalLog("1", timeline, Lsn.parse(end), false, false);
    }

    private static RecordEnd endsAt(String lsn) {
        return new RecordEnd.At(Lsn.parse(lsn));
    }

    private static final RecordEnd UNASKED = new RecordEnd.Unknown("must not be asked");

    static Stream<Arguments> cases() {
        List<Entry> withoutThree = HISTORY.subList(0, 2);
        List<Entry> onlyThree = HISTORY.subList(2, 3);
        return Stream.of(
                argumentSet("newer than the leader", standby(5, "0/1"), HISTORY, UNASKED, DIVERGED),
                argumentSet("same timeline", standby(4, "0/999"), HISTORY, UNASKED, NONE),
                argumentSet("no line for mine", standby(3, "0/1"), withoutThree, UNASKED, DIVERGED),
                argumentSet("a larger one first", standby(2, "0/1"), onlyThree, UNASKED, DIVERGED),
                argumentSet("no history at all", standby(3, "0/1"), List.of(), UNASKED, DIVERGED),
                argumentSet("standby before", standby(3, "0/2F8"), HISTORY, UNASKED, NONE),
                argumentSet("standby at", standby(3, "0/300"), HISTORY, UNASKED, NONE),
                argumentSet("standby behind", standby(3, "0/308"), HISTORY, UNASKED, DIVERGED),
                argumentSet("older standby", standby(1, "0/108"), HISTORY, UNASKED, DIVERGED),
                argumentSet("primary at", stoppedPrimary(3, "0/300"), HISTORY, UNASKED, DIVERGED),
                argumentSet(
                        "primary behind", stoppedPrimary(3, "0/308"), HISTORY, UNASKED, DIVERGED),
                argumentSet(
                        "shutdown checkpoint was received",
                        stoppedPrimary(3, "0/288"),
                        HISTORY,
                        endsAt("0/300"),
                        NONE),
                argumentSet(
                        "shutdown checkpoint ends before the switch",
                        stoppedPrimary(3, "0/280"),
                        HISTORY,
                        endsAt("0/2F8"),
                        DIVERGED),
                argumentSet(
                        "shutdown checkpoint reaches over the switch",
                        stoppedPrimary(3, "0/290"),
                        HISTORY,
                        endsAt("0/308"),
                        DIVERGED),
                argumentSet(
                        "no shutdown checkpoint there",
                        stoppedPrimary(3, "0/288"),
                        HISTORY,
                        new RecordEnd.NotThere("recycled"),
                        DIVERGED),
                argumentSet(
                        "the record can't be looked at",
                        stoppedPrimary(3, "0/288"),
                        HISTORY,
                        new RecordEnd.Unknown("no pg_waldump"),
                        UNKNOWN),
                argumentSet(
                        "runs as a primary, before",
                        runningPrimary(3, "0/288"),
                        HISTORY,
                        UNASKED,
                        UNKNOWN),
                argumentSet(
                        "runs as a primary, behind",
                        runningPrimary(3, "0/308"),
                        HISTORY,
                        UNASKED,
                        DIVERGED));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void comparesByTable(LocalLog mine, List<Entry> history, RecordEnd end, Class<?> expected) {
        assertThat(LogComparison.compare(mine, 4, history, Optional.empty(), () -> end))
                .isInstanceOf(expected);
    }

    @Test
    void twoTimelinesOfOneNumberAreOneOnlyIfTheyCameTheSameWay() {
        List<Entry> reworded = HistoryFile.parse("1\t0/100\tx\n2\t0/200\ty\n3\t0/300\tz\n");
        List<Entry> elsewhere = HistoryFile.parse("1\t0/100\ta\n2\t0/200\tb\n3\t0/2F8\tc\n");

        assertThat(sameNumber(reworded)).isInstanceOf(NONE);
        assertThat(sameNumber(elsewhere)).isInstanceOf(DIVERGED);
    }

    @Test
    void anAncestorOfTheSameNumberIsTheSameOnlyIfItCameTheSameWay() {
        List<Entry> reworded = HistoryFile.parse("1\t0/100\tx\n2\t0/200\ty\n");
        List<Entry> elsewhere = HistoryFile.parse("1\t0/100\ta\n2\t0/1F8\tb\n");

        assertThat(ancestor(reworded)).isInstanceOf(NONE);
        assertThat(ancestor(elsewhere)).isInstanceOf(DIVERGED);
    }

    private static Divergence ancestor(List<Entry> own) {
        return LogComparison.compare(
                standby(3, "0/2F8"), 4, HISTORY, Optional.of(own), () -> UNASKED);
    }

    private static Divergence sameNumber(List<Entry> own) {
        return LogComparison.compare(
                standby(4, "0/999"), 4, HISTORY, Optional.of(own), () -> UNASKED);
    }
}
