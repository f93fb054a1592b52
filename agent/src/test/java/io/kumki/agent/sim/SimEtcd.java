package io.kumki.agent.sim;

import io.kumki.dcs.ClusterStore.Change;
import io.kumki.dcs.cluster.ClusterStatus;
import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.DynamicConfig;
import io.kumki.dcs.cluster.FailoverRequest;
import io.kumki.dcs.cluster.Leadership;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.dcs.cluster.SyncState;
import io.kumki.dcs.cluster.TimelineHistory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One etcd: keys with revisions, leases that expire by its own clock, and an event for each change.
 * What happens here happens at one moment; everything between the members and here is the
 * network's.
 */
final class SimEtcd {

    static final String LEADER = "leader";
    static final String MEMBERS = "members/";

    private final SimWorld world;
    private final Chance chance;
    private final SortedMap<String, Entry> keys = new TreeMap<>();
    private final SortedMap<Long, Lease> leases = new TreeMap<>();
    private final List<Watcher> watchers = new ArrayList<>();
    private long revision = 1;
    private long nextLease = 100;
    private boolean down;
    private long disturbedAt = Long.MIN_VALUE / 2;
    private @Nullable String brokenPromiseTo;
    private long restoredAt;

    /** A key's value and where it comes from. */
    record Entry(Object value, long createRevision, long modRevision, long leaseId) {}

    /** Told of each change. */
    interface Watcher {
        void changed(Change change, Optional<MemberName> leaderGone);
    }

    private static final class Lease {
        private final Duration ttl;
        private long expiresAt;

        Lease(Duration ttl) {
            this.ttl = ttl;
        }
    }

    SimEtcd(SimWorld world, Chance chance) {
        this.world = world;
        this.chance = chance;
    }

    // ---- facts

    boolean down() {
        return down;
    }

    /** When the store itself last misbehaved. */
    long disturbedAt() {
        return disturbedAt;
    }

    /** Who holds the leader key, in truth. */
    Optional<String> leader() {
        return Optional.ofNullable(keys.get(LEADER)).map(entry -> entry.value().toString());
    }

    /** Keys up to this revision say what was true when the backup was made. */
    long restoredAt() {
        return restoredAt;
    }

    /**
     * Whose leader key was revoked or set back before its lease was over, and nobody took it since.
     */
    Optional<String> brokenPromiseTo() {
        return Optional.ofNullable(brokenPromiseTo);
    }

    Optional<Entry> entry(String key) {
        return Optional.ofNullable(keys.get(key));
    }

    /** All can know that it was set back. */
    boolean isMarked() {
        return sync().leader()
                .filter(name -> name.value().startsWith("(etcd was set back"))
                .isPresent();
    }

    boolean leaderHangsOn(String member, long leaseId) {
        Entry entry = keys.get(LEADER);
        return entry != null && entry.leaseId() == leaseId && entry.value().equals(member);
    }

    ClusterView view() {
        SortedMap<MemberName, Member> members = new TreeMap<>();
        keys.forEach((key, entry) -> {
            if (key.startsWith(MEMBERS)) {
                Member member = (Member) entry.value();
                members.put(member.name(), member);
            }
        });
        Entry leader = keys.get(LEADER);
        return new ClusterView(
                value("initialize", String.class),
                leader == null
                        ? new Leadership.Vacant()
                        : new Leadership.Held(
                                new MemberName(leader.value().toString()),
                                leader.createRevision(),
                                leader.modRevision(),
                                leader.leaseId()),
                members,
                config(),
                failover(),
                sync(),
                value("status", ClusterStatus.class).orElse(ClusterStatus.NONE),
                value("history", TimelineHistory.class).orElse(TimelineHistory.UNKNOWN),
                failsafe(),
                revision);
    }

    private Optional<DynamicConfig> config() {
        Entry entry = keys.get("config");
        if (entry == null) {
            return Optional.empty();
        }
        @SuppressWarnings("unchecked")
        Map<String, Object> values = (Map<String, Object>) entry.value();
        return Optional.of(new DynamicConfig(values, entry.modRevision()));
    }

    private SyncState sync() {
        Entry entry = keys.get("sync");
        if (entry == null) {
            return SyncState.NONE;
        }
        SyncState state = (SyncState) entry.value();
        return new SyncState(
                state.leader(), state.syncQuorum(), state.standbys(), entry.modRevision());
    }

    private Optional<SortedMap<MemberName, String>> failsafe() {
        Entry entry = keys.get("failsafe");
        if (entry == null) {
            return Optional.empty();
        }
        @SuppressWarnings("unchecked")
        SortedMap<MemberName, String> members = (SortedMap<MemberName, String>) entry.value();
        return Optional.of(members);
    }

    private FailoverRequest failover() {
        Entry entry = keys.get("failover");
        if (entry == null) {
            return FailoverRequest.NONE;
        }
        FailoverRequest request = (FailoverRequest) entry.value();
        return new FailoverRequest(
                request.leader(), request.candidate(), request.scheduledAt(), entry.modRevision());
    }

    private <T> Optional<T> value(String key, Class<T> type) {
        return Optional.ofNullable(keys.get(key)).map(Entry::value).map(type::cast);
    }

    // ---- writes

