package io.kumki.restapi;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.vertx.core.http.HttpConnection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The open connections of one listener and how long each may be silent. A connection counts as
 * silent while it sends a request, while it is checked who sends it, between requests, and while a
 * client doesn't take its answer; not while a handler works, because a switchover may take half a
 * minute. Whoever may only read can wait for a handler too (a look at the server, a position), but
 * makes room for others when there is no silent one, so strangers can't fill the listener with
 * connections that may not be cut.
 *
 * <p>Used on the listener's event loop only.
 */
final class Connections {

    /** Silent longer than this: closed. Health checkers leak connections. */
    static final Duration SILENCE = Duration.ofSeconds(10);

    /** With this many open, the one silent for the longest time makes room for a new one. */
    static final int LIMIT = 1000;

    /**
     * With this many TLS handshakes under way, the oldest makes room for a new one: each costs the
     * heap tens of kilobytes, and whoever means it needs milliseconds.
     */
    static final int HANDSHAKES = 100;

    private enum Phase {
        SILENT,
        /** A handler works for somebody who may be a stranger. */
        READING,
        WORKING
    }

    /**
     * More requests of one connection in one go are an attempt to keep the thread busy: whoever
     * waits for answers sends one.
     */
    static final int PIPELINED = 16;

    /**
     * @param pass of the event loop, and how many requests of this connection came in it
     */
    private record State(Phase phase, long sinceNanos, long pass, int inPass) {}

    private final RestMeter meter;

    /** In the order of their last change. */
    private final Map<HttpConnection, State> open = new LinkedHashMap<>();

    /** Accepted and not opened yet, the oldest first. */
    private final Set<Channel> handshaking = new LinkedHashSet<>();

    Connections(RestMeter meter) {
        this.meter = meter;
    }

    /** A connection that Vert.x tells of only when its handshake is complete. */
    void accepted(Channel channel) {
        handshaking.add(channel);
        while (handshaking.size() > HANDSHAKES) {
            Channel oldest = handshaking.iterator().next();
            handshaking.remove(oldest);
            if (oldest.isOpen()) {
                meter.cut(RestMeter.Cut.HANDSHAKE);
                ChannelFuture _ = oldest.close();
            }
        }
    }

    void opened(HttpConnection connection, long nowNanos) {
        handshaking.remove(ServerSocketGrip.channel(connection));
        if (open.size() >= LIMIT) {
            Optional<HttpConnection> leaving =
                    longest(Phase.SILENT).or(() -> longest(Phase.READING));
            if (leaving.isEmpty()) {
                meter.cut(RestMeter.Cut.REFUSED);
                connection.close();
                return;
            }
            open.remove(leaving.get());
            meter.cut(RestMeter.Cut.CROWDED);
            ServerSocketGrip.cut(leaving.get());
        }
        open.put(connection, new State(Phase.SILENT, nowNanos, 0, 0));
        connection.closeHandler(_ -> closed(connection));
        meter.connections(open.size());
    }

    private void closed(HttpConnection connection) {
        open.remove(connection);
        meter.connections(open.size());
    }

    /**
     * A request's head is complete: its body and the look at who sends it have their own time.
     *
     * @param pass of the event loop
     * @return false: don't answer
     */
    boolean asked(HttpConnection connection, long nowNanos, long pass) {
        State before = open.remove(connection);
        if (before == null) {
            return false; // cut off, but what it had sent was read before
        }
        int inPass = before.pass() == pass ? before.inPass() + 1 : 1;
        if (inPass > PIPELINED) {
            meter.cut(RestMeter.Cut.PIPELINED);
            ServerSocketGrip.cut(connection);
            return false;
        }
        open.put(connection, new State(Phase.SILENT, nowNanos, pass, inPass));
        return true;
    }

    /** A handler works on a request that everybody may send. */
    void reading(HttpConnection connection, long nowNanos) {
        change(connection, Phase.READING, nowNanos);
    }

    /** A handler works for somebody who may change something, or a stream goes on. */
    void working(HttpConnection connection, long nowNanos) {
        change(connection, Phase.WORKING, nowNanos);
    }

    /** An answer was handed over: from here on it's the client's turn. */
    void answered(HttpConnection connection, long nowNanos) {
        change(connection, Phase.SILENT, nowNanos);
    }

    private void change(HttpConnection connection, Phase phase, long nowNanos) {
        State before = open.remove(connection);
        if (before != null) {
            open.put(connection, new State(phase, nowNanos, before.pass(), before.inPass()));
        }
    }

    void closeSilent(long nowNanos) {
        handshaking.removeIf(channel -> !channel.isOpen());
        List<HttpConnection> leaving = new ArrayList<>();
        open.forEach((connection, state) -> {
            if (state.phase() == Phase.SILENT
                    && nowNanos - state.sinceNanos() > SILENCE.toNanos()) {
                leaving.add(connection);
            }
        });
        leaving.forEach(connection -> {
            meter.cut(RestMeter.Cut.SILENT);
            open.remove(connection);
            ServerSocketGrip.cut(connection);
        });
    }

    private Optional<HttpConnection> longest(Phase phase) {
        return open.entrySet().stream()
                .filter(entry -> entry.getValue().phase() == phase)
                .map(Map.Entry::getKey)
                .findFirst();
    }
}
