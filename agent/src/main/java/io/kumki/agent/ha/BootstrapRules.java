package io.kumki.agent.ha;

import io.kumki.agent.ha.Memory.BootstrapStage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** This member won the right to create the cluster. */
final class BootstrapRules {

    private BootstrapRules() {}

    static Optional<Decision> decide(Situation s) {
        boolean undone =
                s.memory().bootstrap() instanceof BootstrapStage.Won
                        || s.memory().bootstrap() instanceof BootstrapStage.Created;
        if (undone && s.endingAsked()) {
            return Optional.of(ends(s));
        }
        return switch (s.memory().bootstrap()) {
            case BootstrapStage.None() -> Optional.empty();
            case BootstrapStage.Won() -> Optional.of(create(s));
            case BootstrapStage.Created() -> Optional.of(finish(s));
            case BootstrapStage.Ready() -> Optional.of(takeLead(s));
            case BootstrapStage.Failed(String reason) -> Optional.of(discard(s, reason));
            case BootstrapStage.Discarded(String reason) ->
                    Optional.of(
                            Decision.of(
                                    "bootstrap.gives-up",
                                    reason,
                                    s.memory(),
                                    new Action.CancelBootstrap(),
                                    new Action.Exit(
                                            "Failed to bootstrap cluster: " + reason,
                                            s.endingAsked()
                                                    ? Action.ExitKind.ASKED_FOR
                                                    : Action.ExitKind.FATAL)));
        };
    }

    /** What is half made is discarded, so that another member can begin anew. */
    private static Decision ends(Situation s) {
        String why = "the agent was asked to end while it created the cluster";
        return s.ongoing().isPresent()
                ? Decision.of(
                                "bootstrap.is-broken-off",
                                why,
                                s.memory(),
                                new Action.CancelOperation())
                        .after(Duration.ofMillis(200))
                : Decision.of(
                                "bootstrap.is-not-gone-on-with",
                                why,
                                s.memory().withBootstrap(new BootstrapStage.Failed(why)))
                        .atOnce();
    }

    private static Decision create(Situation s) {
        if (s.self().unfit().isPresent() && s.ongoing().isEmpty()) {
            return Decision.of("bootstrap.unfit-waits", s.self().unfit().get(), s.memory())
                    .after(Duration.ofMillis(200));
        }
        if (s.ongoing().isPresent()) {
            return Decision.of(
                    "bootstrap.under-way", "the cluster is being created here", s.memory());
        }
        if (s.followsRemote()) {
            StandbyTarget remote =
                    RemoteSource.target(s.self(), s.settings().standbyCluster().get());
            return Decision.of(
                    "bootstrap.clones-remote",
                    "this member won the race to create the standby cluster; copying from "
                            + remote.described(),
                    s.memory(),
                    new Action.Start(new Operation.CloneRemote(remote)));
        }
        return Decision.of(
                "bootstrap.creates-cluster",
                "this member won the race to create the cluster",
                s.memory(),
                new Action.Start(new Operation.Bootstrap()));
    }

    private static Decision finish(Situation s) {
        if (s.ongoing().isPresent()) {
            return Decision.of(
                    "bootstrap.finishing", "users and scripts are under way", s.memory());
        }
        return Decision.of(
                "bootstrap.finishes",
                "the new server runs: users and scripts are due",
                s.memory(),
                new Action.Start(new Operation.FinishBootstrap()));
    }

    private static Decision takeLead(Situation s) {
        if (s.server().postmaster() == LocalServer.Postmaster.STOPPED) {
            String why = "the new server ended before the cluster was complete";
            return Decision.of(
                            "bootstrap.lost-its-server",
                            why,
                            s.memory().withBootstrap(new BootstrapStage.Failed(why)))
                    .atOnce();
        }
        boolean standbyCluster = s.followsRemote();
        boolean serves = standbyCluster ? s.server().standby() : s.server().primary();
        if (s.server().control().isEmpty() || !serves) {
            return Decision.of(
                            "bootstrap.waits-for-server",
                            "the new server doesn't answer as a "
                                    + (standbyCluster ? "standby" : "primary")
                                    + " yet",
                            s.memory())
                    .after(Duration.ofMillis(100));
        }
        List<Action> steps = new ArrayList<>();
        if (!standbyCluster) { // from the first commit of a client on
            SyncPlan.namesBeforePromotion(s)
                    .ifPresent(names -> steps.add(new Action.SetSyncNames(Optional.of(names))));
        }
        steps.add(
                new Action.RecordIdentifier(s.server().control().get().systemIdentifier(), false));
        steps.add(new Action.WriteOwnConfig());
        steps.add(new Action.TakeLeadAfterBootstrap());
        return new Decision(
                "bootstrap.takes-lead",
                "the new cluster is complete",
                steps,
                s.memory().withBootstrap(new BootstrapStage.None()),
                new Decision.Next.AtOnce());
    }

    private static Decision discard(Situation s, String reason) {
        if (s.ongoing().isPresent()) {
            return Decision.of("bootstrap.discarding", reason, s.memory());
        }
        return Decision.of(
                "bootstrap.discards",
                reason,
                s.memory(),
                new Action.Start(new Operation.DiscardBootstrap()));
    }
}
