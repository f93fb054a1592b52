package io.kumki.restapi;

import io.vertx.core.Future;
import java.time.Duration;
import java.util.List;

/** What the agent lets the API see. Every method answers at once, from memory, on any thread. */
public interface NodeView {

    /** The node as published at the end of the last turn, or when something changed in between. */
    NodeSnapshot snapshot();

    /**
     * The node with its server observed now: for {@code GET /patroni}, whose answer decides
     * elections. Callers that come while an observation runs share it. Completes within about two
     * seconds; with the last snapshot if the server can't be observed.
     *
     * @param maxAge how old a snapshot may be to be given at once instead: probes of people and
     *     peers without {@code ?fresh=true} get one of up to a second while the cluster has a
     *     leader, and none without
     */
    Future<NodeSnapshot> fresh(Duration maxAge);

    /** The monotonic clock that the deadlines of {@link NodeSnapshot} are on. */
    long nowNanos();

    /** The newest decisions first, at most 100. */
    List<DecisionEntry> decisions();

    /** What changed, for {@code /events}. */
    EventJournal events();

    /** Counters and gauges of our own, for {@code /metrics}. */
    LoopMetrics loopMetrics();
}
