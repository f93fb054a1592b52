package io.kumki.agent.ha;

import io.kumki.agent.ha.LocalServer.Answer;
import io.kumki.agent.ha.LocalServer.ClusterState;
import io.kumki.agent.ha.LocalServer.ControlData;
import io.kumki.agent.ha.LocalServer.DataDirectory;
import io.kumki.agent.ha.LocalServer.Postmaster;
import io.kumki.dcs.cluster.ClusterSettings;
import io.kumki.dcs.cluster.ClusterStatus;
import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.DynamicConfig;
import io.kumki.dcs.cluster.FailoverRequest;
import io.kumki.dcs.cluster.Leadership;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.dcs.cluster.SyncState;
import io.kumki.dcs.cluster.Tags;
import io.kumki.dcs.cluster.TimelineHistory;
import io.kumki.dcs.cluster.Volumes;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.UnaryOperator;

/**
 * Situations that state only what differs from a healthy cluster: n1 leads on timeline 2 at
 * position 1000, n2 and n3 stream from it.
 */
final class Situations {
    static final String SYSID = "7000000000000000001";
    static final long NOW = Duration.ofHours(1).toNanos();
    static final Instant WALL = Instant.parse("2026-01-02T03:04:05Z");
    static final Lsn POSITION = new Lsn(1000);
    static final long REQUEST_REVISION = 77;
    static final LocalServer.ServerInfo INFO = info(List.of("n1", "n2", "n3"));

    /** A server to which these members' receivers are connected. */
    static LocalServer.ServerInfo info(List<String> streaming) {
        return new LocalServer.ServerInfo(
                "2026-01-01 00:00:00.000000+00:00",
                150004,
                streaming.stream().map(Situations::sender).toList());
    }

    private static LocalServer.Sender sender(String name) {
        return new LocalServer.Sender(
                "replicator",
                name,
                Optional.empty(),
                "streaming",
                "async",
                0,
                POSITION,
                POSITION,
                POSITION,
                name);
    }

    private MemberName me;
    private Optional<String> initialize = Optional.of(SYSID);
    private Leadership leadership;
    private final SortedMap<MemberName, Member> members = new TreeMap<>();
    private Optional<DynamicConfig> config = Optional.of(new DynamicConfig(Map.of("ttl", 30), 1));
    private FailoverRequest failover = FailoverRequest.NONE;
    private SyncState sync = SyncState.NONE;
    private ClusterStatus status =
            new ClusterStatus(Optional.of(POSITION), new TreeMap<>(), List.of());
    private TimelineHistory history =
            new TimelineHistory(
                    true,
                    List.of(
                            new TimelineHistory.Entry(
                                    1, new Lsn(500), "", Optional.empty(), Optional.empty())));
    private Optional<SortedMap<MemberName, String>> failsafe = Optional.empty();
    private final Map<String, Object> settings = new TreeMap<>();
    private Tags tags = Tags.NONE;
    private boolean mayBootstrap = true;
    private boolean customBootstrap;
    private boolean clonesWithoutSource;
    private Optional<String> unfit = Optional.empty();
    private Optional<String> unguarded = Optional.empty();
    private Self.RejoinPolicy rejoin = new Self.RejoinPolicy(true, false, false);
    private DataDirectory data;
    private Postmaster postmaster = Postmaster.RUNNING;
    private Health health = Health.UNKNOWN;
    private Optional<Answer> answer;
    private boolean followsTarget = true;
    private Situation.Lease lease = Situation.Lease.NONE;
    private Optional<Situation.Ongoing> ongoing = Optional.empty();
    private Optional<OperatorCommand> command = Optional.empty();
    private Optional<SortedMap<MemberName, PeerAnswer>> peers = Optional.empty();
    private Memory memory = Memory.FRESH.withBegun(OptionalLong.of(0)).withLeadLapsed(false);
    private Instant wall = WALL;
    private long now = NOW;

    private final TreeMap<String, Boolean> slotsReady = new TreeMap<>();
    private boolean clientsHeldOff;
    private Self.SlotPolicy slotPolicy =
            new Self.SlotPolicy(
                    true,
                    new TreeMap<>(),
                    List.of(
                            new IgnoredSlot(
                                    Optional.of("keepme"),
                                    Optional.empty(),
                                    Optional.empty(),
                                    Optional.empty())));

    Situations permanent(String name, PermanentSlot slot) {
        TreeMap<String, PermanentSlot> permanent = new TreeMap<>(slotPolicy.permanent());
        permanent.put(name, slot);
        slotPolicy = new Self.SlotPolicy(true, permanent, slotPolicy.ignored());
        return this;
    }

