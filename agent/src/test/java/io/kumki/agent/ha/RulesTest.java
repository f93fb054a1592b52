package io.kumki.agent.ha;

import static io.kumki.agent.ha.Situations.leader;
import static io.kumki.agent.ha.Situations.peer;
import static io.kumki.agent.ha.Situations.peerWithReady;
import static io.kumki.agent.ha.Situations.standby;
import static io.kumki.agent.ha.Situations.standbyAnswer;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.argumentSet;

import io.kumki.agent.ha.LocalServer.Answer;
import io.kumki.agent.ha.LocalServer.ClusterState;
import io.kumki.agent.ha.LocalServer.DataDirectory;
import io.kumki.agent.ha.LocalServer.Postmaster;
import io.kumki.agent.ha.Memory.BootstrapStage;
import io.kumki.dcs.cluster.ClusterStatus;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.dcs.cluster.ScheduledRestart.Conditions;
import io.kumki.dcs.cluster.Tags;
import io.kumki.dcs.cluster.TimelineHistory;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The policy as tables: a situation, and the rule that must decide it. */
@Timeout(10)
class RulesTest {

    private static final DataDirectory EMPTY = new DataDirectory.Empty();
    private static final Divergence FITS = new Divergence.None("its log is a prefix");
    private static final Divergence STRANDED = new Divergence.Stranded("its log is gone");
    private static final Divergence DIVERGED = new Divergence.Diverged("it has more");
    private static final Operation ASSESS =
            new Operation.Assess(
                    new Upstream(Optional.empty(), "n1", 5432, "postgres", Optional.empty()), 2);
    private static final OperatorCommand END = new OperatorCommand.Shutdown();
    private static final OperatorCommand RESTART = new OperatorCommand.RestartNow(Conditions.NONE);

    private static final Answer.Primary PRIMARY =
            new Answer.Primary(Situations.INFO, 2, Situations.POSITION, List.of());
    private static final Answer.Standby STALLED = standbyAnswer(1000, false);

    @ParameterizedTest
    @MethodSource("all")
    void decides(Situations given, String rule) {
        Decision decision = Rules.decide(given.get());
        assertThat(decision.rule()).as(decision.reason()).isEqualTo(rule);
    }

    static Stream<Arguments> all() {
        return Stream.of(
                        fencing(),
                        silence(),
                        identity(),
                        bootstrap(),
                        data(),
                        operator(),
                        shutdown(),
                        ongoing(),
                        recovery(),
                        crashLoops(),
                        starting(),
                        leading(),
                        switchover(),
                        following(),
                        rejoin(),
                        election(),
                        SetBackRows.all(),
                        StandbyClusterRows.all())
                .flatMap(rows -> rows);
    }

    static Arguments row(String name, Situations given, String rule) {
        return argumentSet(name, given, rule);
    }

    static OperatorCommand restart(String version) {
        return new OperatorCommand.RestartNow(
                new Conditions(Optional.empty(), Optional.of(version), OptionalInt.empty(), false));
    }

    static OperatorCommand restartOf(String role) {
        return new OperatorCommand.RestartNow(
                new Conditions(Optional.of(role), Optional.empty(), OptionalInt.empty(), false));
    }

    static OperatorCommand reinit(boolean force) {
        return new OperatorCommand.Reinitialize(force, false);
    }

    static Situations formerPrimary() {
        return standby().stopped(ClusterState.SHUT_DOWN, false);
    }

    static Situations stoppedStandby() {
        return standby().stopped(ClusterState.SHUT_DOWN_IN_RECOVERY, true);
    }

    static Situations stoppedLeader() {
        return leader().stopped(ClusterState.IN_PRODUCTION, false);
    }

    static Situations asked() {
        return leader().request("n1", "", "").heard("n2", peer(1000)).heard("n3", peer(1000));
    }

    static Situations race() {
        return standby().vacant();
    }

    static Stream<Arguments> fencing() {
        return Stream.of(
                row("lease over: stops", leader().leaseLeft(ofMillis(0)), "fence.lease-ran-out"),
                row(
                        "the watchdog is due: stops",
                        leader().resetIn(ofMillis(0), ofSeconds(25)),
                        "fence.lease-ran-out"),
                row("lease left: leads", leader().leaseLeft(ofMillis(1)), "leader.holds-lock"),
                row(
                        "in pause a person decides",
                        leader().leaseLeft(ofMillis(-5)).paused(),
                        "leader.holds-lock"),
                row(
                        "promotion under way counts as writing",
                        standby().held("n2").leaseLeft(ofMillis(-5)).doing(new Operation.Promote()),
                        "fence.lease-ran-out"),
                row(
                        "a primary being started counts as writing",
                        stoppedLeader()
                                .leaseLeft(ofMillis(-5))
                                .doing(new Operation.StartPrimary(ofSeconds(9))),
                        "fence.lease-ran-out"),
                row(
                        "a primary being restarted counts as writing",
                        stoppedLeader()
                                .leaseLeft(ofMillis(-5))
                                .doing(new Operation.Restart(ofSeconds(9))),
                        "fence.lease-ran-out"),
                row("another leads", leader().held("n2"), "fence.another-leads"),
                row(
                        "another leads, and the own promotion runs",
                        standby().doing(new Operation.Promote()),
                        "fence.another-leads"),
                row(
                        "a server that can't be asked, and no standby",
                        leader().held("n2").mute(Postmaster.STARTING),
                        "fence.another-leads"),
                row(
                        "crash recovery in single-user mode serves nobody",
                        leader().held("n2")
                                .mute(Postmaster.STARTING)
                                .doing(new Operation.SingleUserRecovery()),
                        "operation.under-way"),
                row(
                        "already being stopped hard",
                        leader().held("n2").doing(new Operation.FenceStop()),
                        "operation.under-way"));
    }

    static Stream<Arguments> silence() {
        return Stream.of(
                row("lease left: waits", leader().silent(), "leader.waits-for-etcd"),
                row(
                        "failsafe: all must agree",
                        leader().silent().set("failsafe_mode", true).failsafe("n1", "n2", "n3"),
                        "failsafe.asks-members"),
                row(
                        "failsafe: all agreed a moment ago",
                        leader().silent()
                                .set("failsafe_mode", true)
                                .failsafe("n1", "n2")
                                .leaseLeft(ofSeconds(25)),
                        "failsafe.goes-on"),
                row(
                        "failsafe: not named itself",
                        leader().silent().set("failsafe_mode", true).failsafe("n2"),
                        "leader.waits-for-etcd"),
                row(
                        "failsafe: nobody agreed up to the margin",
                        leader().silent()
                                .set("failsafe_mode", true)
                                .failsafe("n1", "n2")
                                .leaseLeft(ofSeconds(5)),
                        "leader.stops-before-lease-ends"),
                row(
                        "failsafe: the store refused the renewal",
                        leader().inDoubt("the key moved")
                                .set("failsafe_mode", true)
                                .failsafe("n1", "n2"),
                        "leader.waits-for-etcd"),
                row(
                        "just above the margin",
                        leader().silent().leaseLeft(ofMillis(5001)),
                        "leader.waits-for-etcd"),
                row(
                        "margin reached",
                        leader().silent().leaseLeft(ofMillis(5000)),
                        "leader.stops-before-lease-ends"),
                row(
                        "just above the margin before the watchdog's reset",
                        leader().silent().resetIn(ofMillis(5001), ofSeconds(25)),
                        "leader.waits-for-etcd"),
                row(
                        "margin before the watchdog's reset reached",
                        leader().silent().resetIn(ofMillis(5000), ofSeconds(25)),
                        "leader.stops-before-lease-ends"),
                row(
                        "a watchdog of half the ttl leaves a renewal its time",
                        leader().silent().resetIn(ofMillis(2501), ofSeconds(15)),
                        "leader.waits-for-etcd"),
                row(
                        "and half of that is for the stop",
                        leader().silent().resetIn(ofMillis(2500), ofSeconds(15)),
                        "leader.stops-before-lease-ends"),
                row(
                        "a watchdog that is due after the lease changes nothing",
                        leader().silent()
                                .leaseLeft(ofMillis(5001))
                                .resetIn(ofMillis(5002), ofSeconds(40)),
                        "leader.waits-for-etcd"),
                row(
                        "margin reached beside an operation",
                        leader().silent()
                                .leaseLeft(ofMillis(4000))
                                .doing(new Operation.StepDown(Optional.empty())),
                        "leader.stops-before-lease-ends"),
                row(
                        "already stopping",
                        leader().silent()
                                .leaseLeft(ofMillis(2000))
                                .doing(new Operation.StopInTime(ofSeconds(2))),
                        "store.stop-under-way"),
                row("no lease", leader().silent().noLease(), "store.stops-without-proof"),
                row(
                        "paused",
                        leader().silent().noLease().paused(),
                        "store.paused-keeps-everything"),
                row("standby", standby().silent(), "store.reader-goes-on"),
                row("demoted", stoppedLeader().silent().noLease(), "store.starts-read-only"),
                row(
                        "stopped, and whose data it is isn't known",
                        stoppedLeader().silent().noLease().noCluster(),
                        "store.reader-goes-on"),
                row(
                        "bootstrapping",
                        standby().silent().stage(new BootstrapStage.Won()),
                        "store.bootstrap-waits"),
                row(
                        "asked to end while etcd is silent",
                        standby().silent().command(END),
                        "shutdown.stops-server"),
                row(
                        "asked to end with lease left",
                        leader().silent().command(END),
                        "shutdown.stops-server"),
                row(
                        "asked to end, the margin comes first",
                        leader().silent().leaseLeft(ofMillis(4000)).command(END),
                        "leader.stops-before-lease-ends"));
    }

