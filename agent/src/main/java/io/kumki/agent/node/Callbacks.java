package io.kumki.agent.node;

import io.kumki.agent.ha.Operation;
import io.kumki.agent.ha.OperationOutcome;
import io.kumki.agent.ha.StandbyTarget;
import io.kumki.agent.postgres.PostgresServer;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Which callback follows an operation. A start that changes the role reports only the change;
 * nothing is reported while a cluster is being created, whose first callback is {@code on_start}. A
 * start that outlasts its operation is reported when the server is seen running. Stops and reloads
 * are told where they happen, by the server.
 */
final class Callbacks {

    private enum Role {
        UNKNOWN,
        PRIMARY,
        REPLICA,
        STANDBY_LEADER,
        /** A primary or standby leader that can't be started any more. */
        DEMOTED;

        static Role of(StandbyTarget target) {
            return target.remote() ? STANDBY_LEADER : REPLICA;
        }

        /** In the contract's words; an unknown role is a replica's until it is seen. */
        String text() {
            return this == UNKNOWN ? "replica" : name().toLowerCase(Locale.ROOT);
        }
    }

    private final PostgresServer server;
    private Role role = Role.UNKNOWN;
    private Optional<Operation> starting = Optional.empty();

    Callbacks(PostgresServer server) {
        this.server = server;
    }

    void after(Operation operation, OperationOutcome outcome) {
        if ((operation instanceof Operation.StartPrimary
                        || operation instanceof Operation.StartStandby)
                && outcome instanceof OperationOutcome.Failed
                && (role == Role.PRIMARY || role == Role.STANDBY_LEADER)) {
            role = Role.DEMOTED;
            server.callback("on_role_change", role.text());
        }
        starting =
                outcome instanceof OperationOutcome.StillStarting
                        ? Optional.of(operation)
                        : Optional.empty();
        if (outcome instanceof OperationOutcome.Done) {
            succeeded(operation);
        }
    }

    private void succeeded(Operation operation) {
        switch (operation) {
            case Operation.FinishBootstrap(), Operation.StartPrimary _ -> started(Role.PRIMARY);
            case Operation.Promote() -> {
                role = Role.PRIMARY;
                server.callback("on_role_change", "primary");
            }
            case Operation.StartStandby(StandbyTarget target, OptionalInt _) ->
                    started(Role.of(target));
            case Operation.CloneRemote _ -> started(Role.STANDBY_LEADER);
            case Operation.Follow(StandbyTarget target) -> {
                if (role != Role.of(target)) {
                    started(Role.of(target));
                }
            }
            case Operation.Restart _ -> server.callback("on_restart", role.text());
            case Operation.StepDown _,
                    Operation.DemoteCluster(),
                    Operation.StopInTime _,
                    Operation.FenceStop(),
                    Operation.Bootstrap(),
                    Operation.DiscardBootstrap(),
                    Operation.Clone _,
                    Operation.CopySlots _,
                    Operation.Assess _,
                    Operation.Rewind _,
                    Operation.SingleUserRecovery() -> {}
        }
    }

    /**
     * The server answers and no operation runs. One that nobody here started: the agent is new; one
     * whose start took longer than its operation: it has come up now.
     */
    void adopted(boolean primary) {
        Optional<Operation> started = starting;
        starting = Optional.empty();
        started.ifPresent(this::succeeded);
        if (role == Role.UNKNOWN) {
            started(primary ? Role.PRIMARY : Role.REPLICA);
        }
    }

    private void started(Role now) {
        boolean changed = role != Role.UNKNOWN && role != now;
        role = now;
        server.callback(changed ? "on_role_change" : "on_start", now.text());
    }
}