    /** A permanent logical slot, and whether a promotion here would lose nothing of it. */
    Situations logicalSlot(String name, boolean ready) {
        slotsReady.put(name, ready);
        return permanent(name, new PermanentSlot.Logical("app", "pgoutput"));
    }

    Situations ignoring(IgnoredSlot ignored) {
        slotPolicy = new Self.SlotPolicy(true, slotPolicy.permanent(), List.of(ignored));
        return this;
    }

    private Situations(String name, Answer answer, boolean standbySignal) {
        this.me = new MemberName(name);
        this.leadership = new Leadership.Held(new MemberName("n1"), 5, 6, 7);
        this.answer = Optional.of(answer);
        this.data = new DataDirectory.Initialized(control(ClusterState.IN_PRODUCTION, false));
        if (standbySignal) {
            data = new DataDirectory.Initialized(control(ClusterState.IN_ARCHIVE_RECOVERY, true));
        }
        member("n1", "primary", Tags.NONE);
        member("n2", "replica", Tags.NONE);
        member("n3", "replica", Tags.NONE);
    }

    /** This member is n1: a primary with the key and 20 s of lease. */
    static Situations leader() {
        return new Situations("n1", new Answer.Primary(INFO, 2, POSITION, List.of()), false)
                .leaseLeft(Duration.ofSeconds(20));
    }

    /** This member is n2: a standby that streams from n1. */
    static Situations standby() {
        return new Situations("n2", standbyAnswer(1000, true), true);
    }

    static Answer.Standby standbyAnswer(long position, boolean streams, LocalServer.Slot... slots) {
        Optional<LocalServer.Receiver> receiver =
                streams
                        ? Optional.of(
                                new LocalServer.Receiver("streaming", "h", 5432, "", Lsn.ZERO))
                        : Optional.empty();
        return new Answer.Standby(
                INFO,
                2,
                new Lsn(position),
                new Lsn(position),
                Optional.empty(),
                false,
                receiver,
                false,
                false,
                List.of(slots));
    }

    /** One that applies what it gets only later, and gets nothing now. */
    static Answer.Standby delayedAnswer() {
        return new Answer.Standby(
                INFO,
                2,
                new Lsn(1000),
                new Lsn(900),
                Optional.empty(),
                false,
                Optional.empty(),
                false,
                true,
                List.of());
    }

    static ControlData control(ClusterState state, boolean standbySignal) {
        return new ControlData(
                SYSID, state, 1, POSITION, Lsn.ZERO, 0, standbySignal, false, false, true);
    }

    static PeerAnswer.Reached peer(long position) {
        return peer(false, position, 2, Tags.NONE);
    }

    static PeerAnswer.Reached peerWithReady(Tags tags, String... slots) {
        return new PeerAnswer.Reached(
                false,
                "running",
                POSITION,
                2,
                tags,
                false,
                new TreeSet<>(List.of(slots)),
                true,
                Optional.empty());
    }

    /** Started a moment ago: it may have more than it has replayed. */
    static PeerAnswer.Reached restartedPeer(long position) {
        return new PeerAnswer.Reached(
                false,
                "running",
                new Lsn(position),
                2,
                Tags.NONE,
                false,
                new TreeSet<>(),
                false,
                Optional.empty());
    }

    static PeerAnswer.Reached peer(boolean primary, long position, int timeline, Tags tags) {
        return new PeerAnswer.Reached(primary, "running", new Lsn(position), timeline, tags, false);
    }

    Situations member(String name, String role, Tags memberTags) {
        MemberName key = new MemberName(name);
        Member.Addresses addresses =
                new Member.Addresses(
                        Optional.of("postgres://" + name + ":5432/postgres"),
                        Optional.of("http://" + name + ":8008/patroni"),
                        Optional.empty());
        Member.WalProgress wal =
                new Member.WalProgress(
                        Optional.of(POSITION),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        2);
        members.put(
                key,
                new Member(
                        key,
                        addresses,
                        Member.Status.of("running", role, "4.1.4"),
                        wal,
                        memberTags,
                        9));
        return this;
    }

    Situations change(String name, UnaryOperator<Member> change) {
        members.computeIfPresent(new MemberName(name), (_, old) -> change.apply(old));
        return this;
    }

    Situations without(String name) {
        members.remove(new MemberName(name));
        return this;
    }

    /** This member is another one, and leads. */
    Situations named(String name) {
        me = new MemberName(name);
        return held(name);
    }

