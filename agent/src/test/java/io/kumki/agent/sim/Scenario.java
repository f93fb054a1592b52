package io.kumki.agent.sim;

import io.kumki.dcs.cluster.ClusterSettings;
import io.kumki.dcs.cluster.Tags;
import java.time.Duration;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What a seed draws before it begins: size and settings of the cluster, and its mix of faults.
 *
 * @param dynamic the dynamic configuration
 * @param tags by member name
 * @param supervisorPause nanoseconds until an agent that ended by itself is started again
 * @param faultPhase nanoseconds in which faults happen
 * @param faultPause mean nanoseconds between two faults
 * @param weights how often each fault happens compared with others
 */
record Scenario(
        List<String> nodes,
        Map<String, Object> dynamic,
        SortedMap<String, Tags> tags,
        boolean canRewind,
        boolean cloneAfterFailedRewind,
        boolean cloneWhenDiverged,
        long supervisorPause,
        long faultPhase,
        long faultPause,
        SortedMap<Faults.Kind, Double> weights) {

    static Scenario draw(Chance chance) {
        int size = chance.oneOf(List.of(2, 3, 3, 3, 3, 4));
        List<String> nodes = List.of("n1", "n2", "n3", "n4").subList(0, size);
        SortedMap<String, Tags> tags = new TreeMap<>();
        for (String node : nodes) {
            tags.put(node, Tags.NONE);
        }
        if (size > 2 && chance.happens(0.15)) {
            tags.put("n3", Tags.of(Map.of("nofailover", true)));
        }
        if (chance.happens(0.15)) {
            tags.put("n2", Tags.of(Map.of("failover_priority", 5)));
        }
        SortedMap<Faults.Kind, Double> weights = new TreeMap<>();
        for (Faults.Kind kind :
                EnumSet.complementOf(
                        EnumSet.of(
                                Faults.Kind.REMOTE,
                                Faults.Kind.LOG_REMOVED,
                                Faults.Kind.STORE_RESTORED,
                                Faults.Kind.STANDBY_SILENT))) {
            weights.put(kind, chance.happens(0.3) ? 0.0 : chance.between(0.1, 1.0));
        }
        boolean rewinds = chance.happens(0.75);
        boolean mayClone = chance.happens(0.9);
        return new Scenario(
                nodes,
                dynamic(chance),
                tags,
                rewinds,
                mayClone && chance.happens(0.8),
                mayClone,
                chance.millis(500, 4_000),
                chance.millis(60_000, 150_000),
                chance.millis(3_000, 15_000),
                weights);
    }

    /** The same, and now and then the cluster follows a remote. */
    Scenario withRemote() {
        return withMore(Faults.Kind.REMOTE);
    }

    /** The same, and now and then a primary has no log any more that a standby needs. */
    Scenario withGoneLog() {
        return withMore(Faults.Kind.LOG_REMOVED);
    }

    /** The same, mostly with synchronous replication, and etcd is restored from backups. */
    Scenario withRestoredStore(long seed) {
        Scenario mostly = seed % 4 == 3 ? this : withSync(seed);
        return mostly.withMore(Faults.Kind.STORE_RESTORED);
    }

    private Scenario withMore(Faults.Kind kind) {
        SortedMap<Faults.Kind, Double> more = new TreeMap<>(weights);
        more.put(kind, 1.0);
        return new Scenario(
                nodes,
                dynamic,
                tags,
                canRewind,
                cloneAfterFailedRewind,
                cloneWhenDiverged,
                supervisorPause,
                faultPhase,
                faultPause,
                more);
    }

    /**
     * The same with synchronous replication of a kind that the seed tells. A failover by hand may
     * lose something, so nobody asks for one.
     */
    Scenario withSync(long seed) {
        Map<String, Object> settings = new LinkedHashMap<>(dynamic);
        settings.put("synchronous_mode", seed % 2 == 0 ? (Object) true : "quorum");
        settings.put("synchronous_mode_strict", seed % 3 == 0);
        settings.put("synchronous_node_count", seed % 5 == 0 ? 2 : 1);
        if (seed % 4 == 1) {
            settings.put("failsafe_mode", true);
        }
        SortedMap<Faults.Kind, Double> fewer = new TreeMap<>(weights);
        fewer.put(Faults.Kind.FAILOVER, 0.0);
        if (seed % 7 == 0) {
            fewer.put(Faults.Kind.STANDBY_SILENT, 1.0);
        }
        return new Scenario(
                nodes,
                settings,
                tags,
                canRewind,
                cloneAfterFailedRewind,
                cloneWhenDiverged,
                supervisorPause,
                faultPhase,
                faultPause,
                fewer);
    }

    /**
     * Three members, commits wait for one of two standbys, and nothing happens but that one falls
     * silent now and then.
     */
    Scenario withSilentStandbys() {
        Map<String, Object> settings = new LinkedHashMap<>(dynamic);
        settings.put("synchronous_mode", true);
        SortedMap<String, Tags> plain = new TreeMap<>();
        List<String> three = List.of("n1", "n2", "n3");
        three.forEach(name -> plain.put(name, Tags.NONE));
        return new Scenario(
                three,
                settings,
                plain,
                canRewind,
                cloneAfterFailedRewind,
                cloneWhenDiverged,
                supervisorPause,
                faultPhase,
                faultPause,
                new TreeMap<>(Map.of(Faults.Kind.STANDBY_SILENT, 1.0)));
    }

    /** The same in failsafe mode. */
    Scenario withFailsafe() {
        Map<String, Object> more = new LinkedHashMap<>(dynamic);
        more.put("failsafe_mode", true);
        return new Scenario(
                nodes,
                more,
                tags,
                canRewind,
                cloneAfterFailedRewind,
                cloneWhenDiverged,
                supervisorPause,
                faultPhase,
                faultPause,
                weights);
    }

    private static Map<String, Object> dynamic(Chance chance) {
        Map<String, Object> dynamic = new LinkedHashMap<>();
        List<Integer> times =
                chance.oneOf(
                        List.of(
                                List.of(30, 10, 10),
                                List.of(20, 2, 5),
                                List.of(10, 2, 3),
                                List.of(10, 2, 4),
                                List.of(8, 1, 3)));
        dynamic.put("ttl", times.get(0));
        dynamic.put("loop_wait", times.get(1));
        dynamic.put("retry_timeout", times.get(2));
        dynamic.put("primary_start_timeout", chance.oneOf(List.of(0, 5, 20, 300)));
        dynamic.put("maximum_lag_on_failover", chance.oneOf(List.of(1_048_576, 1_048_576, 5_000)));
        dynamic.put("check_timeline", chance.happens(0.3));
        dynamic.put("crash_loop_limit", chance.oneOf(List.of(0, 2, 3, 3)));
        dynamic.put("crash_loop_window", chance.oneOf(List.of(20, 60, 600)));
        return dynamic;
    }

    ClusterSettings settings() {
        return ClusterSettings.of(dynamic);
    }

    Duration ttl() {
        return settings().timing().ttl();
    }

    /**
     * How long the cluster may need to be whole again after the last fault: a lease and its
     * renewal, a start that is waited for, and a way back with its pauses (30 s at most, and 30 s
     * until a stalled standby is restarted; 75 s and as many pauses until one is copied anew whose
     * log is gone).
     */
    long recoveryBound() {
        ClusterSettings settings = settings();
        return settings.timing().ttl().multipliedBy(2).toNanos()
                + settings.timing().loopWait().multipliedBy(6).toNanos()
                + Duration.ofSeconds(150).toNanos()
                + (weights.containsKey(Faults.Kind.LOG_REMOVED)
                        ? Duration.ofSeconds(105).toNanos()
                        : 0);
    }
}
