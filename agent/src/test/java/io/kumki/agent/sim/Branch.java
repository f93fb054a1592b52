package io.kumki.agent.sim;

import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.TimelineHistory;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A timeline with its content: what one server wrote after it became a primary. Two branches may
 * carry the same number; they never have the same content.
 */
final class Branch {

    private final int timeline;
    private final @Nullable Branch parent;
    private final long fork;
    private final String writer;

    private Branch(int timeline, @Nullable Branch parent, long fork, String writer) {
        this.timeline = timeline;
        this.parent = parent;
        this.fork = fork;
        this.writer = writer;
    }

    static Branch root(String writer) {
        return new Branch(1, null, 0, writer);
    }

    /** What a promotion at {@code at} begins. */
    Branch child(long at, String promoted) {
        return new Branch(timeline + 1, this, at, promoted);
    }

    int timeline() {
        return timeline;
    }

    String writer() {
        return writer;
    }

    /** How much of a log ending in {@code mine} at {@code end} is part of this branch's. */
    long agreesWith(Branch mine, long end) {
        long agreed = end;
        for (Branch step = mine; step != null; step = step.parent) {
            if (descendsFrom(step)) {
                return Math.min(agreed, leaves(step));
            }
            agreed = Math.min(agreed, step.fork);
        }
        return 0;
    }

    private boolean descendsFrom(Branch ancestor) {
        for (Branch step = this; step != null; step = step.parent) {
            if (step == ancestor) {
                return true;
            }
        }
        return false;
    }

    /** Where the way to this branch leaves {@code ancestor}; the end of the world for itself. */
    private long leaves(Branch ancestor) {
        long left = Long.MAX_VALUE;
        for (Branch step = this; step != null && step != ancestor; step = step.parent) {
            left = Math.min(left, step.fork);
        }
        return left;
    }

    /** Whether a log that ends here at {@code end} holds what {@code other} has at {@code at}. */
    boolean holds(long end, Branch other, long at) {
        return at <= end && continues(other, at);
    }

    /** Whether a log ending in {@code mine} at {@code end} is a prefix of this branch's. */
    boolean continues(Branch mine, long end) {
        return descendsFrom(mine) && end <= leaves(mine);
    }

    /**
     * Whether a log of this number that ends at {@code end} is a prefix of this branch's as far as
     * numbers and places of switches tell. A sender asks no more, so of two branches with one
     * number it takes the other for its own.
     */
    boolean reaches(int number, long end) {
        long left = Long.MAX_VALUE;
        for (Branch step = this; step != null; step = step.parent) {
            if (step.timeline == number) {
                return end <= left;
            }
            left = step.fork;
        }
        return false;
    }

    /** The branch that the way to this one is on at {@code position}. */
    Branch at(long position) {
        Branch step = this;
        while (step.parent != null && position <= step.fork) {
            step = step.parent;
        }
        return step;
    }

    /** As a history file tells it: oldest first. */
    TimelineHistory history() {
        List<TimelineHistory.Entry> entries = new ArrayList<>();
        for (Branch step = this; step.parent != null; step = step.parent) {
            entries.add(
                    new TimelineHistory.Entry(
                            step.parent.timeline,
                            new Lsn(step.fork),
                            "no recovery target specified",
                            Optional.empty(),
                            Optional.empty()));
        }
        Collections.reverse(entries);
        return new TimelineHistory(true, entries);
    }

    @Override
    public String toString() {
        return timeline + "(" + writer + ")";
    }
}