    Situations held(String name) {
        leadership = new Leadership.Held(new MemberName(name), 5, 6, 7);
        return this;
    }

    /** Another instant than {@link #NOW}. */
    Situations at(long nanos) {
        now = nanos;
        return this;
    }

    Situations vacant() {
        leadership = new Leadership.Vacant();
        return memory(m ->
                m.withVacancy(
                        Optional.of(
                                new Memory.Vacancy(
                                        NOW - Duration.ofSeconds(1).toNanos(), POSITION))));
    }

    Situations silent() {
        leadership = new Leadership.Unknown("etcd silent", true);
        return this;
    }

    /** The store answered, and what it said leaves the lead in doubt. */
    Situations inDoubt(String why) {
        leadership = new Leadership.Unknown(why, false);
        return this;
    }

    Situations paused() {
        return set("pause", true);
    }

    Situations set(String key, Object value) {
        settings.put(key, value);
        return this;
    }

    Situations initialize(String text) {
        initialize = Optional.of(text);
        return this;
    }

    Situations noCluster() {
        initialize = Optional.empty();
        return this;
    }

    Situations history(TimelineHistory other) {
        history = other;
        return this;
    }

    Situations status(ClusterStatus other) {
        status = other;
        return this;
    }

    /** It has told the leader so long ago that it goes. */
    Situations leavingFor(Duration time) {
        return memory(m ->
                m.withLeavesSync(
                        Optional.of(new SyncLeave(NOW - time.toNanos(), OptionalLong.empty()))));
    }

    /** The key has let go of it so long ago. */
    Situations freeFor(Duration time) {
        return memory(m ->
                m.withLeavesSync(
                        Optional.of(
                                new SyncLeave(
                                        NOW - Duration.ofSeconds(3).toNanos(),
                                        OptionalLong.of(NOW - time.toNanos())))));
    }

    Situations clientsHeldOff() {
        clientsHeldOff = true;
        return this;
    }

    Situations sync(int syncQuorum, String leader, String... standbys) {
        List<MemberName> names = new ArrayList<>();
        for (String name : standbys) {
            names.add(new MemberName(name));
        }
        sync = new SyncState(Optional.of(new MemberName(leader)), syncQuorum, names, 3);
        return this;
    }

    Situations sync(SyncState state) {
        sync = state;
        return this;
    }

    Situations failsafe(String... names) {
        SortedMap<MemberName, String> map = new TreeMap<>();
        for (String name : names) {
            map.put(new MemberName(name), "http://" + name);
        }
        failsafe = Optional.of(map);
        return this;
    }

    /** {@code leader} and {@code candidate} may be empty, {@code at} too. */
    Situations request(String leader, String candidate, String at) {
        failover =
                new FailoverRequest(
                        name(leader),
                        name(candidate),
                        at.isEmpty() ? Optional.empty() : Optional.of(at),
                        REQUEST_REVISION);
        return this;
    }

    Situations requestedAt(long revision) {
        failover =
                new FailoverRequest(
                        failover.leader(), failover.candidate(), failover.scheduledAt(), revision);
        return this;
    }

    /** A later revision was seen, and a later sync key. */
    Situations setBack() {
        return setBack(new SyncState(Optional.of(new MemberName("n1")), 0, List.of(), 60));
    }

    /** A later revision was seen, and no sync key. */
    Situations setBackAsynchronous() {
        return setBack(SyncState.NONE);
    }

    private Situations setBack(SyncState before) {
        return memory(m ->
                m.withStoreTrust(
                        new StoreTrust(
                                view(
                                        new Leadership.Held(new MemberName("n1"), 5, 6, 7),
                                        before,
                                        200),
                                Duration.ofSeconds(30),
                                Optional.empty())));
    }

    /** All agents have known since so long that the store was set back. */
    Situations setBackSince(Duration time, boolean commitsWaited) {
        return memory(m ->
                m.withStoreTrust(
                        new StoreTrust(
                                view(leadership, sync, 100),
                                Duration.ofSeconds(30),
                                Optional.of(
                                        new StoreTrust.Doubt(
                                                98,
                                                NOW - time.toNanos(),
                                                Duration.ofSeconds(30),
                                                members,
                                                commitsWaited)))));
    }

    /** Somebody has noticed, and these were members. */
    Situations marked(long revision, String... names) {
        SortedSet<MemberName> all = new TreeSet<>();
        for (String name : names) {
            all.add(new MemberName(name));
        }
        SyncState mark = SetBackMark.of(all);
        sync = new SyncState(mark.leader(), 0, List.of(), revision);
        return this;
    }

