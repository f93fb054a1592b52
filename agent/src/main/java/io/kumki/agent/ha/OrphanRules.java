package io.kumki.agent.ha;

import java.util.Optional;

/**
 * The postmaster is gone and processes of its server go on: their commits are still acknowledged.
 * Nothing is started, and no lead given away, before they have ended.
 */
final class OrphanRules {

    private OrphanRules() {}

    static Optional<Decision> decide(Situation s) {
        if (s.server().postmaster() != LocalServer.Postmaster.ORPHANED) {
            return Optional.empty();
        }
        return Optional.of(
                s.paused()
                        ? Decision.of(
                                "pause.leaves-orphans",
                                "maintenance mode: the postmaster is gone, and processes that it left go on",
                                s.memory())
                        : Decision.of(
                                        "server.ends-orphans",
                                        "the postmaster is gone, and processes that it left go on: a session may still commit",
                                        s.memory(),
                                        new Action.Fence())
                                .atOnce());
    }
}
