package io.kumki.restapi;

import io.kumki.dcs.cluster.ClusterSettings.SynchronousMode;
import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.LenientValues;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.restapi.NodeSnapshot.Wal;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * What this node says to health checks at one moment: pure, from memory.
 *
 * <p>Who leads is decided by the lease's deadline alone, at the moment of the request: past it
 * {@code /primary} is 503, loop or no loop.
 *
 * @param nowNanos monotonic
 */
record Probes(NodeSnapshot node, long nowNanos) {

    /** The health checks by the names that are documented; other paths may count as one of them. */
    static final List<String> CHECKS =
            List.of(
                    "/",
                    "/primary",
                    "/master",
                    "/read-write",
                    "/leader",
                    "/standby-leader",
                    "/standby_leader",
                    "/replica",
                    "/read-only",
                    "/health",
                    "/sync",
                    "/synchronous",
                    "/quorum",
                    "/async",
                    "/asynchronous",
                    "/read-only-sync",
                    "/read-only-synchronous",
                    "/read-only-quorum");

    private static final Set<String> SYNCHRONOUS =
            Set.of("/sync", "/synchronous", "/quorum", "/async", "/asynchronous");

    /** What an answer was made from; the same moment gives the same answer, but for times left. */
    record Moment(NodeSnapshot node, boolean clusterKnown, boolean failsafe, boolean leads) {

        /**
         * A snapshot is published whole: another one is another object, and comparing all is slow.
         */
        @SuppressWarnings("ReferenceEquality")
        boolean isStill(Probes probes) {
            return node == probes.node
                    && clusterKnown == probes.cluster().isPresent()
                    && failsafe == probes.failsafeActive()
                    && leads == probes.leads();
        }
    }

    Moment moment() {
        return new Moment(node, cluster().isPresent(), failsafeActive(), leads());
    }

    /** The cached view of the store, unless it is too old to rely on. */
    Optional<ClusterView> cluster() {
        return node.cluster()
                .filter(cached -> nowNanos - cached.validUntilNanos() < 0)
                .map(NodeSnapshot.CachedCluster::view);
    }

    boolean leads() {
        return node.leadership().held(nowNanos);
    }

    /** Empty if this node doesn't lead. */
    Optional<Lease> lease() {
        OptionalLong until = node.leadership().validUntilNanos();
        return leads()
                ? Optional.of(
                        new Lease(
                                Duration.ofNanos(until.orElseThrow() - nowNanos),
                                node.settings().timing().ttl()))
                : Optional.empty();
    }

    boolean failsafeActive() {
        OptionalLong until = node.failsafeActiveUntilNanos();
        return until.isPresent() && nowNanos - until.getAsLong() < 0;
    }

    /** A standby that commits wait for, in synchronous mode {@code mode}. */
    boolean synchronous(SynchronousMode mode) {
        return node.settings().synchronousMode() == mode
                && standby().isPresent()
                && cluster()
                        .filter(view -> view.sync().namesStandby(new MemberName(node.name())))
                        .isPresent();
    }

    /**
     * Whether a health check is answered with 200.
     *
     * @param path with its leading slash, without the query
     */
    boolean healthy(String path, Query query) {
        if (path.equals("/")) {
            return primary();
        }
        if (path.contains("standby_leader") || path.contains("standby-leader")) {
            return standbyLeader();
        }
        if (path.contains("leader")) {
            return leader();
        }
        if (path.contains("master") || path.contains("primary") || path.contains("read-write")) {
            return primary();
        }
        return untagged(path, query) && tagsMatch(query);
    }

    /** Whether a health check is for reading, so that it may wait for a position. */
    static boolean forReading(String path) {
        if (path.contains("leader")
                || path.contains("master")
                || path.contains("primary")
                || path.contains("read-write")) {
            return false;
        }
        return path.contains("replica") || path.contains("read-only") || SYNCHRONOUS.contains(path);
    }

    private boolean untagged(String path, Query query) {
        if (path.contains("replica")) {
            return replica(query);
        }
        if (path.contains("read-only") && !path.contains("sync") && !path.contains("quorum")) {
            return primary() || standbyLeader() || replica(query);
        }
        if (path.contains("health")) {
            return running();
        }
        return cluster().isPresent() && synchronousFamily(path, query);
    }

    private boolean synchronousFamily(String path, Query query) {
        boolean sync = synchronous(SynchronousMode.ON);
        boolean quorum = synchronous(SynchronousMode.QUORUM);
        return switch (path) {
            case "/sync", "/synchronous" -> sync && replica(query);
            case "/quorum" -> quorum && replica(query);
            case "/async", "/asynchronous" -> !sync && !quorum && replica(query);
            case "/read-only-sync", "/read-only-synchronous" ->
                    primary() || standbyLeader() || (sync && replica(query));
            case "/read-only-quorum" -> primary() || standbyLeader() || (quorum && replica(query));
            default -> false;
        };
    }