    static Stream<Arguments> identity() {
        return Stream.of(
                row(
                        "foreign",
                        standby().initialize("7999999999999999999"),
                        "identity.foreign-data"),
                row(
                        "foreign in pause",
                        standby().initialize("7999999999999999999").paused(),
                        "identity.foreign-data-in-pause"),
                row(
                        "foreign leader",
                        leader().initialize("7999999999999999999"),
                        "identity.foreign-data-gives-up-lead"),
                row(
                        "primary, no cluster",
                        leader().vacant().noLease().noCluster(),
                        "identity.introduces-cluster"),
                row(
                        "standby, no cluster",
                        race().noCluster(),
                        "identity.standby-waits-for-primary"),
                row(
                        "standby, a cluster being created",
                        race().initialize(""),
                        "identity.standby-waits-for-primary"));
    }

    static Stream<Arguments> bootstrap() {
        Situations ready = leader().vacant().noLease().noCluster();
        return Stream.of(
                row(
                        "won",
                        standby().vacant().without(EMPTY).stage(new BootstrapStage.Won()),
                        "bootstrap.creates-cluster"),
                row(
                        "won, unfit",
                        standby()
                                .vacant()
                                .without(EMPTY)
                                .unfit("no guard")
                                .stage(new BootstrapStage.Won()),
                        "bootstrap.unfit-waits"),
                row(
                        "won, under way",
                        standby()
                                .vacant()
                                .without(EMPTY)
                                .stage(new BootstrapStage.Won())
                                .doing(new Operation.Bootstrap()),
                        "bootstrap.under-way"),
                row(
                        "created",
                        leader().vacant()
                                .noLease()
                                .initialize("")
                                .stage(new BootstrapStage.Created()),
                        "bootstrap.finishes"),
                row(
                        "created, under way",
                        leader().vacant()
                                .noLease()
                                .initialize("")
                                .stage(new BootstrapStage.Created())
                                .doing(new Operation.FinishBootstrap()),
                        "bootstrap.finishing"),
                row(
                        "asked to end beside it",
                        leader().vacant()
                                .noLease()
                                .initialize("")
                                .stage(new BootstrapStage.Created())
                                .doing(new Operation.FinishBootstrap())
                                .command(END),
                        "bootstrap.is-broken-off"),
                row(
                        "asked to end between",
                        leader().vacant()
                                .noLease()
                                .initialize("")
                                .stage(new BootstrapStage.Created())
                                .command(END),
                        "bootstrap.is-not-gone-on-with"),
                row(
                        "ready",
                        ready.initialize("").stage(new BootstrapStage.Ready()),
                        "bootstrap.takes-lead"),
                row(
                        "ready, silent",
                        leader().vacant()
                                .noLease()
                                .mute(Postmaster.RUNNING)
                                .stage(new BootstrapStage.Ready()),
                        "bootstrap.waits-for-server"),
                row(
                        "ready, server gone",
                        stoppedLeader().vacant().noLease().stage(new BootstrapStage.Ready()),
                        "bootstrap.lost-its-server"),
                row(
                        "failed",
                        standby()
                                .vacant()
                                .without(EMPTY)
                                .stage(new BootstrapStage.Failed("disk full")),
                        "bootstrap.discards"),
                row(
                        "failed, under way",
                        standby()
                                .vacant()
                                .without(EMPTY)
                                .stage(new BootstrapStage.Failed("disk full"))
                                .doing(new Operation.DiscardBootstrap()),
                        "bootstrap.discarding"),
                row(
                        "discarded",
                        standby()
                                .vacant()
                                .without(EMPTY)
                                .stage(new BootstrapStage.Discarded("disk full")),
                        "bootstrap.gives-up"));
    }

    @ParameterizedTest
    @CsvSource({"true, ASKED_FOR", "false, FATAL"})
    void anAgentThatWasAskedToEndMakesNoFailureOfItsUnfinishedCluster(
            boolean asked, Action.ExitKind kind) {
        Situations discarded =
                race().without(EMPTY).stage(new BootstrapStage.Discarded("it was broken off"));

        Decision decision = Rules.decide((asked ? discarded.command(END) : discarded).get());

        assertThat(decision.actions())
                .contains(new Action.CancelBootstrap())
                .last()
                .isInstanceOfSatisfying(
                        Action.Exit.class, exit -> assertThat(exit.kind()).isEqualTo(kind));
    }

    static Stream<Arguments> data() {
        DataDirectory unreadable = new DataDirectory.Unreadable("permission denied");
        DataDirectory halfRewound = new DataDirectory.Unfinished(LocalServer.UnfinishedWork.REWIND);
        DataDirectory halfCreated =
                new DataDirectory.Unfinished(LocalServer.UnfinishedWork.BOOTSTRAP);
        DataDirectory halfCloned = new DataDirectory.Unfinished(LocalServer.UnfinishedWork.CLONE);
        return Stream.of(
                row("no cluster", race().without(EMPTY).noCluster(), "bootstrap.races"),
                row(
                        "no cluster, nofailover",
                        race().without(EMPTY).noCluster().tagged(Map.of("nofailover", true)),
                        "data.waits-for-bootstrap"),
                row(
                        "no cluster, no bootstrap section",
                        race().without(EMPTY).noCluster().mayNotBootstrap(),
                        "data.waits-for-bootstrap"),
                row(
                        "half a clone is not bootstrapped over",
                        race().without(halfCloned).noCluster(),
                        "data.waits-for-leader"),
                row("leader leads", standby().without(EMPTY), "data.clones"),
                row("half a clone", standby().without(halfCloned), "data.clones"),
                row(
                        "the key would let the copy take over",
                        synchronous("n1", "n2").without(EMPTY),
                        "data.waits-to-leave-duty"),
                row(
                        "another is synchronous",
                        synchronous("n1", "n3").without(EMPTY),
                        "data.clones"),
                row(
                        "leader without address",
                        standby().without(EMPTY).without("n1"),
                        "data.waits-for-leader-address"),
                row(
                        "leader not yet a primary",
                        standby().without(EMPTY).member("n1", "replica", Tags.NONE),
                        "data.waits-for-primary"),
                row(
                        "clone failed",
                        standby()
                                .without(EMPTY)
                                .rejoining(
                                        r -> r.withClone(1, OptionalLong.of(Situations.NOW + 1))),
                        "data.waits-to-clone-again"),
                row("no leader", race().without(EMPTY), "data.waits-for-leader"),
                row(
                        "no leader, a method needs none",
                        race().without(EMPTY).clonesWithoutSource(),
                        "data.clones-without-leader"),
                row(
                        "no leader, a method needs none, but it would restore less than was acknowledged",
                        race().without(EMPTY)
                                .clonesWithoutSource()
                                .set("synchronous_mode", true)
                                .sync(0, "n2", "n3"),
                        "data.waits-for-synchronous"),
                row(
                        "no leader, a method needs none, another is synchronous",
                        race().without(EMPTY)
                                .clonesWithoutSource()
                                .set("synchronous_mode", true)
                                .sync(0, "n1", "n3"),
                        "data.clones-without-leader"),
                row(
                        "no cluster, a method needs none: creating it comes first",
                        race().without(EMPTY).noCluster().clonesWithoutSource(),
                        "bootstrap.races"),
                row(
                        "no cluster, no bootstrap section, a method needs none",
                        race().without(EMPTY).noCluster().mayNotBootstrap().clonesWithoutSource(),
                        "data.clones-without-leader"),
                row(
                        "the cluster is being created, a method needs none",
                        race().without(EMPTY).initialize("").clonesWithoutSource(),
                        "data.waits-for-leader"),
                row(
                        "a leader leads, a method needs none",
                        standby().without(EMPTY).clonesWithoutSource(),
                        "data.clones"),
                row("pause", standby().without(EMPTY).paused(), "data.empty-in-pause"),
                row(
                        "holder without data",
                        leader().without(EMPTY),
                        "data.nothing-to-lead-with-gives-up-lead"),
                row("unreadable", standby().without(unreadable), "data.unreadable"),
                row(
                        "half created",
                        race().without(halfCreated).noCluster(),
                        "data.sets-half-created-aside"),
                row(
                        "half created, and it can't be set aside",
                        standby()
                                .without(halfCreated)
                                .rejoining(r -> r.withRetryAt(OptionalLong.of(Situations.NOW + 1))),
                        "data.waits-to-set-aside-again"),
                row(
                        "half created, another leads by now",
                        standby().without(halfCreated),
                        "data.sets-half-created-aside"),
                row(
                        "half created, pause",
                        standby().without(halfCreated).paused(),
                        "data.half-created"),
                row(
                        "half created, its server runs",
                        race().data(halfCreated),
                        "data.stops-server-without-directory"),
                row(
                        "half created, and it leads",
                        leader().without(halfCreated),
                        "data.half-created-gives-up-lead"),
                row("half rewound", standby().without(halfRewound), "data.half-rewound"),
                row(
                        "half rewound, may clone",
                        standby().without(halfRewound).rejoin(true, true, false),
                        "data.clones"),
                row(
                        "a serving primary isn't given up for one bad look",
                        leader().data(unreadable),
                        "leader.holds-lock"),
                row(
                        "a mute server is stopped before the lead goes",
                        leader().data(EMPTY).mute(Postmaster.RUNNING),
                        "data.stops-server-without-directory"));
    }

