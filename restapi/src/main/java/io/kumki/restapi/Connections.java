package io.kumki.restapi;

import io.netty.channel.Channel;
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

    /** Who was heard so shortly ago needs no new entry: pollers come by the thousand. */
    private static final long NEGLIGIBLE_NANOS = 100_000_000;

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
    private final Map<Channel, State> open = new LinkedHashMap<>();

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
                ServerSocketGrip.cut(oldest);
            }
        }
    }

    void opened(HttpConnection connection, long nowNanos) {
        Channel channel = ServerSocketGrip.channel(connection);
        handshaking.remove(channel);
        if (open.size() >= LIMIT) {
            Optional<Channel> leaving = longest(Phase.SILENT).or(() -> longest(Phase.READING));
            if (leaving.isEmpty()) {
                meter.cut(RestMeter.Cut.REFUSED);
                connection.close();
                return;
            }
            open.remove(leaving.get());
            meter.cut(RestMeter.Cut.CROWDED);
            ServerSocketGrip.cut(leaving.get());
        }
        open.put(channel, new State(Phase.SILENT, nowNanos, 0, 0));
        connection.closeHandler(_ -> closed(channel));
        meter.connections(open.size());
    }

    private void closed(Channel channel) {
        open.remove(channel);
        meter.connections(open.size());
    }

    /**
     * A request's head is complete: its body and the look at who sends it have their own time.
     *
     * @param pass of the event loop
     * @return false: don't answer
     */
    boolean asked(HttpConnection connection, long nowNanos, long pass) {
        Channel channel = ServerSocketGrip.channel(connection);
        State before = open.remove(channel);
        if (before == null) {
            return false; // cut off, but what it had sent was read before
        }
        int inPass = before.pass() == pass ? before.inPass() + 1 : 1;
        if (inPass > PIPELINED) {
            meter.cut(RestMeter.Cut.PIPELINED);
            ServerSocketGrip.cut(channel);
            return false;
        }
        open.put(channel, new State(Phase.SILENT, nowNanos, pass, inPass));
        return true;
    }

    /** A handler works on a request that everybody may send. */
    void reading(Channel channel, long nowNanos) {
        change(channel, Phase.READING, nowNanos);
    }

    /** A handler works for somebody who may change something, or a stream goes on. */
    void working(Channel channel, long nowNanos) {
        change(channel, Phase.WORKING, nowNanos);
    }

    /**
     * An answer was handed over: from here on it's the client's turn.
     *
     * @return false if the connection isn't open, or cut off
     */
    boolean answered(Channel channel, long nowNanos) {
        State before = open.get(channel);
        if (before != null
                && before.phase() == Phase.SILENT
                && nowNanos - before.sinceNanos() < NEGLIGIBLE_NANOS) {
            return true;
        }
        return change(channel, Phase.SILENT, nowNanos);
    }

    private boolean change(Channel channel, Phase phase, long nowNanos) {
        State before = open.remove(channel);
        if (before != null) {
            open.put(channel, new State(phase, nowNanos, before.pass(), before.inPass()));
        }
        return before != null;
    }

    void closeSilent(long nowNanos) {
        handshaking.removeIf(channel -> !channel.isOpen());
        List<Channel> leaving = new ArrayList<>();
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

    private Optional<Channel> longest(Phase phase) {
        return open.entrySet().stream()
                .filter(entry -> entry.getValue().phase() == phase)
                .map(Map.Entry::getKey)
                .findFirst();
    }
}
