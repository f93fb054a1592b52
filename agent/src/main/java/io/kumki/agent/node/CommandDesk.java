package io.kumki.agent.node;

import io.kumki.agent.ha.CommandRefusal;
import io.kumki.agent.ha.Operation;
import io.kumki.agent.ha.OperationOutcome;
import io.kumki.agent.ha.OperatorCommand;
import io.kumki.restapi.NodeControl.ReinitializeResult;
import io.kumki.restapi.NodeControl.RestartResult;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The one operator command that waits for a turn, and the promises that its caller waits on. */
final class CommandDesk {

    private @Nullable OperatorCommand waiting;
    private @Nullable Promise<RestartResult> restart;
    private @Nullable Promise<ReinitializeResult> reinitialize;
    private boolean shutdown;

    Optional<OperatorCommand> waiting() {
        return shutdown
                ? Optional.of(new OperatorCommand.Shutdown())
                : Optional.ofNullable(waiting);
    }

    /** The agent is to end; that takes the place of everything else. */
    void shutdown() {
        shutdown = true;
    }

    Future<RestartResult> restart(OperatorCommand.RestartNow command) {
        Optional<String> busy = busy();
        if (busy.isPresent()) {
            return Future.succeededFuture(new RestartResult.Busy(busy.get()));
        }
        waiting = command;
        Promise<RestartResult> promise = Promise.promise();
        restart = promise;
        return promise.future();
    }

    Future<ReinitializeResult> reinitialize(OperatorCommand.Reinitialize command) {
        Optional<String> busy = busy();
        boolean endsRestart = command.force() && !shutdown && reinitialize == null && restartRuns();
        if (busy.isPresent() && !endsRestart) {
            return Future.succeededFuture(new ReinitializeResult.Busy(busy.get()));
        }
        waiting = command;
        Promise<ReinitializeResult> promise = Promise.promise();
        reinitialize = promise;
        return promise.future();
    }

    /**
     * What was asked for before and isn't over, by its name in {@code WHAT already in progress}.
     */
    private Optional<String> busy() {
        if (shutdown) {
            return Optional.of("shutdown");
        }
        if (reinitialize != null) {
            return Optional.of("reinitialize");
        }
        return restart != null ? Optional.of("restart") : Optional.empty();
    }

    /** It has begun, so it can be cancelled; its caller is told then. */
    private boolean restartRuns() {
        return restart != null && waiting == null;
    }

    /** An operation that the command asked for begins. */
    void accepted(Operation operation) {
        if (operation instanceof Operation.Clone clone && clone.asked() && reinitialize != null) {
            reinitialize.complete(new ReinitializeResult.Started());
            reinitialize = null;
            waiting = null;
        } else if (operation instanceof Operation.Restart) {
            waiting = null;
        }
    }

    /** The command that waits is refused; another one that runs goes on. */
    void refused(CommandRefusal refusal) {
        OperatorCommand refused = waiting;
        waiting = null;
        if (restart != null && !(refused instanceof OperatorCommand.Reinitialize)) {
            restart.complete(
                    switch (refusal) {
                        case CommandRefusal.ConditionsNotMet() ->
                                new RestartResult.ConditionsNotMet();
                        case CommandRefusal.StillStarting() -> new RestartResult.StillStarting();
                        case CommandRefusal.Busy(String what) -> new RestartResult.Busy(what);
                        case CommandRefusal.NoLeader(), CommandRefusal.IsLeader() ->
                                new RestartResult.Failed(refusal.toString());
                        case CommandRefusal.NotPossible(String reason) ->
                                new RestartResult.Failed(reason);
                    });
            restart = null;
        }
        if (reinitialize != null && !(refused instanceof OperatorCommand.RestartNow)) {
            reinitialize.complete(
                    switch (refusal) {
                        case CommandRefusal.Busy(String what) -> new ReinitializeResult.Busy(what);
                        case CommandRefusal.IsLeader() -> new ReinitializeResult.IsLeader();
                        case CommandRefusal.NoLeader(),
                                CommandRefusal.ConditionsNotMet(),
                                CommandRefusal.StillStarting(),
                                CommandRefusal.NotPossible _ ->
                                new ReinitializeResult.NoLeader();
                    });
            reinitialize = null;
        }
    }

    /** An operation ended; a restart's caller has waited for it. */
    void ended(Operation operation, OperationOutcome outcome) {
        if (!(operation instanceof Operation.Restart) || restart == null) {
            return;
        }
        restart.complete(
                switch (outcome) {
                    case OperationOutcome.Done _ -> new RestartResult.Restarted();
                    case OperationOutcome.StillStarting() -> new RestartResult.StillStarting();
                    case OperationOutcome.Failed _,
                            OperationOutcome.Cancelled(),
                            OperationOutcome.Postponed _,
                            OperationOutcome.Assessed _ ->
                            new RestartResult.Failed(outcome.text());
                });
        restart = null;
    }
}