    static Stream<Arguments> operator() {
        return Stream.of(
                row("restart", leader().command(RESTART), "restart.restarts"),
                row("restart in pause", leader().paused().command(RESTART), "restart.restarts"),
                row("restart while busy", standby().doing(ASSESS).command(RESTART), "restart.busy"),
                row("older than", leader().command(restart("15.5")), "restart.restarts"),
                row(
                        "not older than",
                        leader().command(restart("15.4")),
                        "restart.conditions-not-met"),
                row("no version", leader().command(restart("15")), "restart.conditions-not-met"),
                row("of a primary", leader().command(restartOf("primary")), "restart.restarts"),
                row(
                        "of a replica, on the primary",
                        leader().command(restartOf("replica")),
                        "restart.conditions-not-met"),
                row("of a replica", standby().command(restartOf("replica")), "restart.restarts"),
                row(
                        "if one is pending, and none is",
                        leader().command(
                                        new OperatorCommand.RestartNow(
                                                new Conditions(
                                                        Optional.empty(),
                                                        Optional.empty(),
                                                        OptionalInt.empty(),
                                                        true))),
                        "restart.conditions-not-met"),
                row(
                        "stopped former primary",
                        formerPrimary().command(RESTART),
                        "restart.would-start-a-second-primary"),
                row("stopped standby", stoppedStandby().command(RESTART), "restart.restarts"),
                row(
                        "starting",
                        standby().mute(Postmaster.STARTING).command(RESTART),
                        "restart.still-starting"),
                row("reinit", standby().command(reinit(false)), "reinitialize.clones"),
                row(
                        "reinit of a standby that doesn't come up",
                        standby().mute(Postmaster.STARTING).command(reinit(false)),
                        "reinitialize.clones"),
                row(
                        "restart of a synchronous standby",
                        synchronous("n1", "n2").command(RESTART),
                        "sync.leaves-duty"),
                row(
                        "restart in pause of a synchronous standby",
                        synchronous("n1", "n2").paused().command(RESTART),
                        "sync.leaves-duty"),
                row(
                        "reinit of a synchronous standby",
                        synchronous("n1", "N2").command(reinit(false)),
                        "sync.leaves-duty"),
                row(
                        "restart of another than the synchronous standby",
                        synchronous("n1", "n3").command(RESTART),
                        "restart.restarts"),
                row(
                        "reinit, and the leader takes too long",
                        synchronous("n1", "n2").leavingFor(ofSeconds(21)).command(reinit(false)),
                        "reinitialize.in-duty"),
                row(
                        "the leader takes too long",
                        synchronous("n1", "n2").leavingFor(ofSeconds(21)).command(RESTART),
                        "restart.restarts"),
                row(
                        "the leader may take it off yet",
                        synchronous("n1", "n2").leavingFor(ofSeconds(20)).command(RESTART),
                        "sync.leaves-duty"),
                row(
                        "the key has let go of it, the leader's server may not have",
                        synchronous("n1", "n3").leavingFor(ofSeconds(1)).command(RESTART),
                        "sync.leaves-duty"),
                row(
                        "the key has let go of it a moment ago",
                        synchronous("n1", "n3").freeFor(ofMillis(999)).command(RESTART),
                        "sync.leaves-duty"),
                row(
                        "the key let go of it, and the leader's server has by now",
                        synchronous("n1", "n3").freeFor(ofSeconds(1)).command(RESTART),
                        "restart.restarts"),
                row(
                        "the key let go of it and took it again",
                        synchronous("n1", "n2").freeFor(ofSeconds(1)).command(RESTART),
                        "sync.leaves-duty"),
                row(
                        "the key is of an earlier leader",
                        synchronous("n3", "n2").command(RESTART),
                        "restart.restarts"),
                row(
                        "nobody leads",
                        synchronous("n1", "n2").vacant().command(RESTART),
                        "restart.restarts"),
                row(
                        "it doesn't confirm anyway",
                        synchronous("n1", "n2").tagged(Map.of("nosync", true)).command(RESTART),
                        "restart.restarts"),
                row(
                        "synchronous replication was switched off",
                        synchronous("n1", "n2").set("synchronous_mode", false).command(RESTART),
                        "restart.restarts"),
                row(
                        "the synchronous leader itself",
                        leader().set("synchronous_mode", true).sync(0, "n1", "n2").command(RESTART),
                        "restart.restarts"),
                row("reinit leader", leader().command(reinit(false)), "reinitialize.is-leader"),
                row("reinit, no leader", race().command(reinit(false)), "reinitialize.no-leader"),
                row(
                        "reinit while busy",
                        standby().doing(ASSESS).command(reinit(false)),
                        "reinitialize.busy"),
                row(
                        "reinit with force",
                        standby().doing(ASSESS).command(reinit(true)),
                        "reinitialize.ends-operation"));
    }

    private static Situations synchronous(String leader, String standby) {
        return standby().set("synchronous_mode", true).sync(0, leader, standby);
    }

    static Stream<Arguments> shutdown() {
        return Stream.of(
                row("running", leader().command(END), "shutdown.stops-server"),
                row(
                        "a synchronous standby",
                        synchronous("n1", "n2").command(END),
                        "sync.leaves-duty"),
                row(
                        "a synchronous standby, etcd silent",
                        synchronous("n1", "n2").silent().command(END),
                        "shutdown.stops-server"),
                row("in pause", leader().paused().command(END), "shutdown.in-pause"),
                row(
                        "stopping",
                        leader().command(END).doing(new Operation.StepDown(Optional.empty())),
                        "shutdown.waits-for-server"),
                row("busy", standby().command(END).doing(ASSESS), "shutdown.ends-operation"),
                row("stopped holder", stoppedLeader().command(END), "shutdown.gives-up-lead"),
                row("stopped", stoppedStandby().command(END), "shutdown.ends"),
                row(
                        "stopping, and somebody has all",
                        leader().command(END)
                                .doing(
                                        new Operation.StepDown(Optional.empty()),
                                        Situations.POSITION)
                                .steppingDown(Optional.empty(), Optional.empty())
                                .heard("n2", peer(1000)),
                        "switchover.hands-over"));
    }

    static Stream<Arguments> ongoing() {
        return Stream.of(
                row("any", standby().doing(ASSESS), "operation.under-way"),
                row(
                        "promotion with the key",
                        standby().held("n2").doing(new Operation.Promote()),
                        "operation.under-way"),
                row(
                        "promotion without it",
                        race().doing(new Operation.Promote()),
                        "promote.lost-the-key"));
    }

    static Stream<Arguments> recovery() {
        return Stream.of(
                row("holder crashed", stoppedLeader(), "recovery.restarts-crashed-primary"),
                row(
                        "required watchdog lost",
                        stoppedLeader().unguarded("no device"),
                        "recovery.unguarded-gives-up-lead"),
                row(
                        "tried a moment ago",
                        stoppedLeader()
                                .rejoining(r -> r.withStart(1, OptionalLong.of(Situations.NOW + 1)))
                                .heardNobody(),
                        "recovery.restarts-crashed-primary-again"),
                row(
                        "limit zero",
                        stoppedLeader().set("primary_start_timeout", 0),
                        "recovery.asks-for-successor"),
                row(
                        "limit reached",
                        stoppedLeader().crashedFor(ofSeconds(300)),
                        "recovery.restarts-crashed-primary"),
                row(
                        "limit over",
                        stoppedLeader().crashedFor(ofSeconds(301)).heard("n2", peer(1000)),
                        "recovery.hands-over"),
                row(
                        "limit over, nobody can",
                        stoppedLeader().crashedFor(ofSeconds(301)).heardNobody(),
                        "recovery.restarts-crashed-primary"),
                row(
                        "holder is a standby",
                        leader().stopped(ClusterState.SHUT_DOWN_IN_RECOVERY, true),
                        "recovery.holder-starts-standby"),
                row(
                        "holder is a standby, tried",
                        leader().stopped(ClusterState.SHUT_DOWN_IN_RECOVERY, true)
                                .rejoining(
                                        r -> r.withStart(1, OptionalLong.of(Situations.NOW + 1))),
                        "recovery.holder-starts-standby-again"),
                row("holder in pause", stoppedLeader().paused(), "pause.stopped-leader-gives-up"),
                row("in pause", stoppedStandby().paused(), "pause.leaves-server-stopped"),
                row(
                        "in pause, stopped for a switchover",
                        stoppedStandby().paused().yields(ofSeconds(-9)),
                        "rejoin.starts-standby"),
                row(
                        "in pause, rewound",
                        stoppedStandby()
                                .paused()
                                .rejoining(r -> r.withRewind(0, true, OptionalLong.empty())),
                        "rejoin.starts-standby"),
                row("alone", stoppedStandby().vacant(), "recovery.starts-for-election"),
                row(
                        "alone after a hand-over",
                        stoppedStandby().vacant().yields(ofSeconds(1)),
                        "recovery.waits-for-successor"),
                row(
                        "tried a moment ago",
                        stoppedStandby()
                                .rejoining(
                                        r -> r.withStart(1, OptionalLong.of(Situations.NOW + 1))),
                        "recovery.waits-to-retry"));
    }

