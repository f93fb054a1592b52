package io.kumki.agent.ha;

import static io.kumki.agent.ha.Situations.leader;
import static io.kumki.agent.ha.Situations.standby;
import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.agent.ha.LocalServer.Postmaster;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What load balancers are told. */
@Timeout(10)
class PublishedTest {

    @Test
    void aMemberLeadsToTheEndOfItsLeaseUnlessItStepsDown() {
        Situation leads = leader().get();
        assertThat(Published.leadsUntil(leads)).isEqualTo(leads.lease().endNanos()).isPresent();
        assertThat(Published.leadsUntil(standby().get())).isEmpty();
        assertThat(
                        Published.leadsUntil(
                                leader().doing(new Operation.StepDown(Optional.empty())).get()))
                .isEmpty();
        assertThat(
                        Published.leadsUntil(
                                leader().doing(new Operation.Restart(Duration.ofSeconds(9))).get()))
                .isPresent();
    }

    @Test
    void aLeaderThatStoppedInTimeLeadsNoMoreThoughItsLeaseGoesOn() {
        Duration left = Duration.ofSeconds(3);
        assertThat(Published.leadsUntil(leader().leaseLeft(left).silent().get()))
                .as("writes")
                .isPresent();
        assertThat(
                        Published.leadsUntil(
                                leader().leaseLeft(left).silent().mute(Postmaster.STOPPED).get()))
                .as("stopped")
                .isEmpty();
        assertThat(Published.leadsUntil(standby().leaseLeft(left).silent().get()))
                .as("serves reads")
                .isEmpty();
        assertThat(
                        Published.leadsUntil(
                                standby()
                                        .leaseLeft(left)
                                        .silent()
                                        .set("standby_cluster", Map.of("host", "10.0.0.1"))
                                        .get()))
                .as("leads a standby cluster, which never writes")
                .isPresent();
    }

    @Test
    void aCustomBootstrapIsSeenInEachOfItsStates() {
        Situations ours = standby().noCluster().customBootstrap().doing(new Operation.Bootstrap());
        assertThat(Published.state(ours.mute(Postmaster.STOPPED).get()))
                .isEqualTo("running custom bootstrap script");
        assertThat(Published.state(ours.mute(Postmaster.STARTING).get()))
                .isEqualTo("starting after custom bootstrap");
        Memory.BootstrapStage failed = new Memory.BootstrapStage.Failed("exit code 1");
        assertThat(
                        Published.state(
                                standby()
                                        .customBootstrap()
                                        .mute(Postmaster.STOPPED)
                                        .stage(failed)
                                        .get()))
                .isEqualTo("custom bootstrap failed");
        assertThat(Published.state(standby().mute(Postmaster.STOPPED).stage(failed).get()))
                .isEqualTo("initdb failed");
        assertThat(Published.state(standby().doing(new Operation.Bootstrap()).get()))
                .isEqualTo("initializing new cluster");
    }

    @Test
    void aRestartOrStopThatFailedIsSeenUntilSomethingWorks() {
        Operation restart = new Operation.Restart(Duration.ofSeconds(9));
        Operation stop = new Operation.FenceStop();
        OperationOutcome failed = new OperationOutcome.Failed("exit code 1");
        OperationOutcome done = new OperationOutcome.Done("");

        assertThat(after(Postmaster.STOPPED, restart, failed)).isEqualTo("restart failed");
        assertThat(after(Postmaster.RUNNING, restart, failed)).isEqualTo("running");
        assertThat(after(Postmaster.STOPPED, restart, done)).isEqualTo("stopped");
        assertThat(after(Postmaster.STOPPING, stop, failed)).isEqualTo("stop failed");
        assertThat(after(Postmaster.STOPPING, stop, done)).isEqualTo("stopping");
        assertThat(after(Postmaster.STOPPED, stop, failed)).isEqualTo("stopped");

        Memory later =
                ended(
                        ended(Memory.FRESH, restart, failed),
                        new Operation.StepDown(Optional.empty()),
                        done);
        assertThat(later.failedWork()).isEmpty();
    }

    private static String after(Postmaster state, Operation operation, OperationOutcome outcome) {
        return Published.state(
                standby().mute(state).memory(memory -> ended(memory, operation, outcome)).get());
    }

    private static Memory ended(Memory memory, Operation operation, OperationOutcome outcome) {
        Situation.Ongoing ongoing = standby().doing(operation).get().ongoing().orElseThrow();
        return Aftermath.of(memory, ongoing, outcome, Duration.ofSeconds(30), 0);
    }
}