    /** Puts a key; returns the revision. */
    long put(String key, Object value, long leaseId) {
        Entry before = keys.get(key);
        revision++;
        long created = before == null ? revision : before.createRevision();
        keys.put(key, new Entry(value, created, revision, leaseId));
        if (key.equals(LEADER)) {
            if (before == null) {
                brokenPromiseTo = null;
            }
            if (before == null || !before.value().equals(value)) {
                world.trace(() -> "etcd leader key: " + value);
            }
        }
        tell(key, before == null, Optional.empty());
        return revision;
    }

    /** Deletes a key, if it is there; returns the revision. */
    long delete(String key) {
        Entry before = keys.remove(key);
        if (before != null) {
            revision++;
            boolean leader = key.equals(LEADER);
            if (leader) {
                world.trace(() -> "etcd leader key of " + before.value() + " is gone");
            }
            tell(
                    key,
                    true,
                    leader
                            ? Optional.of(new MemberName(before.value().toString()))
                            : Optional.empty());
        }
        return revision;
    }

    long deleteAll() {
        List.copyOf(keys.keySet()).forEach(this::delete);
        return revision;
    }

    long revision() {
        return revision;
    }

    /** Create revision of the leader key; 0 without one. */
    long term() {
        Entry leader = keys.get(LEADER);
        return leader == null ? 0 : leader.createRevision();
    }

    boolean leaseLives(long id) {
        Lease lease = leases.get(id);
        return lease != null && lease.expiresAt > world.now();
    }

    /** Extends a lease if it lives and has this length. */
    boolean extend(long id, Duration ttl) {
        Lease lease = leases.get(id);
        if (lease == null || lease.expiresAt <= world.now() || !lease.ttl.equals(ttl)) {
            return false;
        }
        lease.expiresAt = world.now() + ttl.toNanos();
        return true;
    }

    long grant(Duration ttl) {
        long id = nextLease++;
        Lease lease = new Lease(ttl);
        lease.expiresAt = world.now() + ttl.toNanos();
        leases.put(id, lease);
        watchExpiry(id, lease);
        return id;
    }

    /** etcd looks for expired leases every half second. */
    private void watchExpiry(long id, Lease lease) {
        world.after(
                Math.max(0, lease.expiresAt - world.now()) + chance.millis(1, 500),
                () -> {
                    if (leases.get(id) != lease) {
                        return;
                    }
                    if (!down && lease.expiresAt <= world.now()) {
                        revoke(id);
                    } else {
                        watchExpiry(id, lease);
                    }
                });
    }

    private void revoke(long id) {
        leases.remove(id);
        List<String> gone =
                keys.entrySet().stream()
                        .filter(key -> key.getValue().leaseId() == id)
                        .map(Map.Entry::getKey)
                        .toList();
        gone.forEach(this::delete);
    }

    // ---- faults

    void stop() {
        down = true;
        disturbedAt = world.now();
        world.trace(() -> "etcd is down");
    }

    /**
     * @param leasesRenewed another etcd member leads now: all leases begin anew
     */
    void resume(boolean leasesRenewed) {
        down = false;
        disturbedAt = world.now();
        world.trace(() -> "etcd is up" + (leasesRenewed ? ", leases begin anew" : ""));
        if (leasesRenewed) {
            leases.values().forEach(lease -> lease.expiresAt = world.now() + lease.ttl.toNanos());
        }
    }

    /** A stalled etcd leader wakes and revokes all leases (etcd issue 15247). */
    void revokeAll() {
        world.trace(() -> "etcd revokes all leases");
        disturbedAt = world.now();
        brokenPromiseTo = leader().orElse(null);
        List.copyOf(leases.keySet()).forEach(this::revoke);
    }

    /** Keys, leases and revision as they are now. */
    record Backup(SortedMap<String, Entry> keys, SortedMap<Long, Duration> leases, long revision) {}

    Backup backup() {
        SortedMap<Long, Duration> lengths = new TreeMap<>();
        leases.forEach((id, lease) -> lengths.put(id, lease.ttl));
        return new Backup(new TreeMap<>(keys), lengths, revision);
    }

    /** What was written since is gone; leases that lived then begin anew. */
    void restore(Backup backup) {
        world.trace(() -> "etcd is restored from a backup at revision " + backup.revision);
        brokenPromiseTo = leader().orElse(null);
        keys.clear();
        keys.putAll(backup.keys);
        leases.clear();
        revision = backup.revision;
        restoredAt = revision;
        backup.leases.forEach((id, ttl) -> {
            Lease lease = new Lease(ttl);
            lease.expiresAt = world.now() + ttl.toNanos();
            leases.put(id, lease);
            watchExpiry(id, lease);
        });
    }

    // ---- watch

    void watch(Watcher watcher) {
        watchers.add(watcher);
    }

    void unwatch(Watcher watcher) {
        watchers.remove(watcher);
    }

    /**
     * @param cameOrWent the key wasn't there before, or isn't any more
     */
    private void tell(String key, boolean cameOrWent, Optional<MemberName> leaderGone) {
        Change change =
                switch (key) {
                    case LEADER -> Change.LEADER;
                    case "config" -> Change.CONFIG;
                    case "status" -> Change.STATUS;
                    case "failover" -> Change.FAILOVER;
                    case "sync" -> Change.SYNC;
                    case "initialize" -> Change.INITIALIZE;
                    default -> key.startsWith(MEMBERS) && cameOrWent ? Change.MEMBER : Change.OTHER;
                };
        List.copyOf(watchers).forEach(watcher -> watcher.changed(change, leaderGone));
    }
}
