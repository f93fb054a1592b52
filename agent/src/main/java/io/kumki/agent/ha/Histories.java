package io.kumki.agent.ha;

import io.kumki.dcs.cluster.MemberName;
import io.kumki.dcs.cluster.TimelineHistory;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The history of timelines as a leader publishes it. */
public final class Histories {

    private Histories() {}

    /**
     * The local history file's entries; those that were published before keep the time and the
     * leader they were published with, the newest one is this member's promotion.
     *
     * @param max newest entries kept; 0 keeps all
     */
    public static TimelineHistory merge(
            TimelineHistory local, TimelineHistory published, MemberName self, int max) {
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
            merged.add(
                    known.orElseGet(() -> newest ? promotedBy(entry, self) : withoutTime(entry)));
        }
        int from = max > 0 ? Math.max(0, merged.size() - max) : 0;
        return new TimelineHistory(true, merged.subList(from, merged.size()));
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