    static Stream<Arguments> crashLoops() {
        PeerAnswer better = peer(1000);
        PeerAnswer asBad = peer(1000).impairedBy("its server crashed 3 times");
        var noSpace = Health.Cause.Kind.NO_ROOM;
        return Stream.of(
                row(
                        "two crashes: goes on",
                        stoppedLeader().crashes(2, ofSeconds(1)),
                        "recovery.restarts-crashed-primary"),
                row(
                        "three crashes",
                        stoppedLeader().crashes(3, ofSeconds(1)),
                        "recovery.asks-for-successor"),
                row(
                        "three crashes, long ago",
                        stoppedLeader().crashes(3, ofSeconds(600)),
                        "recovery.restarts-crashed-primary"),
                row(
                        "three crashes, counted no more",
                        stoppedLeader().crashes(3, ofSeconds(1)).set("crash_loop_limit", 0),
                        "recovery.restarts-crashed-primary"),
                row(
                        "three crashes, a window of half a second",
                        stoppedLeader().crashes(3, ofSeconds(1)).set("crash_loop_window", "500ms"),
                        "recovery.restarts-crashed-primary"),
                row(
                        "a better one",
                        stoppedLeader()
                                .crashes(3, ofSeconds(1))
                                .heard("n2", asBad)
                                .heard("n3", better),
                        "recovery.hands-over"),
                row(
                        "all as bad",
                        stoppedLeader()
                                .crashes(3, ofSeconds(1))
                                .heard("n2", asBad)
                                .heard("n3", asBad),
                        "recovery.crash-loop-everywhere-stays-down"),
                row(
                        "all as bad, tried again after long",
                        stoppedLeader()
                                .crashes(3, ofSeconds(120))
                                .crashedFor(ofSeconds(120))
                                .heard("n2", asBad)
                                .heard("n3", asBad),
                        "recovery.restarts-crashed-primary"),
                row(
                        "one as bad, one away: pauses",
                        stoppedLeader()
                                .crashes(3, ofMillis(999))
                                .heard("n2", asBad)
                                .heard("n3", new PeerAnswer.Unreachable("away")),
                        "recovery.crash-loop-pauses"),
                row(
                        "pause over",
                        stoppedLeader()
                                .crashes(3, ofSeconds(1))
                                .crashedFor(ofSeconds(1))
                                .heardNobody(),
                        "recovery.restarts-crashed-primary"),
                row(
                        "the pause doubles",
                        stoppedLeader().crashes(4, ofMillis(1_999)).heardNobody(),
                        "recovery.crash-loop-pauses"),
                row(
                        "no room: asks at the first crash",
                        stoppedLeader().walRoom(1 << 20),
                        "recovery.asks-for-successor"),
                row(
                        "no room here, room there",
                        stoppedLeader().walRoom(1 << 20).heard("n2", better),
                        "recovery.hands-over"),
                row(
                        "no room, nobody else: one start is tried",
                        stoppedLeader().walRoom(1 << 20).heardNobody(),
                        "recovery.restarts-crashed-primary"),
                row(
                        "no room anywhere",
                        failedToStart().walRoom(1 << 20).heard("n2", asBad).heard("n3", asBad),
                        "recovery.storage-stays-down"),
                row(
                        "said so, and the room is back",
                        failedToStart()
                                .walRoom(1L << 30)
                                .diedOf(noSpace, "No space left on device")
                                .heardNobody(),
                        "recovery.restarts-crashed-primary"),
                row(
                        "a quota says so where room is shown by nothing",
                        failedToStart().diedOf(noSpace, "Disk quota exceeded").heardNobody(),
                        "recovery.storage-stays-down"),
                row(
                        "storage is read-only, with room",
                        failedToStart()
                                .walRoom(1L << 30)
                                .diedOf(Health.Cause.Kind.STORAGE, "Read-only file system")
                                .heardNobody(),
                        "recovery.storage-stays-down"),
                row(
                        "in the same trouble, but up: nothing helps",
                        failedToStart().walRoom(1 << 20).heard("n2", asBad),
                        "recovery.storage-stays-down"),
                row(
                        "down for another reason: better a troubled one than none",
                        failedToStart().heard("n2", asBad),
                        "recovery.hands-over"),
                row(
                        "last words alone hand nothing over",
                        stoppedLeader().diedOf(Health.Cause.Kind.OTHER, "out of memory"),
                        "recovery.restarts-crashed-primary"),
                row(
                        "an operator starts it all the same",
                        failedToStart()
                                .walRoom(1 << 20)
                                .heard("n2", asBad)
                                .command(
                                        new OperatorCommand.RestartNow(
                                                io.kumki.dcs.cluster.ScheduledRestart.Conditions
                                                        .NONE)),
                        "restart.restarts"),
                row(
                        "a lead that runs again and again into crashes is handed over",
                        leader().crashes(3, ofSeconds(1)),
                        "crashes.asks-for-successor"),
                row(
                        "in good order",
                        leader().crashes(3, ofSeconds(1)).heard("n2", better),
                        "crashes.stops-primary"),
                row(
                        "nobody better: goes on",
                        leader().crashes(3, ofSeconds(1)).heard("n2", asBad),
                        "leader.holds-lock"),
                row(
                        "tried once for each crash",
                        leader().crashes(3, ofSeconds(1))
                                .memory(m -> m.withCrashes(m.crashes().withHandOverTried()))
                                .heard("n2", better),
                        "leader.holds-lock"),
                row(
                        "not in pause",
                        leader().crashes(3, ofSeconds(1)).paused().heard("n2", better),
                        "leader.holds-lock"),
                row(
                        "election: the other has room",
                        race().walRoom(1 << 20).heard("n3", better),
                        "election.other-is-better-off"),
                row(
                        "election: none has room",
                        race().walRoom(1 << 20).heard("n3", asBad),
                        "election.wins"),
                row(
                        "election: the other has room, but not in time",
                        race().walRoom(1 << 20)
                                .heard("n3", better)
                                .memory(m ->
                                        m.withVacancy(
                                                Optional.of(
                                                        new Memory.Vacancy(
                                                                Situations.NOW
                                                                        - ofSeconds(5).toNanos(),
                                                                Situations.POSITION)))),
                        "election.wins"),
                row(
                        "election: what the other lacks counts more than room",
                        race().walRoom(1 << 20).heard("n3", peer(999)),
                        "election.wins"),
                row(
                        "election: priority is nothing to one in trouble",
                        race().heard(
                                        "n3",
                                        peer(
                                                        false,
                                                        1000,
                                                        2,
                                                        Tags.of(Map.of("failover_priority", 2)))
                                                .impairedBy("no room")),
                        "election.wins"));
    }

    private static Situations failedToStart() {
        return stoppedLeader()
                .rejoining(r ->
                        r.withStart(1, OptionalLong.of(Situations.NOW - 1))
                                .withFailedAt(OptionalLong.of(Situations.NOW - 1)));
    }

    static Stream<Arguments> starting() {
        return Stream.of(
                row("standby", standby().mute(Postmaster.STARTING), "server.starting"),
                row("stopping", standby().mute(Postmaster.STOPPING), "server.stopping"),
                row(
                        "the postmaster died alone",
                        leader().mute(Postmaster.ORPHANED),
                        "server.ends-orphans"),
                row(
                        "it died alone long ago: nothing is given away",
                        leader().mute(Postmaster.ORPHANED)
                                .crashedFor(ofSeconds(301))
                                .heard("n2", peer(1000)),
                        "server.ends-orphans"),
                row(
                        "it died alone, and the lease ran out",
                        leader().leaseLeft(ofSeconds(-1)).mute(Postmaster.ORPHANED),
                        "fence.lease-ran-out"),
                row(
                        "it died alone in pause",
                        leader().paused().mute(Postmaster.ORPHANED),
                        "pause.leaves-orphans"),
                row(
                        "holder in time",
                        leader().mute(Postmaster.STARTING).crashedFor(ofSeconds(300)),
                        "server.starting"),
                row(
                        "holder late",
                        leader().mute(Postmaster.STARTING).crashedFor(ofSeconds(301)),
                        "recovery.asks-for-successor"),
                row(
                        "holder late: stopped before the key goes",
                        leader().mute(Postmaster.STARTING)
                                .crashedFor(ofSeconds(301))
                                .heard("n2", peer(1000)),
                        "server.stops-to-hand-over"),
                row(
                        "restarted with a limit of its own",
                        leader().mute(Postmaster.STARTING)
                                .crashedFor(ofSeconds(7))
                                .memory(m -> m.withStartLimit(ofSeconds(7))),
                        "server.starting"),
                row(
                        "that limit over",
                        leader().mute(Postmaster.STARTING)
                                .crashedFor(ofSeconds(8))
                                .memory(m -> m.withStartLimit(ofSeconds(7))),
                        "recovery.asks-for-successor"),
                row(
                        "a stop that hangs",
                        leader().mute(Postmaster.STOPPING)
                                .crashedFor(ofSeconds(301))
                                .heard("n2", peer(1000)),
                        "server.stops-to-hand-over"),
                row(
                        "standby long in start",
                        standby().mute(Postmaster.STARTING).stalledFor(ofSeconds(31)),
                        "rejoin.compares-logs"),
                row(
                        "standby long in start, its log fits",
                        standby().mute(Postmaster.STARTING).stalledFor(ofSeconds(31)).verdict(FITS),
                        "rejoin.follows-in-start"),
                row(
                        "standby long in start, its log fits and it follows",
                        standby()
                                .mute(Postmaster.STARTING)
                                .rejoining(Memory.Rejoin::withRestartTried)
                                .stalledFor(ofSeconds(31))
                                .verdict(FITS),
                        "server.starting"),
                row(
                        "standby long in start, diverged",
                        standby()
                                .mute(Postmaster.STARTING)
                                .stalledFor(ofSeconds(31))
                                .verdict(DIVERGED),
                        "rejoin.rewinds"));
    }

    static Stream<Arguments> leading() {
        return Stream.of(
                row("healthy", leader(), "leader.holds-lock"),
                row(
                        "required watchdog lost",
                        leader().unguarded("no device"),
                        "leader.unguarded-stops"),
                row(
                        "required watchdog lost, pause",
                        leader().unguarded("no device").paused(),
                        "leader.holds-lock"),
                row("unfit, but a primary", leader().unfit("no guard"), "leader.holds-lock"),
                row("mute", leader().mute(Postmaster.RUNNING), "leader.server-silent"),
                row("standby with the key", standby().held("n2"), "leader.promotes"),
                row(
                        "standby with the key, unfit",
                        standby().held("n2").unfit("no guard"),
                        "leader.unfit-gives-up-lead"),
                row(
                        "standby with the key, synchronous",
                        standby().held("n2").set("synchronous_mode", true).sync(0, "n1", "n2"),
                        "leader.promotes"),
                row(
                        "standby with the key, taken off the list meanwhile",
                        standby().held("n2").set("synchronous_mode", true).sync(0, "n1", "n3"),
                        "leader.not-synchronous-gives-up-lead"),
                row(
                        "standby with the key, asynchronous, whatever it was elected on",
                        standby()
                                .held("n2")
                                .set("synchronous_mode", true)
                                .sync(0, "n1", "n3")
                                .memory(m -> m.withElectedOn(OptionalLong.of(3))),
                        "leader.not-synchronous-gives-up-lead"),
                row(
                        "standby with the key, voted for on another key",
                        standby()
                                .held("n2")
                                .set("synchronous_mode", "quorum")
                                .sync(1, "n1", "n2", "n3")
                                .memory(m -> m.withElectedOn(OptionalLong.of(2))),
                        "leader.not-synchronous-gives-up-lead"),
                row(
                        "standby with the key, voted for",
                        standby()
                                .held("n2")
                                .set("synchronous_mode", "quorum")
                                .sync(1, "n1", "n2", "n3")
                                .memory(m -> m.withElectedOn(OptionalLong.of(3))),
                        "leader.promotes"),
                row(
                        "asynchronous, failover by hand",
                        standby()
                                .held("n2")
                                .set("synchronous_mode", true)
                                .sync(0, "n1", "n3")
                                .request("", "n2", ""),
                        "leader.promotes"),
                row(
                        "promotion failed",
                        standby().held("n2").yields(ofSeconds(1)),
                        "leader.gives-up-after-failed-promotion"),
                row("pause", standby().held("n2").paused(), "pause.standby-gives-up-lead"),
                row(
                        "asked in pause",
                        standby().held("n2").paused().request("", "n2", ""),
                        "leader.promotes"));
    }

