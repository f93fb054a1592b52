package io.kumki.agent.node;

import io.kumki.agent.ha.Operation;
import io.kumki.agent.ha.OperationOutcome;
import io.kumki.agent.postgres.PostgresServer;

/**
 * Which callback follows an operation. A start that changes the role reports only the change;
 * nothing is reported while a cluster is being created, whose first callback is {@code on_start}.
 */
final class Callbacks {

    private enum Role {
        UNKNOWN,
        PRIMARY,
        REPLICA
    }

    private final PostgresServer server;
    private Role role = Role.UNKNOWN;

    Callbacks(PostgresServer server) {
        this.server = server;
    }

    void after(Operation operation, OperationOutcome outcome) {
        if (!(outcome instanceof OperationOutcome.Done)) {
            return;
        }
        switch (operation) {
            case Operation.FinishBootstrap(), Operation.StartPrimary _ ->
                    started(Role.PRIMARY, "primary");
            case Operation.Promote() -> {
                role = Role.PRIMARY;
                server.callback("on_role_change", "primary");
            }
            case Operation.StartStandby _ -> started(Role.REPLICA, "replica");
            case Operation.Restart _ ->
                    server.callback("on_restart", role == Role.PRIMARY ? "primary" : "replica");
            case Operation.StepDown(), Operation.StopInTime _, Operation.FenceStop() ->
                    server.callback("on_stop", role == Role.PRIMARY ? "primary" : "replica");
            case Operation.Bootstrap(),
                    Operation.DiscardBootstrap(),
                    Operation.Clone _,
                    Operation.Follow _,
                    Operation.Assess _,
                    Operation.Rewind _,
                    Operation.SingleUserRecovery() -> {}
        }
    }

    /** A running server that nobody here started: the agent is new. */
    void adopted(boolean primary) {
        if (role == Role.UNKNOWN) {
            started(primary ? Role.PRIMARY : Role.REPLICA, primary ? "primary" : "replica");
        }
    }

    private void started(Role now, String name) {
        boolean changed = role != Role.UNKNOWN && role != now;
        role = now;
        server.callback(changed ? "on_role_change" : "on_start", name);
    }
}