    private boolean primary() {
        return pausedWithoutStore()
                ? role("primary")
                : leads() && node.settings().standbyCluster().isEmpty();
    }

    private boolean leader() {
        return pausedWithoutStore() ? role("primary") || role("standby_leader") : leads();
    }

    private boolean standbyLeader() {
        return pausedWithoutStore()
                ? role("standby_leader")
                : leads()
                        && node.settings().standbyCluster().isPresent()
                        && (role("replica") || role("standby_leader"));
    }

    private boolean replica(Query query) {
        boolean leadsStandbyCluster =
                !pausedWithoutStore() && leads() && node.settings().standbyCluster().isPresent();
        return role("replica")
                && running()
                && !leadsStandbyCluster
                && !node.tags().noloadbalance()
                && !lags(query)
                && standstill().isEmpty()
                && query.get("replication_state")
                        .map(wanted -> replicationState().filter(wanted::equals).isPresent())
                        .orElse(true);
    }

    /** One that lasts too long. */
    Optional<NodeSnapshot.Standstill> standstill() {
        return node.server().standstill().filter(NodeSnapshot.Standstill::unhealthy);
    }

    private boolean lags(Query query) {
        OptionalLong limit = lagLimit(query);
        if (limit.isEmpty()) {
            return false;
        }
        long replayed = standby().flatMap(Wal.Standby::replayed).map(Lsn::bytes).orElse(0L);
        return leaderPosition() > 0 && leaderPosition() - replayed > limit.getAsLong();
    }

    /** {@code GET /liveness}: the loop turns. */
    boolean live() {
        NodeSnapshot.LoopState loop = node.loop();
        return node.settings().pause()
                || nowNanos - (loop.nextRunNanos() + loop.livenessLimitNanos()) < 0;
    }

    /** {@code GET /readiness}: this node leads, or follows closely. */
    boolean ready(Query query) {
        if (leads()) {
            return true;
        }
        if (!running() || !replicationState().equals(Optional.of("streaming"))) {
            return false;
        }
        if (cluster().isEmpty() && leaderEnd().isEmpty()) {
            return failsafeActive();
        }
        boolean written = query.get("mode").filter("write"::equals).isPresent();
        long position =
                standby()
                        .flatMap(written ? Wal.Standby::received : Wal.Standby::replayed)
                        .map(Lsn::bytes)
                        .orElse(0L);
        long limit = lagLimit(query).orElse(node.settings().maximumLagOnFailover());
        return leaderPosition() - position <= limit;
    }

    private static OptionalLong lagLimit(Query query) {
        return query.get("lag").map(LenientValues::bytes).orElse(OptionalLong.empty());
    }

    /** The leader's latest known position: as published, or as the WAL receiver reported it. */
    private long leaderPosition() {
        long published =
                cluster().flatMap(view -> view.status().leaderLsn()).map(Lsn::bytes).orElse(0L);
        return Math.max(published, leaderEnd().map(Lsn::bytes).orElse(0L));
    }

    private Optional<Lsn> leaderEnd() {
        return node.server().answer().flatMap(NodeSnapshot.Answer::leaderEndLsn);
    }

    Optional<String> replicationState() {
        return standby().isPresent()
                ? node.server().answer().flatMap(NodeSnapshot.Answer::replicationState)
                : Optional.empty();
    }

    Optional<Wal.Standby> standby() {
        return node.server()
                .answer()
                .map(NodeSnapshot.Answer::wal)
                .filter(Wal.Standby.class::isInstance)
                .map(Wal.Standby.class::cast);
    }

    private boolean tagsMatch(Query query) {
        for (Map.Entry<String, String> parameter : query.parameters().entrySet()) {
            if (parameter.getKey().startsWith("tag_")) {
                String key = parameter.getKey().substring(4);
                Object tag = node.configuredTags().values().get(key);
                if (tag == null || !text(tag).equals(parameter.getValue())) {
                    return false;
                }
            }
        }
        return true;
    }

    private static String text(Object tag) {
        return tag instanceof String string ? string : tag.toString().toLowerCase(Locale.ROOT);
    }

    private boolean pausedWithoutStore() {
        return node.settings().pause() && cluster().isEmpty();
    }

    private boolean role(String role) {
        return node.server().role().equals(role);
    }

    boolean running() {
        return node.server().state().equals("running");
    }

    /** Whole seconds since the epoch of the last good read of the store, 0 without one. */
    long dcsLastSeenSeconds() {
        return node.loop().dcsLastSeen().getEpochSecond();
    }
}
