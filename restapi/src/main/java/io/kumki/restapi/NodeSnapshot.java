package io.kumki.restapi;

import io.kumki.dcs.cluster.ClusterSettings;
import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.ParameterChange;
import io.kumki.dcs.cluster.ScheduledRestart;
import io.kumki.dcs.cluster.Tags;
import io.kumki.dcs.cluster.Volumes;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Everything that the API says about this node, at one moment. Immutable.
 *
 * @param scope cluster name
 * @param name member name
 * @param server the local server
 * @param leadership own right to lead
 * @param cluster the last view of the store, if one is cached
 * @param settings dynamic settings in force
 * @param tags as shown: those of a member that waits to leave the synchronous set differ
 * @param configuredTags after filtering; what {@code tag_KEY} compares with
 * @param loop the loop's own state
 * @param scheduledRestart a restart that waits for its time
 * @param failsafeActiveUntilNanos monotonic end of failsafe mode's effect; empty if it isn't active
 * @param watchdogFailed a required watchdog that isn't there
 * @param condition what an operator should look after
 */
public record NodeSnapshot(
        String scope,
        String name,
        ServerStatus server,
        Leadership leadership,
        Optional<CachedCluster> cluster,
        ClusterSettings settings,
        Tags tags,
        Tags configuredTags,
        LoopState loop,
        Optional<ScheduledRestart> scheduledRestart,
        OptionalLong failsafeActiveUntilNanos,
        boolean watchdogFailed,
        Condition condition) {

    /**
     * What an operator should look after.
     *
     * @param volumes the room on the server's volumes
     * @param crashes of the primary that are remembered and count
     * @param impaired why another member should rather lead, all else being equal
     * @param trouble why the lead is given away or the server stays down
     * @param primaries members that are seen to be primaries at the same time, two at least; empty
     *     if there is no sign of more than one
     */
    public record Condition(
            Volumes volumes,
            int crashes,
            Optional<String> impaired,
            Optional<String> trouble,
            List<String> primaries) {

        public static final Condition GOOD =
                new Condition(Volumes.UNKNOWN, 0, Optional.empty(), Optional.empty(), List.of());

        public Condition {
            primaries = List.copyOf(primaries);
        }
    }

    /** The same in this condition. */
    public NodeSnapshot withCondition(Condition other) {
        return with(server, cluster, scheduledRestart, other);
    }

    /**
     * @param validUntilNanos monotonic instant up to which this node leads; empty if it doesn't.
     *     Past it the node is no leader, whatever else this snapshot says
     */
    public record Leadership(OptionalLong validUntilNanos) {
        public static final Leadership NONE = new Leadership(OptionalLong.empty());

        public boolean held(long nowNanos) {
            return validUntilNanos.isPresent() && nowNanos - validUntilNanos.getAsLong() < 0;
        }
    }

    /** A view of the store and the monotonic instant up to which the API may rely on it. */
    public record CachedCluster(ClusterView view, long validUntilNanos) {}

    /**
     * @param nextRunNanos planned begin of the next turn (monotonic)
     * @param livenessLimitNanos how late the next turn may be before {@code /liveness} says 503
     * @param dcsLastSeen wall-clock time of the last good read of the store, epoch if there was
     *     none
     */
    public record LoopState(long nextRunNanos, long livenessLimitNanos, Instant dcsLastSeen) {}

    /**
     * The local server.
     *
     * @param state one of the contract's state texts, or {@code unknown}
     * @param role {@code primary}, {@code replica}, {@code standby_leader}, {@code promoted},
     *     {@code demoted}, {@code uninitialized}
     * @param rememberedRole the role the agent remembers, which the readiness and liveness rules
     *     use
     * @param answer what the server answered; empty if it isn't running or doesn't answer: then the
     *     short form of the status document is served, which makes this node ineligible in
     *     elections
     * @param systemIdentifier decimal digits
     * @param pendingRestart empty if no restart is needed
     * @param copying a copy of another server's data that is being made here
     * @param parameterProblems server parameters that aren't in force as configured, one sentence
     *     each
     * @param slotsReady logical slots of a standby, and whether a promotion now would lose nothing
     *     of each
     * @param standstill a standby that doesn't move although its leader is ahead
     * @param rejoin the step of the way back that this member is at; empty if it isn't on it
     */
    public record ServerStatus(
            String state,
            String role,
            String rememberedRole,
            Optional<Answer> answer,
            Optional<String> systemIdentifier,
            SortedMap<String, ParameterChange> pendingRestart,
            Optional<CloneProgress> copying,
            List<String> parameterProblems,
            SortedMap<String, Boolean> slotsReady,
            Optional<Standstill> standstill,
            Optional<Rejoin> rejoin) {

        public ServerStatus {
            parameterProblems = List.copyOf(parameterProblems);
            slotsReady = Collections.unmodifiableSortedMap(new TreeMap<>(slotsReady));
        }

        /** No copy is being made, no parameter is wrong. */
        public ServerStatus(
                String state,
                String role,
                String rememberedRole,
                Optional<Answer> answer,
                Optional<String> systemIdentifier,
                SortedMap<String, ParameterChange> pendingRestart,
                Optional<Standstill> standstill) {
            this(
                    state,
                    role,
                    rememberedRole,
                    answer,
                    systemIdentifier,
                    pendingRestart,
                    Optional.empty(),
                    List.of(),
                    new TreeMap<>(),
                    standstill,
                    Optional.empty());
        }

        /** And it doesn't stand still. */
        public ServerStatus(
                String state,
                String role,
                String rememberedRole,
                Optional<Answer> answer,
                Optional<String> systemIdentifier,
                SortedMap<String, ParameterChange> pendingRestart) {
            this(
                    state,
                    role,
                    rememberedRole,
                    answer,
                    systemIdentifier,
                    pendingRestart,
                    Optional.empty());
        }
    }

    /**
     * A standby that neither receives nor replays anything although its leader is ahead.
     *
     * @param time for how long, at the last look at the server
     * @param reason a sentence with the positions
     */
    public record Standstill(Duration time, String reason) {

        /** Three of the usual rounds in which a leader publishes its position. */
        private static final Duration TOLERATED = Duration.ofSeconds(30);

        /** Whether it lasts so long that the standby shouldn't be read from. */
        public boolean unhealthy() {
            return time.compareTo(TOLERATED) >= 0;
        }
    }

    /**
     * A step by which a member comes back.
     *
     * @param rule name of the rule that decided on it
     * @param reason with its number and its time limit
     * @param since when it was decided first
     */
    public record Rejoin(String rule, String reason, Instant since) {}

    /**
     * How far a copy has come.
     *
     * @param method replica method, such as {@code basebackup}
     * @param source where it comes from; {@code none} for a method without a source
     * @param bytes what lies in the data directory and its tablespaces now
     * @param totalBytes what the source has; empty if it isn't known
     * @param seconds since the method began
     */
    public record CloneProgress(
            String method, String source, long bytes, OptionalLong totalBytes, long seconds) {

        private static final int TELL_SECONDS = 10;

        /** Of the total, 100 at most; empty without a total. */
        public OptionalLong percent() {
            return totalBytes.isPresent() && totalBytes.getAsLong() > 0
                    ? OptionalLong.of((long) Math.min(100, bytes * 100.0 / totalBytes.getAsLong()))
                    : OptionalLong.empty();
        }

        /** Whether it has got further by a percent or by ten seconds. */
        public boolean worthTellingAfter(Optional<CloneProgress> before) {
            return before.isEmpty()
                    || !percent().equals(before.get().percent())
                    || seconds < before.get().seconds()
                    || seconds - before.get().seconds() >= TELL_SECONDS;
        }
    }

    /** The same with this progress. */
    public NodeSnapshot withClone(CloneProgress progress) {
        return with(
                Optional.of(progress),
                server.parameterProblems(),
                server.slotsReady(),
                server.rejoin());
    }

    /** The same with these parameters that are not in force as configured. */
    public NodeSnapshot withParameterProblems(List<String> problems) {
        return with(server.copying(), problems, server.slotsReady(), server.rejoin());
    }

    /** The same with these logical slots. */
    public NodeSnapshot withSlotsReady(SortedMap<String, Boolean> ready) {
        return with(server.copying(), server.parameterProblems(), ready, server.rejoin());
    }

    /** The same at this step of the way back. */
    public NodeSnapshot withRejoin(Optional<Rejoin> rejoin) {
        return with(server.copying(), server.parameterProblems(), server.slotsReady(), rejoin);
    }

    /** The same with this view of the store. */
    public NodeSnapshot withCluster(Optional<CachedCluster> other) {
        return with(server, other, scheduledRestart, condition);
    }

    /** The same with this restart that waits for its time. */
    public NodeSnapshot withScheduledRestart(Optional<ScheduledRestart> other) {
        return with(server, cluster, other, condition);
    }

    /** The same, as if its server had given no answer: what is remembered. */
    public NodeSnapshot withoutAnswer() {
        return withServer(
                new ServerStatus(
                        server.state().equals("running") ? "unknown" : server.state(),
                        server.rememberedRole(),
                        server.rememberedRole(),
                        Optional.empty(),
                        server.systemIdentifier(),
                        server.pendingRestart(),
                        server.copying(),
                        server.parameterProblems(),
                        server.slotsReady(),
                        server.standstill(),
                        server.rejoin()));
    }

    private NodeSnapshot with(
            Optional<CloneProgress> copying,
            List<String> parameterProblems,
            SortedMap<String, Boolean> slotsReady,
            Optional<Rejoin> rejoin) {
        return withServer(
                new ServerStatus(
                        server.state(),
                        server.role(),
                        server.rememberedRole(),
                        server.answer(),
                        server.systemIdentifier(),
                        server.pendingRestart(),
                        copying,
                        parameterProblems,
                        slotsReady,
                        server.standstill(),
                        rejoin));
    }

    private NodeSnapshot withServer(ServerStatus other) {
        return with(other, cluster, scheduledRestart, condition);
    }

    private NodeSnapshot with(
            ServerStatus server,
            Optional<CachedCluster> cluster,
            Optional<ScheduledRestart> scheduledRestart,
            Condition condition) {
        return new NodeSnapshot(
                scope,
                name,
                server,
                leadership,
                cluster,
                settings,
                tags,
                configuredTags,
                loop,
                scheduledRestart,
                failsafeActiveUntilNanos,
                watchdogFailed,
                condition);
    }

    /**
     * What the server itself said.
     *
     * @param serverVersion such as 150020
     * @param timeline 0 if unknown
     * @param leaderEndLsn standby: the leader's latest position that the WAL receiver reported
     * @param replicationState standby: {@code streaming} or {@code in archive recovery}
     * @param senders WAL senders, base backups included
     */
    public record Answer(
            OffsetDateTime postmasterStartTime,
            int serverVersion,
            Wal wal,
            int timeline,
            Optional<Lsn> leaderEndLsn,
            Optional<String> replicationState,
            List<Sender> senders) {}

    /** The log: a primary's or a standby's. */
    public sealed interface Wal {
        record Primary(Lsn location) implements Wal {}

        /**
         * @param received written position of the WAL receiver if known, else received, else
         *     replayed
         * @param paused whether replay is paused
         * @param receivedSinceStart something was received since the start: until then a standby
         *     that was started knows of its own log only what it has replayed
         */
        record Standby(
                Optional<Lsn> received,
                Optional<Lsn> replayed,
                Optional<OffsetDateTime> replayedTimestamp,
                boolean paused,
                boolean receivedSinceStart)
                implements Wal {}
    }

    /** One row of {@code pg_stat_replication}. */
    public record Sender(
            String usename,
            String applicationName,
            Optional<String> clientAddr,
            String state,
            String syncState,
            int syncPriority) {}
}
