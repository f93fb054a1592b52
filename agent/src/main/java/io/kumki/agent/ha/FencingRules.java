package io.kumki.agent.ha;

import java.util.Optional;

/**
 * A server that may take writes is stopped hard as soon as this member can't prove that it leads.
 * Not in pause: there a person decides.
 */
final class FencingRules {

    private FencingRules() {}

    /**
     * The deadline of the last renewal passed (the agent or the machine slept, or a stop took too
     * long).
     */
    static Optional<Decision> stopsWhenLeaseRanOut(Situation s) {
        if (s.paused() || !s.leaseRanOut() || !s.couldWrite() || fencing(s)) {
            return Optional.empty();
        }
        return Optional.of(
                Decision.of(
                                "fence.lease-ran-out",
                                s.lease().endsWithReset()
                                        ? "the watchdog wasn't kept alive: the machine may be reset"
                                        : "the lease ended "
                                                + s.since(s.lease().endNanos().getAsLong())
                                                        .toMillis()
                                                + " ms ago: another member may lead",
                                s.memory().withStepDown(Optional.empty()),
                                new Action.Fence())
                        .atOnce());
    }

    static Optional<Decision> stopsWhenAnotherLeads(Situation s) {
        if (s.paused() || !s.otherLeads() || !s.couldWrite() || fencing(s)) {
            return Optional.empty();
        }
        if (s.ongoing().isPresent() && worksOnFiles(s.ongoing().get().operation())) {
            return Optional.empty();
        }
        return Optional.of(
                Decision.of(
                                "fence.another-leads",
                                s.cluster().leader().orElseThrow() + " holds the leader key",
                                s.memory(),
                                new Action.Fence())
                        .atOnce());
    }

    /** A hard stop is already under way. */
    private static boolean fencing(Situation s) {
        return s.ongoing().isPresent()
                && s.ongoing().get().operation() instanceof Operation.FenceStop;
    }

    /** Work on the files of a server that serves nobody. */
    private static boolean worksOnFiles(Operation operation) {
        return operation instanceof Operation.Clone
                || operation instanceof Operation.Rewind
                || operation instanceof Operation.SingleUserRecovery;
    }
}
