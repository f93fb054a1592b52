package io.kumki.agent.ha;

import io.kumki.dcs.cluster.ClusterSettings;
import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.Leadership;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.MemberName;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;

/**
 * Everything a turn decides from. Instants with "nanos" are on the monotonic clock.
 *
 * @param cluster as read in this turn; after a silent store the last view with {@link
 *     Leadership.Unknown}
 * @param server as observed in this turn
 * @param followsTarget whether the recovery settings in force are those that {@link
 *     Following#target} asks for
 * @param lease the own lease
 * @param ongoing the operation that runs
 * @param command what an operator waits for
 * @param peers answers of other members, if they were asked in this turn
 * @param memory of earlier turns
 * @param nowNanos monotonic now
 * @param wallClock for what people schedule, nothing else
 */
public record Situation(
        Self self,
        ClusterView cluster,
        ClusterSettings settings,
        LocalServer server,
        boolean followsTarget,
        Lease lease,
        Optional<Ongoing> ongoing,
        Optional<OperatorCommand> command,
        Optional<SortedMap<MemberName, PeerAnswer>> peers,
        Memory memory,
        long nowNanos,
        Instant wallClock) {

    /**
     * @param leaseId the store's id, empty before the first grant
     * @param sentNanos when the last good refresh was sent
     * @param leaderUntilNanos up to when this member leads for sure; empty if it doesn't lead. It
     *     may lie in the past: then the lead is lost
     * @param resetAtNanos when the armed watchdog resets this machine unless a renewal comes before
     */
    public record Lease(
            OptionalLong leaseId,
            OptionalLong sentNanos,
            OptionalLong leaderUntilNanos,
            OptionalLong resetAtNanos) {

        public Lease(OptionalLong leaseId, OptionalLong sentNanos, OptionalLong leaderUntilNanos) {
            this(leaseId, sentNanos, leaderUntilNanos, OptionalLong.empty());
        }

        public Lease withResetAt(OptionalLong nanos) {
            return new Lease(leaseId, sentNanos, leaderUntilNanos, nanos);
        }

        /** What comes first of the lease's end and the machine's; empty without the lead. */
        public OptionalLong endNanos() {
            return endsWithReset() ? resetAtNanos : leaderUntilNanos;
        }

        boolean endsWithReset() {
            return leaderUntilNanos.isPresent()
                    && resetAtNanos.isPresent()
                    && resetAtNanos.getAsLong() - leaderUntilNanos.getAsLong() < 0;
        }

        public static final Lease NONE =
                new Lease(OptionalLong.empty(), OptionalLong.empty(), OptionalLong.empty());
    }

    /**
     * @param shutdownLsn during a clean stop: the last position, once no commit can follow
     */
    public record Ongoing(Operation operation, long startedNanos, Optional<Lsn> shutdownLsn) {}

    public MemberName me() {
        return self.name();
    }

    /** Whether commits shall wait for standbys, and for which. */
    ClusterSettings.SynchronousMode synchronousMode() {
        return settings.synchronousMode();
    }

    public boolean paused() {
        return settings.pause();
    }

    /** The store gave no answer: nothing is known about who leads. */
    public boolean etcdSilent() {
        return cluster.leadership() instanceof Leadership.Unknown;
    }

    /** What hides who leads; empty text while that is known. */
    String silence() {
        return cluster.leadership() instanceof Leadership.Unknown unknown ? unknown.why() : "";
    }

    /** Nothing but the store's silence hides who leads. */
    boolean onlyStoreSilent() {
        return cluster.leadership() instanceof Leadership.Unknown unknown && unknown.storeSilent();
    }

    /**
     * The cluster gets its log from a remote ({@code standby_cluster}): nobody here writes, and
     * what a member lacks the remote has.
     */
    boolean followsRemote() {
        return settings.standbyCluster().isPresent();
    }

    public boolean vacant() {
        return cluster.leadership() instanceof Leadership.Vacant;
    }

    public boolean iHoldKey() {
        return cluster.leadership().heldBy(me());
    }

    public boolean otherLeads() {
        return cluster.leader().filter(name -> !name.equals(me())).isPresent();
    }

    /**
     * Lease left as leader; zero without the lead or past its deadline. An armed watchdog ends it
     * earlier: a server that isn't stopped by then goes down with the machine.
     */
    public Duration leaseLeft() {
        return lease.endNanos().isPresent()
                ? Duration.ofNanos(Math.max(0, lease.endNanos().getAsLong() - nowNanos))
                : Duration.ZERO;
    }

    /** Whether this member is leader by its own clock. */
    public boolean leadsByClock() {
        return !leaseLeft().isZero();
    }

    /** Whether this member leads, by the key or, while the store is silent, by its own clock. */
    boolean leads() {
        return iHoldKey() || etcdSilent() && leadsByClock();
    }

    /** Whether this member led and its deadline passed without a renewal. */
    public boolean leaseRanOut() {
        return lease.leaderUntilNanos().isPresent() && leaseLeft().isZero();
    }

    /**
     * Time that must be left of the lease when a clean stop begins: half of it for the clean stop,
     * half for the hard one. Before a watchdog it is at most half of what is left when the next
     * renewal is due: an ordinary renewal mustn't come too late.
     */
    public Duration stopMargin() {
        Duration quarter = settings.timing().ttl().dividedBy(4);
        Duration margin = quarter.compareTo(MAX_STOP_MARGIN) < 0 ? quarter : MAX_STOP_MARGIN;
        if (!lease.endsWithReset() || lease.sentNanos().isEmpty()) {
            return margin;
        }
        long counts = lease.resetAtNanos().getAsLong() - lease.sentNanos().getAsLong();
        Duration half = Duration.ofNanos(counts).minus(settings.timing().loopWait()).dividedBy(2);
        Duration atMost = half.isNegative() ? Duration.ZERO : half;
        return margin.compareTo(atMost) < 0 ? margin : atMost;
    }

    private static final Duration MAX_STOP_MARGIN = Duration.ofSeconds(5);

    /**
     * Whether the server may be taking writes, or begin to at any moment: it said that it is a
     * primary, or it can't be asked and nothing shows that it is a standby.
     */
    public boolean couldWrite() {
        if (ongoing.filter(work -> makesPrimary(work.operation())).isPresent()) {
            return true;
        }
        if (server.answer().isPresent()) {
            return server.primary();
        }
        return server.postmaster() != LocalServer.Postmaster.STOPPED && startsAsPrimary();
    }

    /** What the last look showed may be over by now: such an operation ends with a primary. */
    private boolean makesPrimary(Operation operation) {
        return switch (operation) {
            case Operation.Promote(), Operation.StartPrimary _ -> true;
            case Operation.Restart _ ->
                    server.answer().isPresent() ? server.primary() : startsAsPrimary();
            case Operation.Bootstrap(),
                    Operation.FinishBootstrap(),
                    Operation.DiscardBootstrap(),
                    Operation.Clone _,
                    Operation.CloneRemote _,
                    Operation.StartStandby _,
                    Operation.StepDown _,
                    Operation.DemoteCluster(),
                    Operation.StopInTime _,
                    Operation.FenceStop(),
                    Operation.Follow _,
                    Operation.CopySlots _,
                    Operation.Assess _,
                    Operation.Rewind _,
                    Operation.SingleUserRecovery() ->
                    false;
        };
    }

    /**
     * How long a clean stop of the primary may take ({@code primary_stop_timeout}). Only where
     * standbys confirm each commit: there a stop cut short loses nothing that was acknowledged.
     */
    Optional<Duration> stopLimit() {
        boolean confirmed =
                settings.synchronousMode() != ClusterSettings.SynchronousMode.OFF
                        && settings.primaryStopTimeout().isPositive();
        return confirmed ? Optional.of(settings.primaryStopTimeout()) : Optional.empty();
    }

    /** Nothing shows that the data directory is a standby's. */
    private boolean startsAsPrimary() {
        return server.control()
                .map(control -> !control.standbySignal())
                .orElse(memory.wasPrimary());
    }

    /** An operator wants this agent to end. */
    public boolean endingAsked() {
        return command.filter(OperatorCommand.Shutdown.class::isInstance).isPresent();
    }

    /** Nanoseconds since an instant. */
    public Duration since(long instantNanos) {
        return Duration.ofNanos(nowNanos - instantNanos);
    }

    public boolean reached(OptionalLong instantNanos) {
        return instantNanos.isEmpty() || nowNanos - instantNanos.getAsLong() >= 0;
    }

    /** Whether the time in which this member leaves the lead to others is over. */
    public boolean yieldIsOver() {
        return reached(memory.yieldUntilNanos());
    }

    /**
     * The own position in the log: flushed on a primary, the larger of received and replayed on a
     * standby.
     */
    public Lsn position() {
        return server.answer()
                .map(answer ->
                        switch (answer) {
                            case LocalServer.Answer.Primary primary -> primary.flushedLsn();
                            case LocalServer.Answer.Standby standby -> standby.position();
                        })
                .orElse(Lsn.ZERO);
    }

    public int timeline() {
        return server.answer()
                .map(answer ->
                        switch (answer) {
                            case LocalServer.Answer.Primary primary -> primary.timeline();
                            case LocalServer.Answer.Standby standby -> standby.timeline();
                        })
                .orElse(0);
    }

    /** The same, with the answer whether it {@link #followsTarget}. */
    public Situation withFollowsTarget(boolean follows) {
        return copy(follows, memory);
    }

    public Situation withMemory(Memory other) {
        return copy(followsTarget, other);
    }

    private Situation copy(boolean follows, Memory other) {
        return new Situation(
                self, cluster, settings, server, follows, lease, ongoing, command, peers, other,
                nowNanos, wallClock);
    }
}
