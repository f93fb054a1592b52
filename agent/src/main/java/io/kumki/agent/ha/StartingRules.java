package io.kumki.agent.ha;

import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/** The server's process is there but doesn't accept connections: it recovers, or it is stopping. */
final class StartingRules {

    private StartingRules() {}

    static Optional<Decision> decide(Situation s) {
        LocalServer.Postmaster postmaster = s.server().postmaster();
        if (postmaster != LocalServer.Postmaster.STARTING
                && postmaster != LocalServer.Postmaster.STOPPING) {
            return Optional.empty();
        }
        boolean stopping = postmaster == LocalServer.Postmaster.STOPPING;
        Memory memory =
                s.iHoldKey() && s.memory().crashedSinceNanos().isEmpty()
                        ? s.memory().withCrashedSince(OptionalLong.of(s.nowNanos()))
                        : s.memory();
        Situation known = s.withMemory(memory);
        if (s.iHoldKey() && !s.paused()) {
            Duration waited = s.since(memory.crashedSinceNanos().getAsLong());
            Duration limit = memory.startLimit().orElse(s.settings().primaryStartTimeout());
            if (waited.compareTo(limit) > 0) {
                Optional<Decision> handOver =
                        RecoveryRules.handOver(
                                known, "the server isn't up since " + waited.toSeconds() + " s");
                if (handOver.isPresent()) {
                    return handOver.map(decision -> stopsFirst(known, decision));
                }
            }
        }
        boolean follows = s.otherLeads() || s.iHoldKey() && s.followsRemote();
        if (follows && !s.paused() && !stopping) {
            Optional<Decision> stuck = RejoinRules.stuckInStart(s);
            if (stuck.isPresent()) {
                return stuck;
            }
        }
        return Optional.of(
                Decision.of(
                                stopping ? "server.stopping" : "server.starting",
                                stopping
                                        ? "the server is shutting down"
                                        : "the server doesn't accept connections yet",
                                memory)
                        .after(Duration.ofMillis(500)));
    }

    /** The key is given away when the server is stopped: it could come up at any moment. */
    private static Decision stopsFirst(Situation s, Decision handOver) {
        return handOver.questions().isEmpty()
                ? Decision.of(
                                "server.stops-to-hand-over",
                                handOver.reason(),
                                s.memory(),
                                new Action.Fence())
                        .atOnce()
                : handOver;
    }
}
