package io.kumki.agent.ha;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.dcs.cluster.TimelineHistory;
import io.kumki.dcs.cluster.TimelineHistory.Entry;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the history key gets after a promotion. */
@Timeout(10)
class HistoriesTest {

    private static final MemberName ME = new MemberName("n1");

    private static Entry entry(int timeline, String leader) {
        return new Entry(
                timeline,
                new Lsn(timeline * 100L),
                "no recovery target specified",
                leader.isEmpty() ? Optional.empty() : Optional.of("at " + timeline),
                leader.isEmpty() ? Optional.empty() : Optional.of(leader));
    }

    private static TimelineHistory history(Entry... entries) {
        return new TimelineHistory(true, List.of(entries));
    }

    @ParameterizedTest
    @CsvSource({"0, 4", "-1, 4", "1, 1", "3, 3", "4, 4", "9, 4"})
    void keepsTheNewestEntries(int max, int kept) {
        TimelineHistory local =
                new TimelineHistory(
                        true, IntStream.rangeClosed(1, 4).mapToObj(t -> entry(t, "")).toList());

        TimelineHistory merged = Histories.merge(local, TimelineHistory.UNKNOWN, ME, 5, max);

        assertThat(merged.entries())
                .extracting(Entry::timeline)
                .containsExactlyElementsOf(IntStream.rangeClosed(5 - kept, 4).boxed().toList());
    }

    @Test
    void theNewestIsOursAndOlderOnesKeepWhoWasPublished() {
        TimelineHistory merged =
                Histories.merge(
                        history(entry(1, ""), entry(2, ""), entry(3, "")),
                        history(entry(1, "n7"), entry(2, "n8")),
                        ME,
                        4,
                        0);

        assertThat(merged.entries())
                .extracting(Entry::newLeader)
                .containsExactly(Optional.of("n7"), Optional.of("n8"), Optional.of("n1"));
    }

    @Test
    void whatWasPublishedOfAnotherBranchIsNotTaken() {
        Entry elsewhere = new Entry(2, new Lsn(999), "", Optional.of("then"), Optional.of("n8"));

        TimelineHistory merged =
                Histories.merge(history(entry(2, ""), entry(3, "")), history(elsewhere), ME, 4, 0);

        assertThat(merged.entries().getFirst().newLeader()).isEmpty();
    }

    /** Numbers that PostgreSQL skipped because the archive had history files of them. */
    @Test
    void skippedNumbersEndWhereTheClustersTimelineWentOn() {
        TimelineHistory merged =
                Histories.merge(
                        history(entry(1, ""), entry(4, "")), history(entry(1, "n7")), ME, 6, 0);

        assertThat(merged.entries())
                .extracting(Entry::timeline, entry -> entry.switchLsn().bytes())
                .containsExactly(
                        tuple(1, 100L),
                        tuple(2, 100L),
                        tuple(3, 100L),
                        tuple(4, 400L),
                        tuple(5, 400L));
        assertThat(merged.clusterTimeline()).isEqualTo(6);
        assertThat(merged.entries())
                .extracting(Entry::newLeader)
                .containsExactly(
                        Optional.of("n7"),
                        Optional.of("n7"),
                        Optional.of("n7"),
                        Optional.of("n1"),
                        Optional.of("n1"));
        assertThat(Histories.merge(history(entry(1, ""), entry(4, "")), merged, ME, 6, 0))
                .as("the next turn")
                .isEqualTo(merged);
        assertThat(
                        Histories.merge(
                                        history(entry(1, "")),
                                        TimelineHistory.UNKNOWN,
                                        ME,
                                        1_000_000,
                                        0)
                                .entries())
                .hasSizeLessThan(30);
    }
}
