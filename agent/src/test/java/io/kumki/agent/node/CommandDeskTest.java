package io.kumki.agent.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.agent.ha.CommandRefusal;
import io.kumki.agent.ha.Operation;
import io.kumki.agent.ha.OperationOutcome;
import io.kumki.agent.ha.OperatorCommand;
import io.kumki.dcs.cluster.ScheduledRestart;
import io.kumki.restapi.NodeControl.ReinitializeResult;
import io.kumki.restapi.NodeControl.RestartResult;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

/** Commands that come while another one isn't over. */
class CommandDeskTest {

    private static final OperatorCommand.RestartNow RESTART =
            new OperatorCommand.RestartNow(
                    new ScheduledRestart.Conditions(
                            Optional.empty(), Optional.empty(), OptionalInt.empty(), false));
    private static final OperatorCommand.Reinitialize GENTLE =
            new OperatorCommand.Reinitialize(false, false);
    private static final OperatorCommand.Reinitialize FORCED =
            new OperatorCommand.Reinitialize(true, false);
    private static final Operation.Restart RUNNING = new Operation.Restart(Duration.ofSeconds(60));

    private final CommandDesk desk = new CommandDesk();

    @Test
    void theSecondIsToldWhatRuns() {
        Future<RestartResult> first = desk.restart(RESTART);
        assertThat(desk.restart(RESTART).result()).isEqualTo(new RestartResult.Busy("restart"));
        desk.accepted(RUNNING);
        assertThat(desk.restart(RESTART).result()).isEqualTo(new RestartResult.Busy("restart"));
        assertThat(desk.reinitialize(GENTLE).result())
                .isEqualTo(new ReinitializeResult.Busy("restart"));
        assertThat(first.isComplete()).isFalse();
        desk.ended(RUNNING, new OperationOutcome.Done(""));
        assertThat(first.result()).isEqualTo(new RestartResult.Restarted());
        assertThat(desk.restart(RESTART).isComplete()).isFalse();
    }

    @Test
    void aForcedReinitializeEndsARunningRestartAndBothCallersAreTold() {
        Future<RestartResult> restart = desk.restart(RESTART);
        assertThat(desk.reinitialize(FORCED).result())
                .as("it hasn't begun: nothing to cancel yet")
                .isEqualTo(new ReinitializeResult.Busy("restart"));
        desk.accepted(RUNNING);
        Future<ReinitializeResult> forced = desk.reinitialize(FORCED);
        assertThat(desk.waiting()).contains(FORCED);
        desk.ended(RUNNING, new OperationOutcome.Cancelled());
        assertThat(restart.result()).isInstanceOf(RestartResult.Failed.class);
        desk.accepted(new Operation.Clone(Optional.empty(), Optional.empty(), false, true));
        assertThat(forced.result()).isEqualTo(new ReinitializeResult.Started());
        assertThat(desk.waiting()).isEmpty();
    }

    @Test
    void aRefusedReinitializeLeavesTheRunningRestartToItsEnd() {
        Future<RestartResult> restart = desk.restart(RESTART);
        desk.accepted(RUNNING);
        Future<ReinitializeResult> forced = desk.reinitialize(FORCED);
        desk.refused(new CommandRefusal.IsLeader());
        assertThat(forced.result()).isEqualTo(new ReinitializeResult.IsLeader());
        assertThat(restart.isComplete()).isFalse();
        desk.ended(RUNNING, new OperationOutcome.Done(""));
        assertThat(restart.result()).isEqualTo(new RestartResult.Restarted());
    }

    /** The caller is told at once and in the contract's words, and may ask again. */
    @Test
    void aRestartOfAServerThatIsStartingIsRefusedAndTheNextOneTaken() {
        Future<RestartResult> refused = desk.restart(RESTART);
        desk.refused(new CommandRefusal.StillStarting());
        assertThat(refused.result()).isEqualTo(new RestartResult.StillStarting());
        assertThat(desk.waiting()).isEmpty();
        assertThat(desk.restart(RESTART).isComplete()).isFalse();
    }

    @Test
    void afterAShutdownNothingIsTaken() {
        desk.shutdown();
        assertThat(desk.restart(RESTART).result()).isEqualTo(new RestartResult.Busy("shutdown"));
        assertThat(desk.reinitialize(FORCED).result())
                .isEqualTo(new ReinitializeResult.Busy("shutdown"));
        assertThat(desk.waiting()).contains(new OperatorCommand.Shutdown());
    }
}
