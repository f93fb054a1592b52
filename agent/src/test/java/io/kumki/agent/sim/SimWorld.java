package io.kumki.agent.sim;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Virtual time and the events in it. One thread; the next event is the one with the earliest time,
 * among equals the one that was planned first.
 */
final class SimWorld {

    static final long MILLI = 1_000_000;
    static final long SECOND = 1_000 * MILLI;

    /** More events than any sane run has: something turns without end. */
    private static final int MAX_EVENTS = 600_000;

    private final PriorityQueue<Event> queue = new PriorityQueue<>();
    private final @Nullable List<String> trace;
    private long now;
    private long sequence;
    private int events;
    private @Nullable String violation;
    private Runnable afterEach = () -> {};

    /**
     * @param traced whether to keep a readable trace
     */
    SimWorld(boolean traced) {
        this.trace = traced ? new ArrayList<>() : null;
    }

    /** Who an event belongs to: a machine or an agent's process. */
    interface Owner {
        /** Its events vanish. */
        boolean gone();

        /** Its events wait. */
        boolean frozen();

        /** Takes an event that has to wait. */
        void defer(Event event);
    }

    /** Something that happens at a time. */
    static final class Event implements Comparable<Event> {
        private final long at;
        private final long order;
        private final @Nullable Owner owner;
        private final Runnable action;
        private boolean cancelled;

        private Event(long at, long order, @Nullable Owner owner, Runnable action) {
            this.at = at;
            this.order = order;
            this.owner = owner;
            this.action = action;
        }

        void cancel() {
            cancelled = true;
        }

        @Override
        public int compareTo(Event other) {
            return at != other.at ? Long.compare(at, other.at) : Long.compare(order, other.order);
        }
    }

    /** Nanoseconds since the world began. */
    long now() {
        return now;
    }

    Event after(long delayNanos, @Nullable Owner owner, Runnable action) {
        Event event = new Event(now + Math.max(0, delayNanos), sequence++, owner, action);
        queue.add(event);
        return event;
    }

    /** An event of the world itself. */
    Event after(long delayNanos, Runnable action) {
        return after(delayNanos, null, action);
    }

    /** Events that waited happen now, in their old order. */
    void release(List<Event> deferred) {
        for (Event event : deferred) {
            if (!event.cancelled) {
                Event again = new Event(now, sequence++, event.owner, () -> rerun(event));
                queue.add(again);
            }
        }
    }

    private static void rerun(Event event) {
        if (!event.cancelled) {
            event.action.run();
        }
    }

    /** Called after each event. */
    void afterEach(Runnable check) {
        afterEach = check;
    }

    /** Runs until a time, or until a violation. */
    void runUntil(long end) {
        while (violation == null && !queue.isEmpty() && queue.peek().at <= end) {
            step(queue.remove());
        }
        now = violation == null ? Math.max(now, end) : now;
    }

    private void step(Event event) {
        now = Math.max(now, event.at);
        if (event.cancelled || event.owner != null && event.owner.gone()) {
            return;
        }
        if (event.owner != null && event.owner.frozen()) {
            event.owner.defer(event);
            return;
        }
        if (++events > MAX_EVENTS) {
            violate(
                    "more than "
                            + MAX_EVENTS
                            + " events: something turns without end, such as "
                            + event.action.getClass().getName());
            return;
        }
        try {
            event.action.run();
            afterEach.run();
        } catch (RuntimeException | Error defect) {
            violate("an exception escaped: " + describe(defect));
        }
    }

    static String describe(Throwable defect) {
        StringBuilder text = new StringBuilder(String.valueOf(defect));
        for (int i = 0; i < Math.min(8, defect.getStackTrace().length); i++) {
            text.append("\n        at ").append(defect.getStackTrace()[i]);
        }
        if (defect.getCause() != null) {
            text.append("\n      cause ").append(describe(defect.getCause()));
        }
        return text.toString();
    }

    /** The first violation ends the run. */
    void violate(String what) {
        trace(() -> "VIOLATION " + what);
        if (violation == null) {
            violation = time() + " " + what;
        }
    }

    Optional<String> violation() {
        return Optional.ofNullable(violation);
    }

    void trace(Supplier<String> line) {
        if (trace != null) {
            trace.add(time() + "  " + line.get());
        }
    }

    boolean traced() {
        return trace != null;
    }

    List<String> lines() {
        return trace == null ? List.of() : List.copyOf(trace);
    }

    int events() {
        return events;
    }

    private String time() {
        return String.format(java.util.Locale.ROOT, "%10.3f", now / 1e9);
    }
}