    /** A switchover is asked for, its candidates are fine, and no receiver is connected. */
    private static Situations unconnected() {
        return asked().answers(
                        new Answer.Primary(
                                Situations.info(List.of()), 2, Situations.POSITION, List.of()));
    }

    private static Memory requestedFor(Memory memory, Duration since) {
        return memory.withRequest(
                Optional.of(
                        new Memory.RequestSeen(
                                Situations.REQUEST_REVISION, Situations.NOW - since.toNanos())));
    }

    /** The stop for a hand-over was ended by its limit. */
    private static Situations cutShort(int syncQuorum, String leader, String... standbys) {
        return stoppedLeader()
                .request("n1", "", "")
                .steppingDown(Optional.empty(), Optional.empty())
                .set("synchronous_mode", true)
                .sync(syncQuorum, leader, standbys);
    }

    @ParameterizedTest
    @CsvSource({"300, 0, PT5M", "0, 0, PT10S", "300, 7, PT7S", "0, 7, PT7S"})
    void aRestartsStartHasTheLimitAskedFor(int usual, int asked, String limit) {
        OptionalInt timeout = asked == 0 ? OptionalInt.empty() : OptionalInt.of(asked);
        OperatorCommand restart =
                new OperatorCommand.RestartNow(
                        new Conditions(Optional.empty(), Optional.empty(), timeout, false));

        Decision decision =
                Rules.decide(leader().set("primary_start_timeout", usual).command(restart).get());

        assertThat(decision.actions())
                .containsExactly(new Action.Start(new Operation.Restart(Duration.parse(limit))));
    }

    @ParameterizedTest
    @CsvSource({"false, 30, ''", "true, 0, ''", "true, 30, PT30S", "quorum, 7, PT7S"})
    void aStopHasALimitOnlyWhereStandbysConfirm(String mode, int seconds, String limit) {
        Optional<Duration> expected =
                limit.isEmpty() ? Optional.empty() : Optional.of(Duration.parse(limit));
        UnaryOperator<Situations> settings =
                s -> s.set("synchronous_mode", mode).set("primary_stop_timeout", seconds);
        Action.Start stop = new Action.Start(new Operation.StepDown(expected));

        assertThat(Rules.decide(settings.apply(asked()).get()).actions()).contains(stop);
        assertThat(Rules.decide(settings.apply(leader().command(END)).get()).actions())
                .contains(stop);
    }

    @Test
    void aNewStrictClusterDemandsAStandbyBeforeClientsCommit() {
        assertThat(
                        Rules.decide(
                                        leader().vacant()
                                                .noLease()
                                                .initialize("")
                                                .stage(new BootstrapStage.Ready())
                                                .set("synchronous_mode", true)
                                                .set("synchronous_mode_strict", true)
                                                .get())
                                .actions())
                .first()
                .isEqualTo(new Action.SetSyncNames(Optional.of("*")));
    }

    static Stream<Arguments> switchover() {
        Situations stopped = stoppedLeader().request("n1", "", "");
        return Stream.of(
                row("asks", leader().request("n1", "", ""), "switchover.asks"),
                row("possible", asked(), "switchover.stops-primary"),
                row(
                        "too few to vote for the next leader",
                        leader().request("n1", "", "")
                                .set("synchronous_mode", "quorum")
                                .sync(1, "n1", "n2", "n3")
                                .heard("n2", peer(1000)),
                        "switchover.refused"),
                row(
                        "enough to vote for the next leader",
                        asked().set("synchronous_mode", "quorum").sync(1, "n1", "n2", "n3"),
                        "switchover.stops-primary"),
                row(
                        "one is named, and asks for votes itself",
                        leader().request("n1", "n2", "")
                                .set("synchronous_mode", "quorum")
                                .sync(1, "n1", "n2", "n3")
                                .heard("n2", peer(1000)),
                        "switchover.stops-primary"),
                row("nobody streams yet", unconnected(), "switchover.waits-for-stream"),
                row(
                        "nobody streams, in time",
                        unconnected().memory(m -> requestedFor(m, ofSeconds(10))),
                        "switchover.waits-for-stream"),
                row(
                        "nobody streams for too long",
                        unconnected().memory(m -> requestedFor(m, ofMillis(10_001))),
                        "switchover.refused"),
                row(
                        "nobody can",
                        leader().request("n1", "", "").heardNobody(),
                        "switchover.refused"),
                row(
                        "all others on an older timeline, and that is checked",
                        asked().set("check_timeline", true).history(clusterOnTimeline(3)),
                        "switchover.refused"),
                row(
                        "another leader named",
                        leader().request("n2", "", ""),
                        "switchover.names-another-leader"),
                row("itself named", leader().request("", "n1", ""), "switchover.names-the-leader"),
                row(
                        "pause, no candidate",
                        leader().paused().request("n1", "", ""),
                        "switchover.needs-candidate-in-pause"),
                row(
                        "unknown candidate",
                        leader().request("n1", "n9", ""),
                        "switchover.nobody-to-ask"),
                row(
                        "nonsense time",
                        leader().request("n1", "", "soon"),
                        "switchover.unreadable-time"),
                row(
                        "later",
                        asked().request("n1", "", "2026-01-02T03:04:06Z"),
                        "leader.holds-lock"),
                row(
                        "due",
                        asked().request("n1", "", "2026-01-02T03:04:05+00:00"),
                        "switchover.stops-primary"),
                row(
                        "late, tolerated",
                        asked().request("n1", "", "2026-01-02T03:03:50Z"),
                        "switchover.stops-primary"),
                row(
                        "too late",
                        asked().request("n1", "", "2026-01-02T03:03:49Z"),
                        "switchover.stale-time"),
                row(
                        "never in pause",
                        asked().paused().request("n1", "n2", "2026-01-02T03:03:49Z"),
                        "leader.holds-lock"),
                row(
                        "stopped, last record unknown",
                        stopped.steppingDown(Optional.empty(), Optional.empty()),
                        "switchover.takes-lead-back"),
                row(
                        "cut short, no standby confirmed",
                        cutShort(0, "n1").heard("n2", peer(1000)),
                        "switchover.takes-lead-back"),
                row(
                        "cut short, another's standby",
                        cutShort(0, "n3", "n2").heard("n2", peer(1000)),
                        "switchover.takes-lead-back"),
                row(
                        "cut short, asks who confirmed",
                        cutShort(0, "n1", "n2"),
                        "switchover.asks-synchronous"),
                row(
                        "cut short, who confirmed is away",
                        cutShort(0, "n1", "n2").heardNobody(),
                        "switchover.takes-lead-back"),
                row(
                        "cut short, too few of a quorum",
                        cutShort(1, "n1", "n2", "n3").heard("n2", peer(990)),
                        "switchover.takes-lead-back"),
                row(
                        "cut short, enough of a quorum",
                        cutShort(1, "n1", "n2", "n3")
                                .heard("n2", peer(990))
                                .heard("n3", peer(1000)),
                        "switchover.hands-over-unclean"),
                row(
                        "cut short, a standby confirmed",
                        cutShort(0, "n1", "n2").heard("n2", peer(990)),
                        "switchover.hands-over-unclean"),
                row(
                        "stopped, asks",
                        stoppedLeader().steppingDown(Optional.of(ofSeconds(0)), Optional.empty()),
                        "switchover.asks-for-last-record"),
                row(
                        "one byte is missing",
                        stoppedLeader()
                                .steppingDown(Optional.of(ofSeconds(1)), Optional.empty())
                                .heard("n2", peer(999)),
                        "switchover.waits-for-last-record"),
                row(
                        "nobody in time",
                        stoppedLeader()
                                .steppingDown(Optional.of(ofMillis(5001)), Optional.empty())
                                .heard("n2", peer(999)),
                        "switchover.takes-lead-back"),
                row(
                        "somebody has all",
                        stoppedLeader()
                                .steppingDown(Optional.of(ofSeconds(1)), Optional.empty())
                                .heard("n2", peer(1000)),
                        "switchover.hands-over"),
                row(
                        "the stop failed",
                        leader().steppingDown(Optional.empty(), Optional.of("time over")),
                        "switchover.stop-failed"));
    }

