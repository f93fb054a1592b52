package io.kumki.restapi;

import java.util.List;

/** What the agent lets the API see. Every method answers at once, from memory, on any thread. */
public interface NodeView {

    /** The node as published at the end of the last turn, or when something changed in between. */
    NodeSnapshot snapshot();

    /** The monotonic clock that the deadlines of {@link NodeSnapshot} are on. */
    long nowNanos();

    /** The newest decisions first, at most 100. */
    List<DecisionEntry> decisions();

    /** Counters and gauges of our own, for {@code /metrics}. */
    LoopMetrics loopMetrics();
}
