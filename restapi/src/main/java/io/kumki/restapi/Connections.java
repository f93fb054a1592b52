package io.kumki.restapi;

import io.vertx.core.http.HttpConnection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The open connections of one listener and how long each may be silent. A connection counts as
 * silent while it sends a request's head, between requests, and while a client doesn't take its
 * answer; not while a handler works, because a switchover may take half a minute.
 *
 * <p>Used on the listener's event loop only.
 */
final class Connections {

    /** Silent longer than this: closed. Health checkers leak connections. */
    static final Duration SILENCE = Duration.ofSeconds(10);

    /** With this many open, the one silent for the longest time makes room for a new one. */
    static final int LIMIT = 1000;

    private enum Phase {
        SILENT,
        WORKING
    }

    private record State(Phase phase, long sinceNanos) {}

    /** In the order of their last change. */
    private final Map<HttpConnection, State> open = new LinkedHashMap<>();

    void opened(HttpConnection connection, long nowNanos) {
        if (open.size() >= LIMIT) {
            Optional<HttpConnection> leaving = longestSilent();
            if (leaving.isEmpty()) {
                connection.close();
                return;
            }
            open.remove(leaving.get());
            leaving.get().close();
        }
        open.put(connection, new State(Phase.SILENT, nowNanos));
        connection.closeHandler(_ -> open.remove(connection));
    }

    /** A request's head is complete; a handler works. */
    void working(HttpConnection connection, long nowNanos) {
        change(connection, new State(Phase.WORKING, nowNanos));
    }

    /** An answer was handed over: from here on it's the client's turn. */
    void answered(HttpConnection connection, long nowNanos) {
        change(connection, new State(Phase.SILENT, nowNanos));
    }

    private void change(HttpConnection connection, State state) {
        if (open.remove(connection) != null) {
            open.put(connection, state);
        }
    }

    void closeSilent(long nowNanos) {
        List<HttpConnection> leaving = new ArrayList<>();
        open.forEach((connection, state) -> {
            if (state.phase() == Phase.SILENT
                    && nowNanos - state.sinceNanos() > SILENCE.toNanos()) {
                leaving.add(connection);
            }
        });
        leaving.forEach(HttpConnection::close);
    }

    private Optional<HttpConnection> longestSilent() {
        return open.entrySet().stream()
                .filter(entry -> entry.getValue().phase() == Phase.SILENT)
                .map(Map.Entry::getKey)
                .findFirst();
    }
}
