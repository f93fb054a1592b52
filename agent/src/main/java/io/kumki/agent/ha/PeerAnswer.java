package io.kumki.agent.ha;

import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.Tags;
import java.util.Collections;
import java.util.Optional;
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
     * @param impaired why another member should rather lead, all else being equal: no room, or its
     *     server crashed again and again
     */
    record Reached(
            boolean primary,
            String state,
            Lsn position,
            int timeline,
            Tags tags,
            boolean watchdogFailed,
            SortedSet<String> readySlots,
            boolean complete,
            Optional<String> impaired)
            implements PeerAnswer {
        public Reached {
            readySlots = Collections.unmodifiableSortedSet(new TreeSet<>(readySlots));
        }

        /** Without logical slots, all of its log replayed, and not impaired. */
        public Reached(
                boolean primary,
                String state,
                Lsn position,
                int timeline,
                Tags tags,
                boolean watchdogFailed) {
            this(
                    primary,
                    state,
                    position,
                    timeline,
                    tags,
                    watchdogFailed,
                    new TreeSet<>(),
                    true,
                    Optional.empty());
        }

        /** The same, impaired by this. */
        public Reached impairedBy(String why) {
            return new Reached(
                    primary,
                    state,
                    position,
                    timeline,
                    tags,
                    watchdogFailed,
                    readySlots,
                    complete,
                    Optional.of(why));
        }
    }

    /** It answered, but its server gave no position: it can't take over. */
    record NoPosition(String state, String role) implements PeerAnswer {}

    record Unreachable(String why) implements PeerAnswer {}
}
