package io.kumki.agent.chaos;

import java.util.ArrayList;
import java.util.List;

/** What the clients sent and what they were told, with times of {@link System#nanoTime}. */
final class Journal {

    /** What a client knows of its write. */
    enum Outcome {
        ACKNOWLEDGED,
        /** The server said that it takes no writes. */
        REFUSED,
        /** Connection lost, time out, or a warning with the answer: the row may be there or not. */
        UNKNOWN
    }

    /**
     * @param id unique
     * @param server the host that it was sent to
     * @param balanced sent to whom the probes call the primary; else to a host whatever it is
     * @param timeline the server's, of an acknowledged one; else empty
     */
    record Write(
            long id,
            String server,
            boolean balanced,
            long sent,
            long answered,
            Outcome outcome,
            String timeline) {}

    private final List<Write> writes = new ArrayList<>();
    private long lastAcknowledged;

    synchronized void add(Write write) {
        writes.add(write);
        if (write.balanced() && write.outcome() == Outcome.ACKNOWLEDGED) {
            lastAcknowledged = write.sent();
        }
    }

    synchronized List<Write> writes() {
        return List.copyOf(writes);
    }

    /** Whether the service took a write that was sent after that moment. */
    synchronized boolean acknowledgedSince(long nanos) {
        return lastAcknowledged != 0 && lastAcknowledged - nanos > 0;
    }
}