    static Stream<Arguments> following() {
        return Stream.of(
                row("streams", standby(), "follower.streams"),
                row("mute", standby().mute(Postmaster.RUNNING), "follower.server-silent"),
                row(
                        "other upstream, and whose log the own one is hasn't been seen",
                        standby().followsAnother(),
                        "rejoin.compares-logs"),
                row(
                        "a primary until now, the other one has its timeline's number",
                        standby().followsAnother().wrote("n2", 2),
                        "rejoin.compares-logs"),
                row(
                        "a primary until now, the log fits",
                        standby().followsAnother().wrote("n2", 2).verdict(FITS),
                        "follower.changes-upstream"),
                row(
                        "a primary until now, the log differs",
                        standby().followsAnother().wrote("n2", 2).verdict(DIVERGED),
                        "rejoin.needs-hand"),
                row(
                        "a primary until now, compared a moment ago in vain",
                        standby()
                                .followsAnother()
                                .wrote("n2", 2)
                                .verdict(new Divergence.Unknown("silent"))
                                .rejoining(
                                        r -> r.withCompareAt(OptionalLong.of(Situations.NOW + 1))),
                        "rejoin.waits-to-compare"),
                row(
                        "streamed this timeline from another primary than the leader",
                        standby().followsAnother().wrote("n3", 2),
                        "rejoin.compares-logs"),
                row(
                        "streamed an older timeline from another primary",
                        standby().followsAnother().wrote("n3", 1),
                        "rejoin.compares-logs"),
                row(
                        "streamed an older timeline from another primary, which isn't let look",
                        standby()
                                .followsAnother()
                                .wrote("n3", 1)
                                .verdict(new Divergence.Unknown("no pg_hba entry", 1, true)),
                        "follower.changes-upstream"),
                row(
                        "nobody has seen whose log it is, and no comparison comes to an end",
                        standby()
                                .followsAnother()
                                .verdict(new Divergence.Unknown("timed out", 12, false)),
                        "follower.changes-upstream"),
                row(
                        "the leader's number, written by another, can't be looked at: it waits",
                        standby()
                                .followsAnother()
                                .wrote("n3", 2)
                                .verdict(new Divergence.Unknown("no pg_hba entry", 9, true)),
                        "rejoin.compares-logs"),
                row(
                        "streamed this timeline from the leader",
                        standby().followsAnother().wrote("n1", 2),
                        "follower.changes-upstream"),
                row(
                        "told to follow nobody before this agent began",
                        standby().followsAnother().alone(),
                        "rejoin.compares-logs"),
                row(
                        "other upstream, tried",
                        standby()
                                .followsAnother()
                                .rejoining(r -> r.withRetryAt(OptionalLong.of(Situations.NOW + 1))),
                        "follower.waits-to-retry"),
                row(
                        "nostream",
                        standby().tagged(Map.of("nostream", true)),
                        "follower.reads-archive"),
                row(
                        "nostream, still told to stream",
                        standby().tagged(Map.of("nostream", true)).followsAnother(),
                        "follower.changes-upstream"),
                row(
                        "the primary has a permanent logical slot that isn't here",
                        standby()
                                .permanent("feed", new PermanentSlot.Logical("app", "pgoutput"))
                                .status(
                                        new io.kumki.dcs.cluster.ClusterStatus(
                                                Optional.empty(),
                                                new java.util.TreeMap<>(
                                                        Map.of(
                                                                "feed",
                                                                new io.kumki.dcs.cluster.Lsn(900))),
                                                List.of())),
                        "follower.copies-logical-slots"),
                row(
                        "a cascade whose upstream is silent for a moment",
                        cascade().answers(STALLED).stalledFor(ofSeconds(8)),
                        "rejoin.compares-logs"),
                row(
                        "a cascade whose upstream is silent",
                        cascade().answers(STALLED).stalledFor(ofMillis(8001)),
                        "follower.leaves-upstream"),
                row(
                        "a cascade on its way round",
                        cascade()
                                .answers(STALLED)
                                .stalledFor(ofMillis(8001))
                                .memory(m -> m.withAvoided(avoided(ofSeconds(1)))),
                        "rejoin.compares-logs"),
                row(
                        "leader without address",
                        standby().without("n1"),
                        "follower.nobody-to-stream-from"),
                row(
                        "second primary in pause",
                        standby().answers(PRIMARY).paused(),
                        "pause.primary-without-lock"));
    }

    /** n2 streams from n3, which streams from n1. */
    static Situations cascade() {
        return standby().tagged(Map.of("replicatefrom", "n3"));
    }

    static Memory.Avoided avoided(Duration left) {
        return new Memory.Avoided(new MemberName("n3"), Situations.NOW + left.toNanos());
    }

    static Stream<Arguments> rejoin() {
        Situations stalled = standby().answers(STALLED);
        return Stream.of(
                row("stopped standby", stoppedStandby(), "rejoin.starts-standby"),
                row("it follows nobody", stoppedStandby().alone(), "rejoin.compares-logs"),
                row(
                        "it follows nobody, but its log fits",
                        stoppedStandby().alone().verdict(FITS),
                        "rejoin.starts-standby"),
                row(
                        "stopped standby that can't be started",
                        stoppedStandby().rejoining(r -> r.withStart(1, OptionalLong.empty())),
                        "rejoin.compares-logs"),
                row(
                        "can't be started although it fits",
                        stoppedStandby()
                                .rejoining(r -> r.withStart(1, OptionalLong.empty()))
                                .verdict(FITS),
                        "rejoin.starts-standby"),
                row(
                        "can't be started although it fits and has the leader's timeline",
                        stoppedStandby()
                                .recoveredOn(2)
                                .rejoining(r -> r.withStart(1, OptionalLong.empty()))
                                .verdict(FITS),
                        "rejoin.starts-on-leaders-timeline"),
                row(
                        "can't be started in either way although it fits",
                        stoppedStandby()
                                .recoveredOn(2)
                                .rejoining(r -> r.withStart(2, OptionalLong.empty()))
                                .verdict(FITS),
                        "rejoin.starts-standby"),
                row(
                        "a standby that crashed and has diverged",
                        standby().stopped(ClusterState.IN_ARCHIVE_RECOVERY, true).verdict(DIVERGED),
                        "rejoin.recovers-crash"),
                row(
                        "a standby that crashed, has diverged and was recovered alone",
                        standby()
                                .stopped(ClusterState.IN_ARCHIVE_RECOVERY, true)
                                .rejoining(r -> r.withSingleUserTried())
                                .verdict(DIVERGED),
                        "rejoin.rewinds"),
                row(
                        "can't be started, and nobody is let look",
                        stoppedStandby()
                                .rejoining(r -> r.withStart(1, OptionalLong.empty()))
                                .verdict(new Divergence.Unknown("no pg_hba entry", 1, true)),
                        "rejoin.starts-standby"),
                row(
                        "rewound, started twice in vain",
                        formerPrimary()
                                .rejoining(r -> r.withRewind(0, true, OptionalLong.empty()))
                                .rejoining(r -> r.withStart(2, OptionalLong.empty())),
                        "rejoin.starts-standby"),
                row(
                        "rewound, started three times in vain",
                        formerPrimary()
                                .rejoining(r -> r.withRewind(0, true, OptionalLong.empty()))
                                .rejoining(r -> r.withStart(3, OptionalLong.empty())),
                        "rejoin.compares-logs"),
                row("former primary", formerPrimary(), "rejoin.compares-logs"),
                row(
                        "former primary, crashed",
                        standby().stopped(ClusterState.IN_PRODUCTION, false),
                        "rejoin.recovers-crash"),
                row(
                        "former primary, crashed, recovery tried",
                        standby()
                                .stopped(ClusterState.IN_PRODUCTION, false)
                                .rejoining(Memory.Rejoin::withSingleUserTried),
                        "rejoin.recovers-crash"),
                row(
                        "crashed with a backup label: never recovered by itself",
                        standby().stopped(ClusterState.IN_PRODUCTION, false).backupLabel(),
                        "rejoin.starts-standby"),
                row(
                        "former primary, crashed, recovery tried, may clone",
                        standby()
                                .stopped(ClusterState.IN_PRODUCTION, false)
                                .rejoin(true, false, true)
                                .rejoining(Memory.Rejoin::withSingleUserTried),
                        "rejoin.clones"),
                row(
                        "leader not yet a primary",
                        formerPrimary().member("n1", "replica", Tags.NONE),
                        "rejoin.waits-for-leader"),
                row(
                        "delayed, without a stream",
                        standby().answers(Situations.delayedAnswer()).stalledFor(ofSeconds(6)),
                        "rejoin.compares-logs"),
                row(
                        "delayed, fits: neither restarted nor copied",
                        standby()
                                .answers(Situations.delayedAnswer())
                                .rejoin(true, true, true)
                                .verdict(FITS)
                                .stalledFor(ofSeconds(9999)),
                        "rejoin.delayed"),
                row(
                        "delayed, diverged, nothing allowed",
                        standby()
                                .answers(Situations.delayedAnswer())
                                .verdict(DIVERGED)
                                .stalledFor(ofSeconds(6)),
                        "rejoin.needs-hand"),
                row("fits", formerPrimary().verdict(FITS), "rejoin.starts-standby"),
                row("diverged", formerPrimary().verdict(DIVERGED), "rejoin.rewinds"),
                row(
                        "diverged, checkpoint due",
                        formerPrimary().verdict(DIVERGED).change("n1", RulesTest::checkpointDue),
                        "rejoin.waits-for-checkpoint"),
                row(
                        "rewind failed a moment ago",
                        stalled(DIVERGED)
                                .rejoining(r ->
                                        r.withRewind(
                                                1, false, OptionalLong.of(Situations.NOW + 1))),
                        "rejoin.waits-to-retry"),
                row(
                        "rewind failed, may clone",
                        formerPrimary()
                                .verdict(DIVERGED)
                                .rejoin(true, true, false)
                                .rejoining(r ->
                                        r.withRewind(
                                                RejoinRules.REWIND_TRIES,
                                                false,
                                                OptionalLong.empty())),
                        "rejoin.clones"),
                row(
                        "nothing is removed in pause",
                        stalled(DIVERGED).rejoin(false, false, true).paused(),
                        "rejoin.needs-hand"),
                row(
                        "diverged, nothing allowed",
                        stalled(DIVERGED).rejoin(false, false, false),
                        "rejoin.needs-hand"),
                row("just stalled", stalled.stalledFor(ofSeconds(5)), "rejoin.waits-for-stream"),
                row(
                        "the leader recovered to a new timeline, its address is the same",
                        standby()
                                .answers(STALLED)
                                .stalledFor(ofMillis(1))
                                .change("n1", RulesTest::onNext),
                        "rejoin.compares-logs"),
                row(
                        "stalled for long",
                        standby().answers(STALLED).stalledFor(ofMillis(5001)),
                        "rejoin.compares-logs"),
                row("stalled, fits", stalled(FITS).stalledFor(ofSeconds(30)), "rejoin.stalled"),
                row(
                        "stalled for very long, fits",
                        stalled(FITS).stalledFor(ofSeconds(31)),
                        "rejoin.restarts-stalled-standby"),
                row(
                        "stalled after the restart too, fits",
                        stalled(FITS)
                                .stalledFor(ofSeconds(76))
                                .rejoining(Memory.Rejoin::withRestartTried),
                        "rejoin.stalled"),
                row(
                        "stalled for a day, fits, may clone: never without proof",
                        stalled(FITS)
                                .stalledFor(Duration.ofDays(1))
                                .rejoin(true, true, true)
                                .rejoining(Memory.Rejoin::withRestartTried),
                        "rejoin.stalled"),
                row(
                        "stalled, fits, compared a while ago",
                        standby().answers(STALLED).verdict(FITS).stalledFor(ofSeconds(76)),
                        "rejoin.compares-logs"),
                row(
                        "the leader's log is gone, found just now",
                        stalled(STRANDED).stalledFor(ofSeconds(75)).rejoin(true, true, true),
                        "rejoin.stranded"),
                row(
                        "the leader's log is gone",
                        stalled(STRANDED).stalledFor(ofSeconds(76)).rejoin(true, false, true),
                        "rejoin.clones"),
                row(
                        "the leader's log is gone, and the key would let the copy take over",
                        stalled(STRANDED)
                                .stalledFor(ofSeconds(76))
                                .rejoin(true, false, true)
                                .set("synchronous_mode", true)
                                .sync(0, "n1", "n2"),
                        "rejoin.waits-to-leave-duty"),
                row(
                        "the leader's log is gone, no clone allowed",
                        stalled(STRANDED).stalledFor(ofSeconds(76)),
                        "rejoin.needs-hand"),
                row(
                        "the leader's log is gone, in pause",
                        stalled(STRANDED)
                                .stalledFor(ofSeconds(76))
                                .rejoin(true, true, true)
                                .paused(),
                        "rejoin.needs-hand"),
                row(
                        "the leader's log was gone when the server ran",
                        stoppedStandby()
                                .rejoining(r -> r.withStart(1, OptionalLong.empty()))
                                .verdict(STRANDED),
                        "rejoin.starts-standby"),
                row(
                        "diverged, nothing is allowed, but PostgreSQL refuses another number",
                        formerPrimary().verdict(DIVERGED).rejoin(false, true, false),
                        "rejoin.starts-standby"),
                row(
                        "diverged where PostgreSQL wouldn't notice, nothing is allowed: it stays down",
                        stoppedStandby()
                                .verdict(new Divergence.Diverged("other content", true))
                                .rejoin(false, true, false),
                        "rejoin.needs-hand"),
                row(
                        "diverged on the leader's own number: pg_rewind would see nothing",
                        stalled(DIVERGED).rejoin(true, false, true),
                        "rejoin.clones"),
                row(
                        "rewound twice in vain",
                        formerPrimary()
                                .rejoining(r -> r.withRewind(2, true, OptionalLong.empty()))
                                .rejoining(r -> r.withStart(0, OptionalLong.empty()))
                                .verdict(DIVERGED)
                                .rejoin(true, true, false),
                        "rejoin.clones"),
                row(
                        "no restart in pause",
                        stalled(FITS).stalledFor(ofSeconds(31)).paused(),
                        "rejoin.stalled"));
    }

