package io.kumki.dcs.cluster;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/**
 * The settings of the dynamic configuration that steer the HA loop, read leniently: an invalid
 * value gives the default.
 *
 * @param timing lease length, turn length, budget of one store operation; already adjusted to their
 *     rule
 * @param maximumLagOnFailover bytes; a member that lags more may not win an automatic election
 * @param maxTimelinesHistory newest history entries kept; 0 keeps all
 * @param primaryStartTimeout how long a holder may need to come back after a crash; zero: fail over
 *     at once
 * @param primaryStopTimeout limit for stopping a primary in synchronous mode; zero: none
 * @param checkTimeline refuse candidates on an older timeline
 * @param standbyCluster the remote this cluster follows as a whole
 * @param memberSlotsTtl how long the slot of an absent member is kept; zero: not at all
 * @param crashLoop when crashes of a primary count as one that will go on
 */
public record ClusterSettings(
        Timing timing,
        long maximumLagOnFailover,
        long maximumLagOnSyncnode,
        int maxTimelinesHistory,
        Duration primaryStartTimeout,
        Duration primaryStopTimeout,
        boolean checkTimeline,
        boolean failsafeMode,
        boolean pause,
        SynchronousMode synchronousMode,
        boolean synchronousModeStrict,
        int synchronousNodeCount,
        Optional<StandbyCluster> standbyCluster,
        Duration memberSlotsTtl,
        CrashLoop crashLoop) {

    /**
     * {@code crash_loop_limit} and {@code crash_loop_window}: so many crashes within so long.
     *
     * @param crashes 0: crashes are never counted
     */
    public record CrashLoop(int crashes, Duration window) {
        public static final CrashLoop DEFAULT = new CrashLoop(3, Duration.ofMinutes(10));
    }

    /** Whether commits wait for standbys, and for which. */
    public enum SynchronousMode {
        OFF,
        ON,
        QUORUM
    }

    /**
     * {@code ttl}, {@code loop_wait}, {@code retry_timeout}; {@code loop_wait + 2 * retry_timeout
     * <= ttl}.
     */
    public record Timing(Duration ttl, Duration loopWait, Duration retryTimeout) {
        public static final Timing DEFAULT =
                new Timing(Duration.ofSeconds(30), Duration.ofSeconds(10), Duration.ofSeconds(10));
    }

    /**
     * The remote primary of a standby cluster; all parts optional, but at least one of the first
     * three is set.
     */
    public record StandbyCluster(
            Optional<String> host,
            Optional<Integer> port,
            Optional<String> restoreCommand,
            Optional<String> primarySlotName,
            Optional<String> archiveCleanupCommand,
            Optional<String> recoveryMinApplyDelay,
            java.util.List<String> createReplicaMethods) {}

    /** The built-in defaults. */
    public static final ClusterSettings DEFAULT = of(Map.of());

    /** Reads the settings of a stored dynamic configuration; never fails. */
    public static ClusterSettings of(DynamicConfig config) {
        return of(config.values());
    }

    /** Reads the settings of a dynamic configuration given as nested maps; never fails. */
    public static ClusterSettings of(Map<String, ?> values) {
        return ClusterSettingsReader.read(values);
    }
}
