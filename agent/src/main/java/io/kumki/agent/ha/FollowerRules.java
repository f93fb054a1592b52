package io.kumki.agent.ha;

import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;

/** Another member leads, and the own server is up. */
final class FollowerRules {

    /** A WAL receiver tries again every 5 s by default: a short restart isn't worth a change. */
    private static final Duration CASCADE_PATIENCE = Duration.ofSeconds(8);

    /** After so long the upstream that was configured is tried again. */
    private static final Duration CASCADE_AVOIDED = Duration.ofMinutes(5);

    private FollowerRules() {}

    static Optional<Decision> decide(Situation s) {
        if (!s.otherLeads()) {
            return Optional.empty();
        }
        return Optional.of(
                switch (s.server().answer().orElse(null)) {
                    case null ->
                            Decision.of(
                                    "follower.server-silent",
                                    "the server runs but didn't answer in time",
                                    s.memory());
                    case LocalServer.Answer.Primary _ ->
                            Decision.of(
                                    "pause.primary-without-lock",
                                    "maintenance mode: a second primary goes on although "
                                            + s.cluster().leader().orElseThrow()
                                            + " holds the leader key",
                                    s.memory());
                    case LocalServer.Answer.Standby standby -> standby(s, standby);
                });
    }

    private static Decision standby(Situation s, LocalServer.Answer.Standby standby) {
        StandbyTarget target = Following.target(s);
        if (target.source() == StandbyTarget.Source.LAST) {
            return Decision.of(
                    "follower.nobody-to-stream-from",
                    "the leader publishes no address: the last upstream stays",
                    s.memory());
        }
        if (!s.followsTarget() && !s.reached(s.memory().rejoin().retryAtNanos())) {
            return Decision.of(
                            "follower.waits-to-retry",
                            "following " + target.described() + " failed a moment ago",
                            s.memory())
                    .after(Duration.ofMillis(500));
        }
        if (!s.followsTarget()) {
            return RejoinRules.comparesFirst(s)
                    .orElseGet(() ->
                            Decision.of(
                                    "follower.changes-upstream",
                                    "following "
                                            + target.described()
                                            + " now"
                                            + Comparison.uncompared(s),
                                    s.memory(),
                                    new Action.Start(new Operation.Follow(target))));
        }
        if (target.source() == StandbyTarget.Source.ARCHIVE) {
            return Decision.of(
                    "follower.reads-archive",
                    "tagged nostream: the log comes from the archive only",
                    s.memory());
        }
        boolean streams = standby.receiver().filter(LocalServer.Receiver::streaming).isPresent();
        if (streams) {
            return copiesSlots(s, target)
                    .orElseGet(() ->
                            Decision.of(
                                    "follower.streams",
                                    "no action. I am ("
                                            + s.me()
                                            + "), a secondary, and following a leader ("
                                            + s.cluster().leader().orElseThrow()
                                            + ")",
                                    s.memory()));
        }
        return leavesUpstream(s, target).orElseGet(() -> RejoinRules.stalled(s));
    }

    /**
     * A logical slot comes by a restart of the standby: never in pause, nor while the lead is about
     * to change.
     */
    private static Optional<Decision> copiesSlots(Situation s, StandbyTarget target) {
        Optional<Upstream> primary = Following.leader(s.self(), s.cluster());
        SortedMap<String, PermanentSlot.Logical> missing = LogicalSlots.missing(s);
        if (missing.isEmpty()
                || primary.isEmpty()
                || s.paused()
                || s.cluster().failover().present()
                || !s.reached(s.memory().slotsCopied())) {
            return Optional.empty();
        }
        return Optional.of(
                Decision.of(
                        "follower.copies-logical-slots",
                        "restarting with the logical slots "
                                + String.join(", ", missing.keySet())
                                + " of "
                                + primary.get(),
                        s.memory(),
                        new Action.Start(new Operation.CopySlots(primary.get(), missing, target))));
    }

    /** A cascade whose upstream sends nothing goes on from the leader for a while. */
    private static Optional<Decision> leavesUpstream(Situation s, StandbyTarget target) {
        Optional<Upstream> upstream =
                target.upstream().filter(from -> Following.cascade(s).equals(Optional.of(from)));
        Memory.Rejoin rejoin = s.memory().rejoin();
        boolean stalled =
                rejoin.stalledSinceNanos().isPresent()
                        && s.since(rejoin.stalledSinceNanos().getAsLong())
                                        .compareTo(CASCADE_PATIENCE)
                                > 0;
        if (upstream.isEmpty()
                || !stalled
                || !s.reached(rejoin.retryAtNanos())
                || Following.leader(s.self(), s.cluster()).isEmpty()) {
            return Optional.empty();
        }
        Memory memory =
                s.memory()
                        .withAvoided(
                                new Memory.Avoided(
                                        upstream.get().member().orElseThrow(),
                                        s.nowNanos() + CASCADE_AVOIDED.toNanos()))
                        .withRejoin(rejoin.withStalledSince(OptionalLong.of(s.nowNanos())));
        return Optional.of(
                Decision.of(
                        "follower.leaves-upstream",
                        "nothing is received from "
                                + upstream.get()
                                + ": the leader feeds this member for "
                                + CASCADE_AVOIDED.toMinutes()
                                + " min",
                        memory,
                        new Action.Start(
                                new Operation.Follow(Following.target(s.withMemory(memory))))));
    }
}
