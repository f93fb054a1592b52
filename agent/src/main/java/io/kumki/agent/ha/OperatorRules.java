package io.kumki.agent.ha;

import io.kumki.dcs.cluster.ScheduledRestart;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** What an operator asked of this member. */
final class OperatorRules {

    private OperatorRules() {}

    static Optional<Decision> decide(Situation s) {
        if (s.command().isEmpty()) {
            return Optional.empty();
        }
        return switch (s.command().get()) {
            case OperatorCommand.RestartNow(var conditions) -> Optional.of(restart(s, conditions));
            case OperatorCommand.Reinitialize reinitialize ->
                    Optional.of(reinitialize(s, reinitialize));
            case OperatorCommand.Shutdown() -> ShutdownRules.decide(s);
        };
    }

    private static Decision restart(Situation s, ScheduledRestart.Conditions conditions) {
        if (s.ongoing().isPresent()) {
            return refuse(s, "restart.busy", busy(s));
        }
        boolean stopped = s.server().postmaster() == LocalServer.Postmaster.STOPPED;
        boolean standby =
                s.server().control().filter(LocalServer.ControlData::standbySignal).isPresent();
        boolean mayBePrimary = s.iHoldKey() || s.paused() && s.vacant();
        if (s.server().control().isEmpty() || stopped && !standby && !mayBePrimary) {
            return refuse(
                    s,
                    "restart.would-start-a-second-primary",
                    new CommandRefusal.NotPossible(
                            "the server is stopped, and started as it is it would be a primary without the"
                                    + " leader key"));
        }
        if (s.server().postmaster() == LocalServer.Postmaster.STARTING) {
            return Decision.of(
                    "restart.still-starting",
                    "postgres is still starting",
                    s.memory(),
                    new Action.RefuseCommand(new CommandRefusal.StillStarting()));
        }
        Optional<String> unmet = unmet(s, conditions);
        if (unmet.isPresent()) {
            return Decision.of(
                    "restart.conditions-not-met",
                    unmet.get(),
                    s.memory(),
                    new Action.RefuseCommand(new CommandRefusal.ConditionsNotMet()));
        }
        Optional<Decision> leaves = SyncLeave.first(s, "an operator asked for a restart");
        if (leaves.isPresent()) {
            return leaves.get();
        }
        Operation restart = new Operation.Restart(startLimit(s, conditions));
        return new Decision(
                "restart.restarts",
                "an operator asked for a restart",
                standby ? List.of(new Action.Start(restart)) : StrictGate.start(s, restart),
                s.memory(),
                new Decision.Next.LoopWait());
    }

    /** A {@code primary_start_timeout} of 0 is about crashes: nobody asks for a failover here. */
    private static Duration startLimit(Situation s, ScheduledRestart.Conditions conditions) {
        if (conditions.timeoutSeconds().isPresent()) {
            return Duration.ofSeconds(conditions.timeoutSeconds().getAsInt());
        }
        Duration usual = s.settings().primaryStartTimeout();
        return usual.isZero() ? RecoveryRules.MINIMUM_START : usual;
    }

    /** The first condition that doesn't hold. */
    private static Optional<String> unmet(Situation s, ScheduledRestart.Conditions conditions) {
        String role = Published.role(s);
        if (conditions.role().filter(wanted -> !wanted.equals(role)).isPresent()) {
            return Optional.of(
                    "asked for role " + conditions.role().get() + ", the role is " + role);
        }
        if (conditions.restartPending() && s.server().pendingRestart().isEmpty()) {
            return Optional.of("no restart is pending");
        }
        int version = s.server().answer().map(answer -> answer.info().version()).orElse(0);
        if (conditions.postgresVersion().isEmpty()) {
            return Optional.empty();
        }
        String wanted = conditions.postgresVersion().get();
        OptionalInt limit = numeric(wanted);
        if (limit.isEmpty()) {
            return Optional.of("\"" + wanted + "\" is no PostgreSQL version");
        }
        return version < limit.getAsInt()
                ? Optional.empty()
                : Optional.of("the server's version " + version + " isn't below " + wanted);
    }

    /** {@code 15.4} as 150004, {@code 9.6.24} as 90624; empty for anything else. */
    private static OptionalInt numeric(String version) {
        if (!version.matches("[0-9]{1,3}(\\.[0-9]{1,3}){1,2}")) {
            return OptionalInt.empty();
        }
        String[] parts = version.split("\\.", -1);
        int number = Integer.parseInt(parts[0]) * 10_000;
        return OptionalInt.of(
                parts.length == 2
                        ? number + Integer.parseInt(parts[1])
                        : number + Integer.parseInt(parts[1]) * 100 + Integer.parseInt(parts[2]));
    }

    private static Decision reinitialize(Situation s, OperatorCommand.Reinitialize command) {
        if (s.iHoldKey()) {
            return refuse(s, "reinitialize.is-leader", new CommandRefusal.IsLeader());
        }
        Optional<Upstream> leader = Following.leader(s.self(), s.cluster());
        if (leader.isEmpty()) {
            return refuse(s, "reinitialize.no-leader", new CommandRefusal.NoLeader());
        }
        if (s.ongoing().isPresent()) {
            return command.force()
                    ? Decision.of(
                                    "reinitialize.ends-operation",
                                    "an operator wants "
                                            + s.ongoing().get().operation().title()
                                            + " to end",
                                    s.memory(),
                                    new Action.CancelOperation())
                            .after(Duration.ofMillis(200))
                    : refuse(s, "reinitialize.busy", busy(s));
        }
        Optional<Decision> leaves = SyncLeave.first(s, "an operator asked for a fresh copy");
        if (leaves.isPresent()) {
            return leaves.get();
        }
        if (SyncLeave.named(s)) {
            return refuse(
                    s,
                    "reinitialize.in-duty", // a copy of older data could be let take over
                    new CommandRefusal.Busy("leaving the key \"sync\""));
        }
        Optional<Upstream> source =
                command.fromLeader() ? leader : DataDirectoryRules.cloneSource(s);
        return Decision.of(
                "reinitialize.clones",
                "an operator asked for a fresh copy",
                Lineage.copies(s, s.memory().withRejoin(Memory.Rejoin.FRESH), source),
                new Action.Start(
                        new Operation.Clone(
                                source,
                                DataDirectoryRules.follows(s),
                                command.fromLeader(),
                                true)));
    }

    private static CommandRefusal busy(Situation s) {
        return new CommandRefusal.Busy(s.ongoing().orElseThrow().operation().title());
    }

    private static Decision refuse(Situation s, String rule, CommandRefusal refusal) {
        return Decision.of(rule, refusal.toString(), s.memory(), new Action.RefuseCommand(refusal));
    }
}