    /** Nothing is known of what was before. */
    Situations newAgent() {
        return memory(m -> m.withLeadLapsed(true));
    }

    private static Optional<MemberName> name(String text) {
        return text.isEmpty() ? Optional.empty() : Optional.of(new MemberName(text));
    }

    Situations tagged(Map<String, ?> values) {
        tags = Tags.of(values);
        return this;
    }

    /** A replica method needs no leader. */
    Situations customBootstrap() {
        customBootstrap = true;
        return this;
    }

    Situations clonesWithoutSource() {
        clonesWithoutSource = true;
        return this;
    }

    Situations mayNotBootstrap() {
        mayBootstrap = false;
        return this;
    }

    Situations rejoin(boolean canRewind, boolean cloneAfterRewind, boolean cloneWhenDiverged) {
        rejoin = new Self.RejoinPolicy(canRewind, cloneAfterRewind, cloneWhenDiverged);
        return this;
    }

    Situations data(DataDirectory other) {
        data = other;
        return this;
    }

    Situations stopped(ClusterState state, boolean standbySignal) {
        postmaster = Postmaster.STOPPED;
        answer = Optional.empty();
        data = new DataDirectory.Initialized(control(state, standbySignal));
        return this;
    }

    /** What it replayed last, as the control file has it. */
    Situations recoveredOn(int timeline) {
        ControlData known = ((DataDirectory.Initialized) data).control();
        return control(timeline, known.standbySignal(), known.alone(), known.backupLabel());
    }

    Situations backupLabel() {
        ControlData known = ((DataDirectory.Initialized) data).control();
        return control(known.minRecoveryEndTimeline(), known.standbySignal(), known.alone(), true);
    }

    private Situations control(
            int minRecoveryEndTimeline, boolean standbySignal, boolean alone, boolean backupLabel) {
        ControlData known = ((DataDirectory.Initialized) data).control();
        data =
                new DataDirectory.Initialized(
                        new ControlData(
                                known.systemIdentifier(),
                                known.state(),
                                known.timeline(),
                                known.checkpointLsn(),
                                known.minRecoveryEnd(),
                                minRecoveryEndTimeline,
                                standbySignal,
                                alone,
                                backupLabel,
                                known.canRewind()));
        return this;
    }

    Situations without(DataDirectory directory) {
        postmaster = Postmaster.STOPPED;
        answer = Optional.empty();
        data = directory;
        return this;
    }

    /** So much room on the WAL volume. */
    Situations walRoom(long freeBytes) {
        health =
                new Health(
                        new Volumes(
                                Optional.of(new Volumes.Volume(1L << 40, 1L << 41)),
                                Optional.of(new Volumes.Volume(freeBytes, 1L << 41))),
                        health.ended());
        return this;
    }

    /** What the server died of. */
    Situations diedOf(Health.Cause.Kind kind, String text) {
        health = new Health(health.volumes(), Optional.of(new Health.Cause(kind, text)));
        return this;
    }

    /** Crashes so long ago each. */
    Situations crashes(int count, Duration ago) {
        return memory(m ->
                m.withCrashes(
                        new Crashes(
                                java.util.Collections.nCopies(count, NOW - ago.toNanos()),
                                Optional.empty(),
                                false)));
    }

    Situations mute(Postmaster state) {
        postmaster = state;
        answer = Optional.empty();
        return this;
    }

    Situations answers(Answer other) {
        answer = Optional.of(other);
        return this;
    }

    Situations followsAnother() {
        followsTarget = false;
        return this;
    }

    Situations leaseLeft(Duration left) {
        lease =
                new Situation.Lease(
                        OptionalLong.of(7),
                        OptionalLong.of(NOW),
                        OptionalLong.of(NOW + left.toNanos()));
        return this;
    }

    Situations noLease() {
        lease = Situation.Lease.NONE;
        return this;
    }

    Situations doing(Operation operation) {
        return doing(operation, null);
    }

    Situations doing(Operation operation, @org.jspecify.annotations.Nullable Lsn shutdown) {
        ongoing =
                Optional.of(
                        new Situation.Ongoing(
                                operation,
                                NOW - Duration.ofSeconds(2).toNanos(),
                                Optional.ofNullable(shutdown)));
        return this;
    }

    Situations command(OperatorCommand other) {
        command = Optional.of(other);
        return this;
    }

