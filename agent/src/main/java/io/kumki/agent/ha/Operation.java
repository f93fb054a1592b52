package io.kumki.agent.ha;

import java.time.Duration;
import java.util.Collections;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SortedMap;
import java.util.TreeMap;

/** Work on the local server that outlasts a turn. At most one runs at a time. */
public sealed interface Operation {

    /** What it is called in {@code WHAT already in progress}, logs and metrics. */
    String title();

    /** Whether the server may take writes while this runs, and after it, however it ends. */
    default boolean makesPrimary() {
        return this instanceof Promote || this instanceof StartPrimary;
    }

    /** Whether it takes a primary out of its role. */
    default boolean demotes() {
        return this instanceof StepDown
                || this instanceof StopInTime
                || this instanceof FenceStop
                || this instanceof DemoteCluster;
    }

    /** Whether the data directory is another one after this, or an unfinished one. */
    default boolean replacesData() {
        return this instanceof Bootstrap
                || this instanceof DiscardBootstrap
                || this instanceof Clone
                || this instanceof CloneRemote
                || this instanceof Rewind;
    }

    /** Create a new cluster here. */
    record Bootstrap() implements Operation {
        @Override
        public String title() {
            return "bootstrap";
        }
    }

    /** Users and scripts after the first start. */
    record FinishBootstrap() implements Operation {
        @Override
        public String title() {
            return "post_bootstrap";
        }
    }

    /** Stop and set aside what a failed bootstrap left. */
    record DiscardBootstrap() implements Operation {
        @Override
        public String title() {
            return "discard failed bootstrap";
        }
    }

    /**
     * Copy the data directory anew; what is in it is removed.
     *
     * @param source empty: a method that needs no source
     * @param follows whom the copy will stream from; empty: nobody, or not known
     */
    record Clone(
            Optional<Upstream> source,
            Optional<Upstream> follows,
            boolean basebackupOnly,
            boolean asked)
            implements Operation {
        @Override
        public String title() {
            return asked
                    ? "reinitialize"
                    : source.isPresent() ? "bootstrap from leader" : "bootstrap without leader";
        }
    }

    /** Create a standby cluster here: copy the remote, and start as a standby that follows it. */
    record CloneRemote(StandbyTarget target) implements Operation {
        @Override
        public String title() {
            return "bootstrap standby leader";
        }
    }

    /** Start as the primary it was: crash recovery on the same timeline. */
    record StartPrimary(Duration limit) implements Operation {
        @Override
        public String title() {
            return "start after crash";
        }
    }

    /**
     * @param lastTimeline recovery looks for none after it, so that a history file in the archive
     *     which belongs to nobody can't stop it; empty: the newest there is
     */
    record StartStandby(StandbyTarget target, OptionalInt lastTimeline) implements Operation {

        public StartStandby(StandbyTarget target) {
            this(target, OptionalInt.empty());
        }

        @Override
        public String title() {
            return "start as standby";
        }
    }

    record Restart(Duration limit) implements Operation {
        @Override
        public String title() {
            return "restart";
        }
    }

    record Promote() implements Operation {
        @Override
        public String title() {
            return "promote";
        }
    }

    /**
     * A clean stop for a planned hand-over; standbys get everything.
     *
     * @param limit after it the server is stopped hard; empty: it may take for ever
     */
    record StepDown(Optional<Duration> limit) implements Operation {
        @Override
        public String title() {
            return "demote";
        }
    }

    /**
     * A clean stop of the primary of a cluster that becomes a standby cluster; the end of its log
     * is archived, where it archives.
     */
    record DemoteCluster() implements Operation {
        @Override
        public String title() {
            return "demote cluster";
        }
    }

    /**
     * A clean stop against the clock.
     *
     * @param limit after it the server is stopped hard
     */
    record StopInTime(Duration limit) implements Operation {
        @Override
        public String title() {
            return "demote (store silent)";
        }
    }

    /** A hard stop, now. */
    record FenceStop() implements Operation {
        @Override
        public String title() {
            return "demote immediate";
        }
    }

    record Follow(StandbyTarget target) implements Operation {
        @Override
        public String title() {
            return "follow";
        }
    }

    /** Restart the standby with logical slots copied from the primary. */
    record CopySlots(
            Upstream primary, SortedMap<String, PermanentSlot.Logical> slots, StandbyTarget target)
            implements Operation {
        public CopySlots {
            slots = Collections.unmodifiableSortedMap(new TreeMap<>(slots));
        }

        @Override
        public String title() {
            return "copy logical slots";
        }
    }

    record Assess(Upstream leader, int leaderTimeline) implements Operation {
        @Override
        public String title() {
            return "divergence check";
        }
    }

    record Rewind(Upstream leader) implements Operation {
        @Override
        public String title() {
            return "pg_rewind";
        }
    }

    record SingleUserRecovery() implements Operation {
        @Override
        public String title() {
            return "single-user crash recovery";
        }
    }
}
