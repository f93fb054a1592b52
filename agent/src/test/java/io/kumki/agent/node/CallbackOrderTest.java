package io.kumki.agent.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.agent.ha.Operation;
import io.kumki.agent.ha.OperationOutcome;
import io.kumki.agent.ha.StandbyTarget;
import io.kumki.agent.postgres.PostgresServer;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Which callbacks a life of a member calls, in which order. */
@Timeout(10)
class CallbackOrderTest {

    private static final OperationOutcome DONE = new OperationOutcome.Done("");
    private static final OperationOutcome FAILED = new OperationOutcome.Failed("no");
    private static final Operation START = new Operation.StartPrimary(Duration.ofSeconds(1));
    private static final Operation FOLLOW = new Operation.StartStandby(StandbyTarget.NOBODY);

    private final List<String> called = new ArrayList<>();
    private final Callbacks callbacks =
            new Callbacks(
                    (PostgresServer)
                            Proxy.newProxyInstance(
                                    CallbackOrderTest.class.getClassLoader(),
                                    new Class<?>[] {PostgresServer.class},
                                    (_, method, arguments) -> {
                                        assertThat(method.getName()).isEqualTo("callback");
                                        called.add(arguments[0] + " " + arguments[1]);
                                        return null;
                                    }));

    @Test
    void aStandbyThatIsPromotedAndStepsDown() {
        callbacks.after(FOLLOW, DONE);
        callbacks.after(new Operation.Promote(), DONE);
        callbacks.after(new Operation.StepDown(Optional.empty()), DONE);
        callbacks.after(FOLLOW, DONE);
        callbacks.after(new Operation.Restart(Duration.ofSeconds(1)), DONE);
        assertThat(called)
                .containsExactly(
                        "on_start replica",
                        "on_role_change primary",
                        "on_role_change replica",
                        "on_restart replica");
    }

    @Test
    void aPrimaryThatCannotBeStartedIsDemotedOnce() {
        callbacks.adopted(true);
        callbacks.after(START, FAILED);
        callbacks.after(START, FAILED);
        callbacks.after(FOLLOW, DONE);
        assertThat(called)
                .containsExactly(
                        "on_start primary", "on_role_change demoted", "on_role_change replica");
    }

    /** A crashed primary is started read-only too, and what follows the role must go from it. */
    @Test
    void aLeaderThatCannotBeStartedAsAStandbyIsDemotedOnce() {
        Operation followRemote =
                new Operation.StartStandby(
                        new StandbyTarget(
                                StandbyTarget.Source.REMOTE, Optional.empty(), Optional.empty()));
        callbacks.adopted(true);
        callbacks.after(FOLLOW, FAILED);
        callbacks.after(FOLLOW, FAILED);
        callbacks.after(followRemote, DONE);
        callbacks.after(followRemote, FAILED);
        callbacks.after(followRemote, DONE);
        assertThat(called)
                .containsExactly(
                        "on_start primary",
                        "on_role_change demoted",
                        "on_role_change standby_leader",
                        "on_role_change demoted",
                        "on_role_change standby_leader");
    }

    @Test
    void aReplicaThatCannotBeStartedStaysOne() {
        callbacks.adopted(false);
        callbacks.after(FOLLOW, FAILED);
        callbacks.after(START, FAILED);
        callbacks.after(FOLLOW, DONE);
        assertThat(called).containsExactly("on_start replica", "on_start replica");
    }

    @Test
    void aStartThatOutlastsItsOperationIsToldWhenTheServerIsUp() {
        callbacks.after(FOLLOW, new OperationOutcome.StillStarting());
        assertThat(called).isEmpty();
        callbacks.adopted(false);
        callbacks.adopted(false);
        callbacks.after(
                new Operation.Restart(Duration.ofSeconds(1)), new OperationOutcome.StillStarting());
        callbacks.adopted(false);
        callbacks.after(
                new Operation.Restart(Duration.ofSeconds(1)), new OperationOutcome.StillStarting());
        callbacks.after(new Operation.FenceStop(), DONE);
        callbacks.adopted(false);
        assertThat(called).containsExactly("on_start replica", "on_restart replica");
    }

    @Test
    void nothingFollowsAnOperationThatFailed() {
        callbacks.after(new Operation.Promote(), FAILED);
        callbacks.after(FOLLOW, FAILED);
        assertThat(called).isEmpty();
    }
}
