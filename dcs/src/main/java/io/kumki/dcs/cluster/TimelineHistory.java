package io.kumki.dcs.cluster;

import java.util.List;
import java.util.Optional;

/**
 * The finished timelines of a cluster, oldest first.
 *
 * @param known whether the stored value could be read; an unreadable or missing one is unknown, not
 *     empty
 */
public record TimelineHistory(boolean known, List<Entry> entries) {

    public static final TimelineHistory UNKNOWN = new TimelineHistory(false, List.of());
    public static final TimelineHistory EMPTY = new TimelineHistory(true, List.of());

    public TimelineHistory {
        entries = List.copyOf(entries);
    }

    /**
     * @param timeline the timeline that ended
     * @param switchLsn where it ended
     * @param reason PostgreSQL's text
     * @param time when, ISO 8601
     * @param newLeader who promoted
     */
    public record Entry(
            int timeline,
            Lsn switchLsn,
            String reason,
            Optional<String> time,
            Optional<String> newLeader) {}

    /**
     * The cluster's current timeline: one more than the last finished one, 1 without any, 0 if
     * unknown.
     */
    public int clusterTimeline() {
        if (!known) {
            return 0;
        }
        return entries.isEmpty() ? 1 : entries.getLast().timeline() + 1;
    }
}
