package io.kumki.agent.ha;

import io.kumki.agent.ha.Memory.StepDown;
import java.time.Duration;
import java.util.Optional;

/**
 * The agent is asked to end: the server is stopped cleanly first and the lead given away as soon as
 * no commit can follow. In pause the server is left alone, and the key too.
 */
final class ShutdownRules {

    private static final Duration SOON = Duration.ofMillis(100);

    private ShutdownRules() {}

    static Optional<Decision> decide(Situation s) {
        if (s.paused()) {
            return Optional.of(
                    exit(s, "shutdown.in-pause", "maintenance mode: the server goes on"));
        }
        if (s.ongoing().isPresent()) {
            return whileWorking(s);
        }
        if (s.server().postmaster() != LocalServer.Postmaster.STOPPED) {
            Optional<Decision> leaves = SyncLeave.first(s, "the agent was asked to end");
            if (leaves.isPresent()) {
                return leaves;
            }
            return Optional.of(
                    Decision.of(
                            "shutdown.stops-server",
                            "the agent was asked to end",
                            s.memory().withStepDown(Optional.of(StepDown.unasked(s.nowNanos()))),
                            new Action.Start(new Operation.StepDown(s.stopLimit()))));
        }
        if (s.iHoldKey()) {
            return Optional.of(
                    Decision.of(
                                    "shutdown.gives-up-lead",
                                    "the server is stopped",
                                    s.memory().withStepDown(Optional.empty()),
                                    new Action.ReleaseLeadership(
                                            s.memory()
                                                    .stepDown()
                                                    .flatMap(StepDown::shutdown)
                                                    .map(StepDown.Shutdown::lastLsn)))
                            .atOnce());
        }
        return Optional.of(exit(s, "shutdown.ends", "the server is stopped"));
    }

    private static Optional<Decision> whileWorking(Situation s) {
        Operation operation = s.ongoing().orElseThrow().operation();
        if (operation instanceof Operation.StepDown
                || operation instanceof Operation.StopInTime
                || operation instanceof Operation.FenceStop) {
            Optional<Decision> early = StepDownRules.releasesEarly(s);
            return early.isPresent()
                    ? early
                    : Optional.of(
                            Decision.of(
                                            "shutdown.waits-for-server",
                                            "the server is stopping",
                                            s.memory())
                                    .after(SOON));
        }
        return Optional.of(
                Decision.of(
                                "shutdown.ends-operation",
                                "the agent was asked to end while " + operation.title() + " runs",
                                s.memory(),
                                new Action.CancelOperation())
                        .after(SOON));
    }

    private static Decision exit(Situation s, String rule, String reason) {
        return Decision.of(
                rule, reason, s.memory(), new Action.Exit(reason, Action.ExitKind.ASKED_FOR));
    }
}
