package io.kumki.restapi;

import io.kumki.dcs.cluster.Lsn;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerResponse;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Those who wait until this node has replayed a position. While there are any, one look at the
 * server follows the other; it serves all of them. A look that hangs holds up nobody's time-out.
 *
 * <p>Used on the listener's event loop.
 */
final class ReplayWaiters {

    /** Each holds a connection that isn't cut for being silent. */
    static final int LIMIT = 200;

    /** From one look to the next: what a read waits longer than it must, at most. */
    static final Duration PAUSE = Duration.ofMillis(5);

    /** After a look that found no position: the server starts or is down. */
    private static final Duration PAUSE_AFTER_FAILURE = Duration.ofMillis(200);

    private final Vertx own;
    private final Context context;
    private final NodeView view;
    private final RestMeter meter;
    private final Set<Waiter> waiters = new LinkedHashSet<>();
    private boolean looking;

    ReplayWaiters(Vertx own, NodeView view, RestMeter meter) {
        this.own = own;
        this.context = own.getOrCreateContext();
        this.view = view;
        this.meter = meter;
    }

    private record Waiter(Lsn position, Promise<Boolean> reached) {}

    /**
     * Whether the position was reached in time; false at once if nobody waits for it any more.
     *
     * @throws Refusal 503, if too many wait already
     */
    Future<Boolean> await(ReadYourWrites wish, HttpServerResponse response) {
        if (reached(wish.position(), known(view.snapshot()))) {
            return Future.succeededFuture(true);
        }
        if (wish.limit().isZero()) {
            return Future.succeededFuture(false);
        }
        if (waiters.size() >= LIMIT) {
            throw Refusal.text(
                    503,
                    "too many requests wait for a position ("
                            + LIMIT
                            + "); read from the primary, or from another standby");
        }
        Waiter waiter = new Waiter(wish.position(), Promise.promise());
        waiters.add(waiter);
        meter.waiters(waiters.size());
        long timer =
                own.setTimer(wish.limit().toMillis(), _ -> waiter.reached().tryComplete(false));
        response.closeHandler(_ -> waiter.reached().tryComplete(false));
        if (!looking) {
            look();
        }
        return waiter.reached()
                .future()
                .onComplete(_ -> {
                    own.cancelTimer(timer);
                    waiters.remove(waiter);
                    meter.waiters(waiters.size());
                });
    }

    private void look() {
        looking = true;
        Future.succeededFuture()
                .compose(_ -> view.walPosition())
                .otherwise(_ -> Optional.empty()) // it's looked at again soon
                .onSuccess(position -> OwnThread.run(context, () -> looked(position)));
    }

    private void looked(Optional<Lsn> position) {
        for (Waiter waiter : List.copyOf(waiters)) {
            if (reached(waiter.position(), position)) {
                waiter.reached().tryComplete(true);
            }
        }
        if (waiters.isEmpty()) {
            looking = false;
            return;
        }
        Duration pause = position.isPresent() ? PAUSE : PAUSE_AFTER_FAILURE;
        own.setTimer(
                pause.toMillis(),
                _ -> {
                    if (waiters.isEmpty()) {
                        looking = false;
                    } else {
                        look();
                    }
                });
    }

    private static boolean reached(Lsn wanted, Optional<Lsn> position) {
        return position.filter(now -> now.compareTo(wanted) >= 0).isPresent();
    }

    private static Optional<Lsn> known(NodeSnapshot node) {
        return node.server()
                .answer()
                .flatMap(answer ->
                        switch (answer.wal()) {
                            case NodeSnapshot.Wal.Primary(Lsn location) -> Optional.of(location);
                            case NodeSnapshot.Wal.Standby standby -> standby.replayed();
                        });
    }
}
