package io.kumki.agent.ha;

import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.ScheduledRestart;
import io.kumki.dcs.cluster.Tags;
import java.util.Optional;
import java.util.OptionalLong;

/** What this member tells the others about itself, in the words of the wire contract. */
public final class Published {

    /** The contract's version that we speak: peers decide by it what they may expect. */
    public static final String WIRE_VERSION = "4.1.4";

    private Published() {}

    /**
     * Until when this member leads, as it tells load balancers (monotonic): the lease's end, but
     * not any more from the moment in which it begins to step down. While etcd is silent nothing
     * brings a server back as primary that can't write any more: it has stepped down, though its
     * lease goes on.
     */
    public static OptionalLong leadsUntil(Situation s) {
        boolean goesOn = s.couldWrite() || s.settings().standbyCluster().isPresent();
        boolean keyIsOurs = s.etcdSilent() ? goesOn : s.iHoldKey();
        boolean stepsDown =
                s.ongoing().filter(ongoing -> ongoing.operation().demotes()).isPresent();
        return keyIsOurs && !stepsDown ? s.lease().endNanos() : OptionalLong.empty();
    }

    /** One of the contract's state texts. */
    public static String state(Situation s) {
        Optional<String> byOperation =
                s.ongoing()
                        .flatMap(ongoing ->
                                switch (ongoing.operation()) {
                                    case Operation.Bootstrap() -> Optional.of(bootstrapping(s));
                                    case Operation.Clone _, Operation.CloneRemote _ ->
                                            Optional.of("creating replica");
                                    case Operation.Restart _ -> Optional.of("restarting");
                                    default -> Optional.empty();
                                });
        return byOperation.orElseGet(() -> stateOfServer(s));
    }

    private static String bootstrapping(Situation s) {
        if (!s.self().customBootstrap()) {
            return "initializing new cluster";
        }
        return s.server().postmaster() == LocalServer.Postmaster.STOPPED
                ? "running custom bootstrap script"
                : "starting after custom bootstrap";
    }

    private static String stateOfServer(Situation s) {
        return switch (s.server().postmaster()) {
            case RUNNING -> "running";
            case STARTING -> "starting";
            case ORPHANED -> "crashed";
            case STOPPING ->
                    s.memory().failedWork().equals(Optional.of(Memory.FailedWork.STOP))
                            ? "stop failed"
                            : "stopping";
            case STOPPED -> {
                if (s.memory().bootstrap() instanceof Memory.BootstrapStage.Failed) {
                    yield s.self().customBootstrap() ? "custom bootstrap failed" : "initdb failed";
                }
                if (s.memory().rejoin().failedStarts() > 0) {
                    yield "start failed";
                }
                if (s.memory().failedWork().equals(Optional.of(Memory.FailedWork.RESTART))) {
                    yield "restart failed";
                }
                yield s.memory().crashedSinceNanos().isPresent() ? "crashed" : "stopped";
            }
        };
    }

    /**
     * {@code primary}, {@code replica}, {@code standby_leader}, {@code promoted}, {@code demoted}
     * or {@code uninitialized}.
     */
    public static String role(Situation s) {
        if (s.ongoing().isPresent() && s.ongoing().get().operation() instanceof Operation.Promote) {
            return s.server().primary() ? "primary" : "replica";
        }
        if (s.server().answer().isPresent()) {
            return s.server().primary() ? "primary" : standby(s);
        }
        if (s.server().control().isEmpty()) {
            return "uninitialized";
        }
        if (s.server().control().get().standbySignal()) {
            return standby(s);
        }
        return s.iHoldKey() && s.memory().stepDown().isEmpty() ? "primary" : "demoted";
    }

    /** The word for a standby: in a standby cluster one of them leads. */
    private static String standby(Situation s) {
        return s.leads() && s.followsRemote() ? "standby_leader" : "replica";
    }

    /** The own member entry. */
    public static Member member(Situation s, Optional<ScheduledRestart> scheduledRestart) {
        String role = role(s);
        boolean leads = s.iHoldKey() && role.equals("primary");
        boolean checkpointDue =
                leads && s.timeline() > 1 && s.memory().checkpointedTimeline() != s.timeline();
        Member.Status status =
                new Member.Status(
                        state(s),
                        role,
                        WIRE_VERSION,
                        checkpointDue,
                        !s.server().pendingRestart().isEmpty(),
                        s.server().pendingRestart(),
                        scheduledRestart,
                        s.paused());
        return new Member(
                s.me(),
                s.self().addresses(),
                status,
                wal(s),
                tags(s),
                s.lease().leaseId().orElse(0),
                s.server().health().volumes().coarse());
    }

    /** As configured, but for what it says while it goes. */
    public static Tags tags(Situation s) {
        return SyncLeave.tags(s);
    }

    private static Member.WalProgress wal(Situation s) {
        return switch (s.server().answer().orElse(null)) {
            case null -> Member.WalProgress.UNKNOWN;
            case LocalServer.Answer.Primary primary ->
                    new Member.WalProgress(
                            known(primary.flushedLsn()),
                            Optional.empty(),
                            Optional.empty(),
                            Optional.empty(),
                            primary.timeline());
            case LocalServer.Answer.Standby standby ->
                    new Member.WalProgress(
                            known(standby.position()),
                            known(standby.receivedLsn()),
                            known(standby.replayedLsn()),
                            replicationState(standby),
                            standby.timeline());
        };
    }

    /** {@code streaming}, else {@code in archive recovery} if there is an archive, else nothing. */
    public static Optional<String> replicationState(LocalServer.Answer.Standby standby) {
        if (standby.receiver().filter(LocalServer.Receiver::streaming).isPresent()) {
            return Optional.of("streaming");
        }
        return standby.restoreCommand() ? Optional.of("in archive recovery") : Optional.empty();
    }

    private static Optional<Lsn> known(Lsn lsn) {
        return lsn.isZero() ? Optional.empty() : Optional.of(lsn);
    }
}