    /** Another one may lead by now, on a timeline of the same number. */
    @Test
    void whatWasCopiedFollowsAtOnceOnlyWhomItIsACopyOf() {
        Situations copied =
                stoppedStandby()
                        .recoveredOn(2)
                        .rejoining(r -> r.withClone(0, OptionalLong.empty()));
        assertThat(Rules.decide(copied.wrote("n3", 2).get()).actions())
                .containsExactly(
                        new Action.Start(new Operation.StartStandby(StandbyTarget.NOBODY)));
        assertThat(Rules.decide(copied.wrote("n1", 2).get()).actions())
                .singleElement()
                .asString()
                .contains("source=MEMBER");
    }

    @Test
    void aCopyIsKnownToBeOfItsSourceFromTheBeginning() {
        assertThat(
                        Rules.decide(standby().without(new DataDirectory.Empty()).get())
                                .memory()
                                .lineage())
                .contains(new Lineage(new MemberName("n1"), 2));
        assertThat(
                        Rules.decide(
                                        standby()
                                                .member(
                                                        "n3",
                                                        "replica",
                                                        Tags.of(Map.of("clonefrom", true)))
                                                .without(new DataDirectory.Empty())
                                                .get())
                                .memory()
                                .lineage())
                .isEmpty();
    }

    /** Whom it followed before it may follow at once; the leader only after a comparison. */
    @Test
    void aStoppedStandbyOfWhichNothingIsKnownBeginsWithItsOwnSettings() {
        assertThat(Rules.decide(stoppedStandby().recoveredOn(2).get()).actions())
                .containsExactly(
                        new Action.Start(new Operation.StartStandby(StandbyTarget.NOBODY)));
        assertThat(Rules.decide(stoppedStandby().recoveredOn(2).wrote("n1", 2).get()).actions())
                .singleElement()
                .asString()
                .contains("source=MEMBER");
    }

    @Test
    void aRungSaysHowLongItMayTakeAndWhyItIsTaken() {
        assertThat(Rules.decide(formerPrimary().verdict(DIVERGED).get()).reason())
                .isEqualTo(
                        "rung 3 of 4: pg_rewind, at most 30 min to look and 4 h to copy, because it has"
                                + " more");
        assertThat(
                        Rules.decide(
                                        stalled(STRANDED)
                                                .stalledFor(ofSeconds(76))
                                                .rejoin(true, false, true)
                                                .get())
                                .reason())
                .startsWith(
                        "rung 4 of 4: fresh copy, at most 7 days for each replica method, because")
                .endsWith("its log is gone");
        assertThat(Rules.decide(stoppedStandby().get()).reason())
                .startsWith("rung 1 of 4: follow as it is, ")
                .endsWith("because it was a standby");
    }

    static Situations stalled(Divergence verdict) {
        return standby()
                .answers(STALLED)
                .verdict(verdict)
                .rejoining(r -> r.withCompareAt(OptionalLong.of(Situations.NOW + 1)));
    }

    static Member onNext(Member old) {
        Member.WalProgress wal = old.wal();
        return new Member(
                old.name(),
                old.addresses(),
                old.status(),
                new Member.WalProgress(
                        wal.location(),
                        wal.received(),
                        wal.replayed(),
                        wal.replicationState(),
                        wal.timeline() + 1),
                old.tags(),
                old.leaseId());
    }

    static Member checkpointDue(Member old) {
        Member.Status status = old.status();
        return new Member(
                old.name(),
                old.addresses(),
                new Member.Status(
                        status.state(),
                        status.role(),
                        status.version(),
                        true,
                        false,
                        status.pendingRestart(),
                        Optional.empty(),
                        false),
                old.wal(),
                old.tags(),
                old.leaseId());
    }