    Situations heard(String name, PeerAnswer said) {
        SortedMap<MemberName, PeerAnswer> all = new TreeMap<>(peers.orElse(new TreeMap<>()));
        all.put(new MemberName(name), said);
        peers = Optional.of(all);
        return this;
    }

    /** Everybody was asked, and nobody answered. */
    Situations heardNobody() {
        peers = Optional.of(new TreeMap<>());
        return this;
    }

    Situations memory(UnaryOperator<Memory> change) {
        memory = change.apply(memory);
        return this;
    }

    Situations stage(Memory.BootstrapStage stage) {
        return memory(m -> m.withBootstrap(stage));
    }

    Situations rejoining(UnaryOperator<Memory.Rejoin> change) {
        return memory(m -> m.withRejoin(change.apply(m.rejoin())));
    }

    Situations yields(Duration left) {
        return memory(m -> m.withYieldUntil(OptionalLong.of(NOW + left.toNanos())));
    }

    Situations crashedFor(Duration time) {
        return memory(m -> m.withCrashedSince(OptionalLong.of(NOW - time.toNanos())));
    }

    Situations stalledFor(Duration time) {
        return rejoining(r ->
                r.withStalledSince(OptionalLong.of(NOW - time.toNanos())).withReplayed(POSITION));
    }

    /** Who wrote the log of a timeline, as far as it is remembered. */
    Situations wrote(String member, int timeline) {
        return memory(
                m -> m.withLineage(Optional.of(new Lineage(new MemberName(member), timeline))));
    }

    /** The recovery configuration names nobody to stream from. */
    Situations alone() {
        ControlData known = ((DataDirectory.Initialized) data).control();
        return control(known.minRecoveryEndTimeline(), true, true, known.backupLabel());
    }

    Situations vacantFor(Duration time) {
        vacant();
        return memory(m ->
                m.withVacancy(Optional.of(new Memory.Vacancy(NOW - time.toNanos(), POSITION))));
    }

    Situations verdict(Divergence divergence) {
        return rejoining(r ->
                r.withVerdict(
                        divergence,
                        new Memory.Rejoin.VerdictLeader(Optional.of(new MemberName("n1")), 2)));
    }

    /** Who led when a leader was last seen; the members were those of now. */
    Situations ledBy(String name) {
        return memory(m -> m.withLastLocked(new Memory.LastLocked(new MemberName(name), members)));
    }

    /** A planned hand-over began; the last record is known since {@code known}, if at all. */
    Situations steppingDown(Optional<Duration> known, Optional<String> failure) {
        Optional<Memory.StepDown.Shutdown> shutdown =
                known.map(since -> new Memory.StepDown.Shutdown(POSITION, NOW - since.toNanos()));
        return memory(m ->
                m.withStepDown(
                        Optional.of(
                                new Memory.StepDown(77, Optional.empty(), 0, shutdown, failure))));
    }

    /** Why it must not be promoted. */
    Situations unfit(String why) {
        unfit = Optional.of(why);
        return this;
    }

    /** Why its server must not go on as a primary, and so it must not be promoted. */
    Situations unguarded(String why) {
        unguarded = Optional.of(why);
        return unfit(why);
    }

    /** The watchdog counted so long from the last renewal and has this left. */
    Situations resetIn(Duration left, Duration counts) {
        lease =
                new Situation.Lease(
                        lease.leaseId(),
                        OptionalLong.of(NOW + left.minus(counts).toNanos()),
                        lease.leaderUntilNanos(),
                        OptionalLong.of(NOW + left.toNanos()));
        return this;
    }

    private ClusterView view(Leadership leads, SyncState voters, long revision) {
        return new ClusterView(
                initialize,
                leads,
                members,
                config,
                failover,
                voters,
                status,
                history,
                failsafe,
                revision);
    }

    Situation get() {
        ClusterView view = view(leadership, sync, 100);
        Member.Addresses addresses =
                Optional.ofNullable(members.get(me))
                        .map(Member::addresses)
                        .orElse(Member.Addresses.NONE);
        return new Situation(
                new Self(
                        me,
                        addresses,
                        tags,
                        mayBootstrap,
                        clonesWithoutSource,
                        rejoin,
                        slotPolicy,
                        unfit,
                        unguarded,
                        customBootstrap),
                view,
                ClusterSettings.of(settings),
                new LocalServer(
                        data,
                        postmaster,
                        answer,
                        new TreeMap<>(),
                        slotsReady,
                        health,
                        clientsHeldOff),
                followsTarget,
                lease,
                ongoing,
                command,
                peers,
                memory,
                now,
                wall);
    }
}
