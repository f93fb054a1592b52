package io.kumki.agent.postgres.rejoin;

import io.kumki.agent.ha.Divergence;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.TimelineHistory.Entry;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Decides whether the local log is a prefix of the leader's. Pure; the table of the wire contract's
 * section "Divergence check".
 *
 * <p>A former primary that was shut down cleanly wrote a shutdown checkpoint last. A standby that
 * received that record was promoted right behind it, so it is the one record that may reach up to
 * the switch position.
 */
final class LogComparison {

    private LogComparison() {}

    /** Where the local shutdown checkpoint record ends. */
    sealed interface RecordEnd {
        record At(Lsn lsn) implements RecordEnd {}

        /** The log doesn't end in a shutdown checkpoint that can be read. */
        record NotThere(String why) implements RecordEnd {}

        /** It couldn't be looked at now. */
        record Unknown(String why) implements RecordEnd {}
    }

    /**
     * @param leaderTimeline the timeline that the leader writes
     * @param history of the leader's timeline, oldest first
     * @param ownHistory of the own timeline; empty if it isn't known
     * @param checkpointEnd asked only if it matters
     */
    static Divergence compare(
            LocalLog mine,
            int leaderTimeline,
            List<Entry> history,
            Optional<List<Entry>> ownHistory,
            Supplier<RecordEnd> checkpointEnd) {
        if (mine.timeline() > leaderTimeline) {
            return new Divergence.Diverged(
                    "own timeline "
                            + mine.timeline()
                            + " is newer than the leader's "
                            + leaderTimeline);
        }
        if (mine.timeline() == leaderTimeline) {
            return sameNumber(leaderTimeline, history, ownHistory);
        }
        // the history is in order: a larger number before ours means that ours isn't part of it
        Optional<Entry> first =
                history.stream().filter(entry -> entry.timeline() >= mine.timeline()).findFirst();
        if (first.isEmpty() || first.get().timeline() != mine.timeline()) {
            return new Divergence.Diverged(
                    "own timeline "
                            + mine.timeline()
                            + " is no ancestor of the leader's "
                            + leaderTimeline);
        }
        List<Entry> before =
                history.stream().filter(entry -> entry.timeline() < mine.timeline()).toList();
        if (ownHistory.filter(own -> !way(own).equals(way(before))).isPresent()) {
            return new Divergence.Diverged(
                    "own timeline "
                            + mine.timeline()
                            + " has the number of an ancestor of the leader's, but another history:"
                            + " two members were promoted to it",
                    true);
        }
        return against(mine, first.get().switchLsn(), leaderTimeline, checkpointEnd);
    }

    /**
     * A member that missed a promotion takes the same number when it is promoted itself: the two
     * timelines are one only if they came the same way.
     */
    private static Divergence sameNumber(
            int timeline, List<Entry> history, Optional<List<Entry>> ownHistory) {
        boolean sameWay = ownHistory.map(own -> way(own).equals(way(history))).orElse(true);
        return sameWay
                ? new Divergence.None("same timeline " + timeline)
                : new Divergence.Diverged(
                        "own timeline "
                                + timeline
                                + " has the leader's number, but another history: two members were"
                                + " promoted to it",
                        true);
    }

    /** Timelines and switch positions; the reasons are for people. */
    private static List<Entry> way(List<Entry> history) {
        return history.stream()
                .map(entry ->
                        new Entry(
                                entry.timeline(),
                                entry.switchLsn(),
                                "",
                                Optional.empty(),
                                Optional.empty()))
                .toList();
    }

    private static Divergence against(
            LocalLog mine, Lsn switched, int leaderTimeline, Supplier<RecordEnd> checkpointEnd) {
        String facts =
                "own timeline "
                        + mine.timeline()
                        + " at "
                        + mine.end()
                        + ", the leader's timeline "
                        + leaderTimeline
                        + " left it at "
                        + switched;
        int order = mine.end().compareTo(switched);
        if (mine.standby()) {
            return order > 0 ? new Divergence.Diverged(facts) : new Divergence.None(facts);
        }
        if (order >= 0) {
            return new Divergence.Diverged(facts);
        }
        if (!mine.shutdownCheckpoint()) {
            return new Divergence.Unknown(facts + "; the own server still runs as a primary");
        }
        return switch (checkpointEnd.get()) {
            case RecordEnd.At(Lsn end) when end.equals(switched) ->
                    new Divergence.None(facts + ", right behind the own shutdown checkpoint");
            case RecordEnd.At(Lsn end) ->
                    new Divergence.Diverged(
                            facts + "; the own shutdown checkpoint ends at " + end,
                            end.compareTo(switched) < 0);
            case RecordEnd.NotThere(String why) ->
                    new Divergence.Diverged(facts + "; " + why, true);
            case RecordEnd.Unknown(String why) -> new Divergence.Unknown(facts + "; " + why);
        };
    }
}