    static Stream<Arguments> election() {
        Tags priority2 = Tags.of(Map.of("failover_priority", 2));
        Situations quorum = race().set("synchronous_mode", "quorum");
        PeerAnswer away = new PeerAnswer.Unreachable("no answer");
        return Stream.of(
                row("mute", race().mute(Postmaster.RUNNING), "election.server-silent"),
                row("asks", race(), "election.asks-everybody"),
                row("nobody answers", race().heardNobody(), "election.wins"),
                row("equal", race().heard("n3", peer(1000)), "election.wins"),
                row("other ahead", race().heard("n3", peer(1001)), "election.other-is-ahead"),
                row(
                        "other has priority",
                        race().heard("n3", peer(false, 1000, 2, priority2)),
                        "election.other-has-priority"),
                row(
                        "other keeps the consumer going",
                        race().logicalSlot("feed", false)
                                .heard("n3", peerWithReady(Tags.NONE, "feed")),
                        "election.other-keeps-consumers"),
                row(
                        "other keeps the consumer going, but not in time",
                        race().logicalSlot("feed", false)
                                .vacantFor(ofSeconds(5))
                                .heard("n3", peerWithReady(Tags.NONE, "feed")),
                        "election.wins"),
                row(
                        "both keep as many consumers going",
                        race().logicalSlot("feed", true)
                                .logicalSlot("more", false)
                                .heard("n3", peerWithReady(Tags.NONE, "more")),
                        "election.wins"),
                row(
                        "other has a slot ready that nobody configured",
                        race().logicalSlot("feed", false)
                                .heard("n3", peerWithReady(Tags.NONE, "odd")),
                        "election.wins"),
                row(
                        "own priority counts more than the other's slots",
                        race().tagged(Map.of("failover_priority", 2))
                                .logicalSlot("feed", false)
                                .heard("n3", peerWithReady(Tags.NONE, "feed")),
                        "election.wins"),
                row(
                        "primary alive",
                        race().heard("n1", peer(true, 0, 2, Tags.NONE)),
                        "election.primary-alive"),
                row("yields", race().yields(ofMillis(1)), "election.yields"),
                row("unfit", race().unfit("no guard"), "election.unfit"),
                row(
                        "nofailover",
                        race().tagged(Map.of("nofailover", true)),
                        "election.tagged-nofailover"),
                row(
                        "nofailover, even asked for in pause",
                        race().tagged(Map.of("nofailover", true)).paused().request("", "n2", ""),
                        "election.tagged-nofailover"),
                row("pause", race().paused(), "election.paused"),
                row(
                        "not synchronous",
                        race().set("synchronous_mode", true).sync(0, "n1", "n3"),
                        "election.not-synchronous"),
                row(
                        "not synchronous, and another is asked for by hand",
                        race().set("synchronous_mode", true)
                                .sync(0, "n1", "n4")
                                .request("", "n3", "")
                                .heardNobody(),
                        "election.not-synchronous"),
                row(
                        "synchronous",
                        race().set("synchronous_mode", true).sync(0, "n1", "n2").heardNobody(),
                        "election.wins"),
                row(
                        "a synchronous voter is missing",
                        quorum.sync(1, "n1", "n2", "n3").heardNobody(),
                        "election.lacks-votes"),
                row(
                        "votes count until the key is rewritten",
                        race().set("synchronous_mode", true)
                                .sync(1, "n1", "n2", "n3")
                                .heardNobody(),
                        "election.lacks-votes"),
                row(
                        "an outsider needs one vote more",
                        race().set("synchronous_mode", "quorum").sync(0, "n1", "n3").heardNobody(),
                        "election.lacks-votes"),
                row(
                        "a voter that may not have replayed all of its log",
                        race().set("synchronous_mode", "quorum")
                                .sync(1, "n1", "n2", "n3")
                                .heard("n3", Situations.restartedPeer(900)),
                        "election.lacks-votes"),
                row(
                        "an outsider with that vote",
                        race().set("synchronous_mode", "quorum")
                                .sync(0, "n1", "n3")
                                .heard("n3", peer(900)),
                        "election.wins"),
                row(
                        "what a voter has of another line doesn't count",
                        race().set("synchronous_mode", "quorum")
                                .sync(1, "n1", "n2", "n3")
                                .answers(standbyAnswer(600, false))
                                .status(
                                        new ClusterStatus(
                                                Optional.empty(), new TreeMap<>(), List.of()))
                                .heard("n3", peer(false, 900, 1, Tags.NONE)),
                        "election.wins"),
                row(
                        "a switchover needs the votes as well",
                        race().set("synchronous_mode", "quorum")
                                .sync(1, "n1", "n2", "n3")
                                .request("n1", "n2", "")
                                .heardNobody(),
                        "election.lacks-votes"),
                row(
                        "a former leader isn't preferred for its priority",
                        race().set("synchronous_mode", true)
                                .sync(0, "n1", "n2")
                                .ledBy("n1")
                                .heard(
                                        "n1",
                                        peer(
                                                false,
                                                1000,
                                                2,
                                                Tags.of(Map.of("failover_priority", 5)))),
                        "election.wins"),
                row(
                        "an asynchronous member with a higher priority",
                        race().set("synchronous_mode", true)
                                .sync(0, "n1", "n2")
                                .heard(
                                        "n3",
                                        peer(
                                                false,
                                                1000,
                                                2,
                                                Tags.of(Map.of("failover_priority", 5)))),
                        "election.wins"),
                row(
                        "a switchover without a candidate, asynchronous",
                        race().set("synchronous_mode", true)
                                .sync(0, "n1", "n3")
                                .request("n1", "", ""),
                        "election.not-synchronous"),
                row(
                        "a switchover to an asynchronous one",
                        race().set("synchronous_mode", true)
                                .sync(0, "n1", "n3")
                                .request("n1", "n2", ""),
                        "election.not-synchronous"),
                row(
                        "away for days, and the only one left",
                        race().set("synchronous_mode", true)
                                .sync(0, "n1")
                                .without("n1")
                                .without("n3")
                                .heardNobody(),
                        "election.not-synchronous"),
                row(
                        "the synchronous voters suffice",
                        race().set("synchronous_mode", "quorum")
                                .sync(1, "n1", "n2", "n3")
                                .heard("n3", peer(900)),
                        "election.wins"),
                row(
                        "not named by failsafe",
                        race().set("failsafe_mode", true).failsafe("n1", "n3").heardNobody(),
                        "election.not-in-failsafe"),
                row(
                        "not named by failsafe, and all who are aren't primaries",
                        race().set("failsafe_mode", true)
                                .failsafe("n1", "n3")
                                .heard("n1", peer(900))
                                .heard("n3", peer(900)),
                        "election.wins"),
                row(
                        "named by failsafe",
                        race().set("failsafe_mode", true).failsafe("n1", "n2").heardNobody(),
                        "election.wins"),
                row(
                        "named by failsafe, the agent is new",
                        race().set("failsafe_mode", true)
                                .failsafe("n1", "n2")
                                .memory(m -> m.withBegun(OptionalLong.of(Situations.NOW)))
                                .heardNobody(),
                        "election.may-have-promised"),
                row(
                        "named by failsafe, the agent is new, all others answer",
                        race().set("failsafe_mode", true)
                                .failsafe("n1", "n2")
                                .memory(m -> m.withBegun(OptionalLong.of(Situations.NOW)))
                                .heard("n1", peer(900)),
                        "election.wins"),
                row(
                        "lag tolerated",
                        race().set("maximum_lag_on_failover", 100)
                                .answers(standbyAnswer(900, false))
                                .heardNobody(),
                        "election.wins"),
                row(
                        "lags",
                        race().set("maximum_lag_on_failover", 100)
                                .answers(standbyAnswer(899, false)),
                        "election.lags-too-much"),
                row(
                        "old timeline",
                        race().set("check_timeline", true).history(clusterOnTimeline(3)),
                        "election.old-timeline"),
                row(
                        "a longer log that left the cluster's line isn't ahead",
                        race().history(clusterOnTimeline(2))
                                .heard("n3", peer(false, 2000, 1, Tags.NONE)),
                        "election.wins"),
                row(
                        "a leader was lost before it could tell of its timeline",
                        race().heard("n3", peer(false, 900, 3, Tags.NONE)),
                        "election.other-has-later-timeline"),
                row(
                        "it was, and who is on that timeline lags too much",
                        race().set("maximum_lag_on_failover", 50)
                                .heard("n3", peer(false, 900, 3, Tags.NONE)),
                        "election.wins"),
                row(
                        "it was, and this member is on that timeline",
                        race().history(clusterOnTimeline(1))
                                .heard("n3", peer(false, 2000, 1, Tags.NONE)),
                        "election.wins"),
                row(
                        "the remote's timelines say nothing",
                        StandbyClusterRows.of(race()).heard("n3", peer(false, 900, 3, Tags.NONE)),
                        "election.wins"),
                row(
                        "the own log left the cluster's line: only the part before counts",
                        race().history(clusterOnTimeline(3))
                                .heard("n3", peer(false, 901, 3, Tags.NONE)),
                        "election.other-is-ahead"),
                row(
                        "asked for by a switchover, lacks the last record",
                        race().request("n1", "n2", "")
                                .answers(standbyAnswer(999, false))
                                .heard("n3", peer(1000)),
                        "election.lacks-last-record"),
                row(
                        "asked for by a switchover, lacks the last record, and nobody comes",
                        race().request("n1", "n2", "")
                                .vacantFor(ofSeconds(30))
                                .answers(standbyAnswer(999, false))
                                .heardNobody(),
                        "election.wins"),
                row(
                        "asked for, and the former leader wasn't asked",
                        race().request("n1", "n2", "").ledBy("n1"),
                        "election.asks-former-leader"),
                row(
                        "asked for, and the former leader still is a primary",
                        race().request("n1", "n2", "")
                                .ledBy("n1")
                                .heard("n1", peer(true, 0, 2, Tags.NONE)),
                        "election.primary-alive"),
                row(
                        "another asked for by a switchover, lacks the last record",
                        race().request("n1", "n3", "").heard("n3", peer(999)),
                        "election.wins"),
                row(
                        "a switchover was asked for, and its leader still is a primary",
                        race().request("n1", "", "").heard("n1", peer(true, 0, 2, Tags.NONE)),
                        "election.primary-alive"),
                row(
                        "a switchover was asked for, its leader is silent, and the log grows",
                        race().request("n1", "", "")
                                .answers(standbyAnswer(1001, true))
                                .heardNobody(),
                        "election.wal-still-flows"),
                row(
                        "a switchover was asked for, and its leader is down",
                        race().request("n1", "", "")
                                .answers(standbyAnswer(1001, true))
                                .heard("n1", new PeerAnswer.NoPosition("stopped", "replica")),
                        "election.wins"),
                row(
                        "log grows",
                        race().answers(standbyAnswer(1001, true)).heardNobody(),
                        "election.wal-still-flows"),
                row(
                        "log grew, long ago",
                        race().vacantFor(ofMillis(7500))
                                .answers(standbyAnswer(1001, true))
                                .heardNobody(),
                        "election.wins"),
                row(
                        "just vacant",
                        race().vacantFor(ofMillis(199)).heardNobody(),
                        "election.looks-whether-wal-flows"),
                row(
                        "asked for",
                        race().request("n1", "n2", "").heardNobody(),
                        "election.requested"),
                row(
                        "asked for at no readable time",
                        race().request("n1", "n2", "soon"),
                        "election.asks-everybody"),
                row(
                        "another asked for",
                        race().request("n1", "n3", "").heard("n3", peer(1000)),
                        "election.leaves-to-candidate"),
                row(
                        "another asked for, and doesn't come",
                        race().vacantFor(ofSeconds(30))
                                .request("n1", "n3", "")
                                .heard("n3", peer(1000)),
                        "election.wins"),
                row(
                        "another asked for, doesn't answer yet",
                        race().request("n1", "n3", "").heard("n3", away),
                        "election.waits-for-candidate"),
                row(
                        "another asked for, away for 5 s",
                        race().vacantFor(ofSeconds(5)).request("n1", "n3", "").heard("n3", away),
                        "election.wins"),
                row("primary asks", leader().vacant(), "election.primary-asks"),
                row(
                        "the key was taken over from this primary",
                        leader().vacant().set("synchronous_mode", true).sync(0, "n2"),
                        "election.primary-not-synchronous"),
                row(
                        "primary alone",
                        leader().vacant().heardNobody(),
                        "election.primary-takes-key-back"),
                row(
                        "primary meets newer timeline",
                        leader().vacant().heard("n2", peer(false, 1000, 3, Tags.NONE)),
                        "election.primary-meets-newer"),
                row(
                        "stale primary",
                        leader().vacant().history(clusterOnTimeline(3)),
                        "election.stale-primary-stops"),
                row("primary in pause", leader().vacant().paused(), "pause.primary-takes-free-key"),
                row(
                        "renamed in pause, the key names its former name",
                        leader().vacant()
                                .paused()
                                .set("synchronous_mode", true)
                                .sync(0, "n9", "n2"),
                        "pause.primary-takes-free-key"));
    }

    static TimelineHistory clusterOnTimeline(int timeline) {
        return new TimelineHistory(
                true,
                List.of(
                        new TimelineHistory.Entry(
                                timeline - 1,
                                new Lsn(900),
                                "",
                                Optional.empty(),
                                Optional.empty())));
    }
}
