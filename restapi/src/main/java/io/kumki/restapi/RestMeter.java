package io.kumki.restapi;

import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicLong;

/** What the listener counts about itself; outlives each socket. On any thread. */
final class RestMeter {

    /** Why a connection was ended by this side. */
    enum Cut {
        /** It was silent for too long. */
        SILENT,
        /** It sent many requests without waiting for their answers. */
        PIPELINED,
        /** It made room for a newer one. */
        CROWDED,
        /** No other could make room. */
        REFUSED,
        /** Its TLS handshake made room for a newer one. */
        HANDSHAKE,
        /** It didn't take the events that it had asked for. */
        SLOW
    }

    private final ConcurrentMap<Cut, Long> cuts = new ConcurrentHashMap<>();
    private final AtomicLong reopened = new AtomicLong();
    private final AtomicLong prepared = new AtomicLong();
    private final Histogram lag = Histogram.ofSeconds(0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5);
    private volatile int connections;
    private volatile int subscribers;
    private volatile int waiters;

    void cut(Cut why) {
        cuts.merge(why, 1L, Long::sum);
    }

    SortedMap<Cut, Long> cuts() {
        SortedMap<Cut, Long> counts = new TreeMap<>();
        for (Cut why : Cut.values()) {
            counts.put(why, cuts.getOrDefault(why, 0L));
        }
        return counts;
    }

    void connections(int open) {
        connections = open;
    }

    int connections() {
        return connections;
    }

    void waiters(int now) {
        waiters = now;
    }

    int waiters() {
        return waiters;
    }

    void subscribers(int now) {
        subscribers = now;
    }

    int subscribers() {
        return subscribers;
    }

    void reopened() {
        reopened.incrementAndGet();
    }

    long timesReopened() {
        return reopened.get();
    }

    /** A probe was answered with bytes that were prepared. */
    void answeredPrepared() {
        prepared.incrementAndGet();
    }

    long prepared() {
        return prepared.get();
    }

    /** How late the event loop ran a task that was due. */
    Histogram lag() {
        return lag;
    }
}
