package io.kumki.agent.node;

import io.kumki.dcs.cluster.Lsn;
import io.kumki.restapi.DecisionEntry;
import io.kumki.restapi.EventJournal;
import io.kumki.restapi.LoopMetrics;
import io.kumki.restapi.NodeSnapshot;
import io.kumki.restapi.NodeView;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** Lets the REST API see the loop. */
final class AgentView implements NodeView {

    private final HaLoop loop;
    private final LoopClock clock;
    private final Supplier<Future<Optional<Lsn>>> walPosition;

    /**
     * @param walPosition asks the server, on threads of its own
     */
    AgentView(HaLoop loop, LoopClock clock, Supplier<Future<Optional<Lsn>>> walPosition) {
        this.loop = loop;
        this.clock = clock;
        this.walPosition = walPosition;
    }

    @Override
    public NodeSnapshot snapshot() {
        return loop.snapshot();
    }

    @Override
    public Future<NodeSnapshot> fresh(Duration maxAge) {
        Optional<NodeSnapshot> recent = loop.recent(maxAge);
        if (recent.isPresent()) {
            return Future.succeededFuture(recent.get()); // the loop isn't disturbed for it
        }
        Promise<NodeSnapshot> promise = Promise.promise();
        clock.execute(() -> loop.fresh(maxAge).onComplete(promise));
        return promise.future();
    }

    @Override
    public Future<Optional<Lsn>> walPosition() {
        return walPosition.get();
    }

    @Override
    public long nowNanos() {
        return clock.nanos();
    }

    @Override
    public List<DecisionEntry> decisions() {
        return loop.decisions();
    }

    @Override
    public EventJournal events() {
        return loop.events();
    }

    @Override
    public LoopMetrics loopMetrics() {
        return loop.metrics();
    }
}
