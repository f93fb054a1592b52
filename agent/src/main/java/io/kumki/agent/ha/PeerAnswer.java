package io.kumki.agent.ha;

import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.Tags;
import java.util.Collections;
import java.util.SortedSet;
import java.util.TreeSet;

/** What a member answered when it was asked for its state. */
public sealed interface PeerAnswer {

    /**
     * It answered with positions.
     *
     * @param primary it isn't in recovery
     * @param position larger of received and replayed; zero for a primary
     * @param timeline 0 if it didn't say
     * @param watchdogFailed a watchdog that it requires isn't there
     * @param readySlots logical slots of which its promotion would lose nothing
     * @param complete its position is the end of its log; otherwise it may have more, which it
     *     hasn't replayed since it was started
     */
    record Reached(
            boolean primary,
            String state,
            Lsn position,
            int timeline,
            Tags tags,
            boolean watchdogFailed,
            SortedSet<String> readySlots,
            boolean complete)
            implements PeerAnswer {
        public Reached {
            readySlots = Collections.unmodifiableSortedSet(new TreeSet<>(readySlots));
        }

        /** Without logical slots, and all of its log is replayed. */
        public Reached(
                boolean primary,
                String state,
                Lsn position,
                int timeline,
                Tags tags,
                boolean watchdogFailed) {
            this(primary, state, position, timeline, tags, watchdogFailed, new TreeSet<>(), true);
        }
    }

    /** It answered, but its server gave no position: it can't take over. */
    record NoPosition(String state, String role) implements PeerAnswer {}

    record Unreachable(String why) implements PeerAnswer {}
}
