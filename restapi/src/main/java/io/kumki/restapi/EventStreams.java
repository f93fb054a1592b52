package io.kumki.restapi;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.time.Duration;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The subscribers of {@code GET /events} at one listener. Each has a place in the {@link
 * EventJournal} and is given what comes after it as far as its connection takes it, so nothing is
 * kept for one that is slow; one that takes nothing for a while is cut off, and one that the
 * journal has left behind begins anew.
 *
 * <p>Used on the listener's event loop, {@link #end} on any thread.
 */
final class EventStreams {

    private static final Logger LOG = LoggerFactory.getLogger(EventStreams.class);

    /** People with a dashboard, and a few programs; one that is slow costs up to 64 kB of heap. */
    static final int LIMIT = 64;

    /** Proxies and browsers give up on connections that are silent for some tens of seconds. */
    static final Duration HEARTBEAT = Duration.ofSeconds(5);

    /** A connection that takes nothing for so long is dead or isn't read. */
    static final Duration PATIENCE = Duration.ofSeconds(10);

    /** So many events for one subscriber, then others and probes have their turn. */
    private static final int AT_ONCE = 50;

    private static final String RECONNECT = "retry: 1000\n\n";
    private static final String BEAT = ": heartbeat\n\n";
    private static final long LOOK_MILLIS = 1_000;

    private final Vertx own;
    private final Context context;
    private final NodeView view;
    private final EventJournal journal;
    private final InstantSource clock;
    private final RestMeter meter;
    private final Set<Subscriber> subscribers = new LinkedHashSet<>();
    private final AtomicBoolean due = new AtomicBoolean();
    private final Runnable listener = this::somethingNew;

    EventStreams(Vertx own, NodeView view, InstantSource clock, RestMeter meter) {
        this.own = own;
        this.context = own.getOrCreateContext();
        this.view = view;
        this.journal = view.events();
        this.clock = clock;
        this.meter = meter;
    }

    private static final class Subscriber {
        final HttpServerRequest request;
        long seen;
        boolean blocked;
        long blockedNanos;
        long writtenNanos;

        Subscriber(HttpServerRequest request) {
            this.request = request;
        }

        HttpServerResponse response() {
            return request.response();
        }
    }

    void begin() {
        journal.listen(listener);
        own.setPeriodic(LOOK_MILLIS, _ -> look());
    }

    void end() {
        journal.forget(listener);
    }

    /** {@code GET /events}. */
    Future<Answer> subscribe(Endpoint.Call call) {
        if (subscribers.size() >= LIMIT) {
            throw Refusal.text(
                    503,
                    "too many subscribers of /events ("
                            + LIMIT
                            + "); end some of them, or ask another member");
        }
        return Future.succeededFuture(
                new Answer.Stream(
                        "text/event-stream",
                        Map.of("Cache-Control", "no-store", "X-Accel-Buffering", "no"),
                        request -> begin(request, journal.position(call.lastEventId()))));
    }

    private void begin(HttpServerRequest request, EventJournal.Position position) {
        Subscriber subscriber = new Subscriber(request);
        subscribers.add(subscriber);
        meter.subscribers(subscribers.size());
        subscriber.response().closeHandler(_ -> gone(subscriber));
        // a client that leaves is nothing to tell of
        subscriber.response().exceptionHandler(_ -> gone(subscriber));
        write(subscriber, Buffer.buffer(RECONNECT));
        switch (position) {
            case EventJournal.Position.After(long number) -> subscriber.seen = number;
            case EventJournal.Position.Lost(String reason) -> reset(subscriber, reason);
        }
        goOn(subscriber);
    }

    private void gone(Subscriber subscriber) {
        subscribers.remove(subscriber);
        meter.subscribers(subscribers.size());
    }

    /** On the thread that adds events, which is the loop's: it must neither wait nor fail. */
    private void somethingNew() {
        if (due.compareAndSet(false, true)) {
            OwnThread.run(
                    context,
                    () -> {
                        due.set(false);
                        List.copyOf(subscribers).forEach(this::goOn);
                    });
        }
    }

    private void goOn(Subscriber subscriber) {
        for (int i = 0; i < AT_ONCE; i++) {
            if (subscriber.seen >= journal.last() || !takes(subscriber)) {
                return;
            }
            Optional<Buffer> next = journal.wire(subscriber.seen + 1);
            if (next.isPresent()) {
                subscriber.seen++;
                write(subscriber, next.get());
            } else {
                reset(subscriber, "too-slow");
            }
        }
        context.runOnContext(_ -> goOn(subscriber));
    }

    /** Whether its connection has room; if not, it goes on when it has again. */
    private boolean takes(Subscriber subscriber) {
        if (!subscribers.contains(subscriber)) {
            return false;
        }
        if (!subscriber.response().writeQueueFull()) {
            return true;
        }
        if (!subscriber.blocked) {
            subscriber.blocked = true;
            subscriber.blockedNanos = view.nowNanos();
            subscriber
                    .response()
                    .drainHandler(_ -> {
                        subscriber.blocked = false;
                        goOn(subscriber);
                    });
        }
        return false;
    }

    private void write(Subscriber subscriber, Buffer bytes) {
        subscriber.writtenNanos = view.nowNanos();
        subscriber
                .response()
                .write(bytes)
                .onFailure(failure ->
                        LOG.atDebug()
                                .addKeyValue("client", subscriber.request.remoteAddress())
                                .addKeyValue("error", failure.toString())
                                .log("subscriber left"));
    }

    /**
     * All of the present state. The snapshot is at least as new as the number, so what comes after
     * may repeat it but leaves nothing out.
     */
    private void reset(Subscriber subscriber, String reason) {
        subscriber.seen = journal.last();
        Probes probes = new Probes(view.snapshot(), view.nowNanos());
        NodeSnapshot node = probes.node();
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        fields.put("reason", reason);
        fields.put("patroni", StatusDocument.withLease(probes));
        fields.put(
                "cluster",
                probes.cluster()
                        .map(cluster -> ClusterDocument.of(cluster, node.settings(), node.scope()))
                        .orElse(null));
        write(subscriber, journal.text(subscriber.seen, clock.instant(), "reset", fields));
    }

    private void look() {
        long now = view.nowNanos();
        for (Subscriber subscriber : List.copyOf(subscribers)) {
            if (subscriber.blocked && now - subscriber.blockedNanos > PATIENCE.toNanos()) {
                meter.cut(RestMeter.Cut.SLOW);
                gone(subscriber);
                ServerSocketGrip.cut(subscriber.request.connection());
            } else if (now - subscriber.writtenNanos >= HEARTBEAT.toNanos() && takes(subscriber)) {
                write(subscriber, Buffer.buffer(BEAT));
            }
        }
    }
}
