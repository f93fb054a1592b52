package io.kumki.agent.ha;

import io.kumki.dcs.cluster.MemberName;
import io.kumki.dcs.cluster.TimelineHistory;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The history of timelines as a leader publishes it. */
public final class Histories {

    /** So many of the numbers left out in a row are named; more would only fill the key. */
    private static final int LONGEST_GAP = 20;

    private Histories() {}

    /**
     * The local history file's entries; those that were published before keep the time and the
     * leader they were published with, the newest one is this member's promotion.
     *
     * <p>A promotion skips numbers whose history files lie in the archive: of a member that was
     * promoted there and lost, or of an earlier life of the cluster. They get an entry as well: the
     * cluster's timeline is one more than the last entry's, and whoever comes back from such a
     * timeline left the cluster's where the skipping one did.
     *
     * @param timeline the current one
     * @param max newest entries kept; 0 keeps all
     */
    public static TimelineHistory merge(
            TimelineHistory local,
            TimelineHistory published,
            MemberName self,
            int timeline,
            int max) {
        List<TimelineHistory.Entry> merged = new ArrayList<>();
        for (int i = 0; i < local.entries().size(); i++) {
            TimelineHistory.Entry entry = local.entries().get(i);
            Optional<TimelineHistory.Entry> known =
                    published.entries().stream()
                            .filter(other -> other.timeline() == entry.timeline())
                            .filter(other -> other.switchLsn().equals(entry.switchLsn()))
                            .filter(other -> other.newLeader().isPresent())
                            .findFirst();
            boolean newest = i == local.entries().size() - 1;
            TimelineHistory.Entry merging =
                    known.orElseGet(() -> newest ? promotedBy(entry, self) : withoutTime(entry));
            merged.add(merging);
            int next = newest ? timeline : local.entries().get(i + 1).timeline();
            int first = Math.max(entry.timeline() + 1, next - LONGEST_GAP);
            for (int skipped = first; skipped < next; skipped++) {
                merged.add(skipped(skipped, merging));
            }
        }
        int from = max > 0 ? Math.max(0, merged.size() - max) : 0;
        return new TimelineHistory(true, merged.subList(from, merged.size()));
    }

    private static TimelineHistory.Entry skipped(int timeline, TimelineHistory.Entry after) {
        return new TimelineHistory.Entry(
                timeline,
                after.switchLsn(),
                "skipped: the archive has a history file of this number",
                after.time(),
                after.newLeader());
    }

    private static TimelineHistory.Entry promotedBy(TimelineHistory.Entry entry, MemberName self) {
        return new TimelineHistory.Entry(
                entry.timeline(),
                entry.switchLsn(),
                entry.reason(),
                entry.time(),
                Optional.of(self.value()));
    }

    private static TimelineHistory.Entry withoutTime(TimelineHistory.Entry entry) {
        return new TimelineHistory.Entry(
                entry.timeline(),
                entry.switchLsn(),
                entry.reason(),
                Optional.empty(),
                Optional.empty());
    }
}
