package io.kumki.agent.ha;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.agent.ha.LocalServer.ClusterState;
import io.kumki.agent.ha.LocalServer.DataDirectory;
import io.kumki.agent.ha.LocalServer.Postmaster;
import io.kumki.dcs.cluster.Lsn;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * All combinations of who leads, what the server does, what runs, pause and an operator's wish:
 * some rule applies to each, and none gives the lead to two.
 */
@Timeout(60)
class EveryStateTest {

    private static final List<UnaryOperator<Situations>> KINDS =
            List.of(
                    s -> s,
                    s -> s.set("standby_cluster", Map.of("host", "remote")),
                    s -> s.set("standby_cluster", Map.of("restore_command", "cp a/%f %p")));

    private static final List<UnaryOperator<Situations>> LEADERS =
            List.of(
                    s -> s.held("n1"),
                    s -> s.held("n1").leaseLeft(Duration.ofSeconds(20)),
                    s -> s.held("n1").leaseLeft(Duration.ofSeconds(-1)),
                    s -> s.held("n3").noLease(),
                    s -> s.held("n3").leaseLeft(Duration.ofSeconds(20)),
                    s -> s.vacant().noLease(),
                    s -> s.vacant().noLease().heardNobody(),
                    s -> s.vacant().noLease().request("n1", "n3", ""),
                    s -> s.held("n1").leaseLeft(Duration.ofSeconds(20)).request("n1", "", ""),
                    s -> s.silent().noLease(),
                    s -> s.silent().leaseLeft(Duration.ofSeconds(3)),
                    s -> s.silent().leaseLeft(Duration.ofSeconds(20)));

    private static final List<UnaryOperator<Situations>> SERVERS =
            List.of(
                    s -> s,
                    s -> s.answers(Situations.standbyAnswer(1000, true)),
                    s -> s.answers(Situations.standbyAnswer(1000, false)),
                    s -> s.mute(Postmaster.RUNNING),
                    s -> s.mute(Postmaster.STARTING),
                    s -> s.mute(Postmaster.STOPPING),
                    s -> s.mute(Postmaster.ORPHANED),
                    s -> s.mute(Postmaster.RUNNING).data(new DataDirectory.Empty()),
                    s -> s.data(new DataDirectory.Unreadable("?")),
                    s -> s.without(new DataDirectory.Empty()),
                    s -> s.without(new DataDirectory.Unreadable("?")),
                    s -> s.without(new DataDirectory.Unfinished(LocalServer.UnfinishedWork.REWIND)),
                    s ->
                            s.without(
                                    new DataDirectory.Unfinished(
                                            LocalServer.UnfinishedWork.BOOTSTRAP)),
                    s -> s.stopped(ClusterState.IN_PRODUCTION, false),
                    s -> s.stopped(ClusterState.SHUT_DOWN, false),
                    s -> s.stopped(ClusterState.SHUT_DOWN_IN_RECOVERY, true));

    private static final List<UnaryOperator<Situations>> WORK =
            List.of(
                    s -> s,
                    s -> s.doing(new Operation.Promote()),
                    s -> s.doing(new Operation.StepDown(Optional.empty()), new Lsn(1000)),
                    s -> s.doing(new Operation.DemoteCluster()),
                    s -> s.doing(new Operation.StartPrimary(Duration.ofSeconds(5))),
                    s -> s.doing(new Operation.FenceStop()),
                    s -> s.doing(new Operation.SingleUserRecovery()),
                    s -> s.steppingDown(Optional.of(Duration.ofSeconds(1)), Optional.empty()),
                    s -> s.stage(new Memory.BootstrapStage.Won()),
                    s -> s.stage(new Memory.BootstrapStage.Ready()));

    private static final List<UnaryOperator<Situations>> WISHES =
            List.of(
                    s -> s,
                    s -> s.paused(),
                    s -> s.command(new OperatorCommand.Shutdown()),
                    s -> s.paused().command(new OperatorCommand.Shutdown()),
                    s -> s.command(new OperatorCommand.Reinitialize(true, false)),
                    s ->
                            s.command(
                                    new OperatorCommand.RestartNow(
                                            io.kumki.dcs.cluster.ScheduledRestart.Conditions.NONE)),
                    s -> s.noCluster(),
                    s -> s.initialize(""));

    @Test
    void someRuleAppliesAndNoneIsUnsafe() {
        int seen = 0;
        for (UnaryOperator<Situations> kind : KINDS) {
            seen += everyState(kind);
        }
        assertThat(seen)
                .isEqualTo(
                        KINDS.size()
                                * LEADERS.size()
                                * SERVERS.size()
                                * WORK.size()
                                * WISHES.size());
    }

    private static int everyState(UnaryOperator<Situations> kind) {
        int seen = 0;
        for (UnaryOperator<Situations> leads : LEADERS) {
            for (UnaryOperator<Situations> server : SERVERS) {
                for (UnaryOperator<Situations> work : WORK) {
                    for (UnaryOperator<Situations> wish : WISHES) {
                        Situation s =
                                wish.apply(
                                                work.apply(
                                                        server.apply(
                                                                leads.apply(
                                                                        kind.apply(
                                                                                Situations
                                                                                        .leader())))))
                                        .get();
                        check(s, Rules.decide(s));
                        seen++;
                    }
                }
            }
        }
        return seen;
    }

    private static void check(Situation s, Decision decision) {
        String what = decision.rule() + " in " + s;
        assertThat(decision.rule()).as(what).isNotEqualTo("wait.no-rule-applies");
        for (Action action : decision.actions()) {
            if (action instanceof Action.AcquireLeadership) {
                assertThat(s.vacant()).as(what).isTrue();
            }
            if (action instanceof Action.ReleaseLeadership && !s.paused()) {
                boolean ending =
                        s.ongoing()
                                .filter(work -> work.operation() instanceof Operation.StepDown)
                                .isPresent();
                boolean foreign = decision.rule().startsWith("identity.");
                assertThat(!s.couldWrite() || ending || foreign).as(what).isTrue();
            }
            if (action instanceof Action.Start(Operation operation)) {
                assertThat(s.ongoing()).as(what).isEmpty();
                boolean leads = operation instanceof Operation.Promote;
                boolean starts = operation instanceof Operation.StartPrimary;
                assertThat(!leads && !starts || s.iHoldKey()).as(what).isTrue();
                boolean follows = s.settings().standbyCluster().isPresent();
                assertThat(!leads && !starts || !follows).as(what).isTrue();
            }
        }
        boolean lost = s.otherLeads() || s.leaseRanOut();
        boolean files =
                s.ongoing()
                        .filter(work ->
                                work.operation() instanceof Operation.FenceStop
                                        || work.operation() instanceof Operation.SingleUserRecovery)
                        .isPresent();
        if (lost && s.couldWrite() && !s.paused() && !files) {
            assertThat(decision.actions()).as(what).containsExactly(new Action.Fence());
        }
    }
}
