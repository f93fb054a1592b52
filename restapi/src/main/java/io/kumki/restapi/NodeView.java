package io.kumki.restapi;

import io.kumki.dcs.cluster.Lsn;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

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

    /**
     * Up to where the server's data can be read now: what a standby has replayed, what a primary
     * has written. Asks the server, with a limit of some seconds; completes on any thread. Empty if
     * it doesn't run or doesn't answer.
     */
    Future<Optional<Lsn>> walPosition();

    /** The monotonic clock that the deadlines of {@link NodeSnapshot} are on. */
    long nowNanos();

    /** The newest decisions first, at most 100. */
    List<DecisionEntry> decisions();

    /** What changed, for {@code /events}. */
    EventJournal events();

    /** Counters and gauges of our own, for {@code /metrics}. */
    LoopMetrics loopMetrics();
}
