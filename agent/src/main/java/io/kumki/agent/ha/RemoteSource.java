package io.kumki.agent.ha;

import io.kumki.dcs.cluster.ClusterSettings.StandbyCluster;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The remote that a standby cluster follows as a whole, as {@code standby_cluster} names it. */
public final class RemoteSource {

    private static final int DEFAULT_PORT = 5432;

    private static final Pattern DELAY =
            Pattern.compile("\\s*(\\d{1,12}(?:\\.\\d{1,9})?)\\s*(us|ms|s|min|h|d)?\\s*");

    private static final Map<String, Long> MICROS =
            Map.of(
                    "us", 1L,
                    "ms", 1_000L,
                    "s", 1_000_000L,
                    "min", 60_000_000L,
                    "h", 3_600_000_000L,
                    "d", 86_400_000_000L);

    /** What PostgreSQL can hold: milliseconds in 31 bits. */
    private static final Duration LONGEST_DELAY = Duration.ofMillis(Integer.MAX_VALUE);

    private RemoteSource() {}

    /** Where the remote answers; empty if only its archive is configured. */
    static Optional<Upstream> upstream(Self self, StandbyCluster remote) {
        if (remote.host().isEmpty() && remote.port().isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(
                new Upstream(
                        Optional.empty(),
                        remote.host().orElse("localhost"),
                        remote.port().orElse(DEFAULT_PORT),
                        Following.ownDatabase(self),
                        remote.primarySlotName()));
    }

    /** What the one that leads a standby cluster follows. */
    static StandbyTarget target(Self self, StandbyCluster remote) {
        return target(StandbyTarget.Source.REMOTE, self, remote);
    }

    /** What every member of a standby cluster follows that nobody leads. */
    static StandbyTarget meanwhile(Self self, StandbyCluster remote) {
        return target(StandbyTarget.Source.REMOTE_MEANWHILE, self, remote);
    }

    private static StandbyTarget target(
            StandbyTarget.Source source, Self self, StandbyCluster remote) {
        return new StandbyTarget(
                source,
                upstream(self, remote),
                Optional.of(archive(remote, remote.recoveryMinApplyDelay())));
    }

    /** The archive serves every member; only who follows the remote waits before it applies. */
    static StandbyTarget.Archive archive(StandbyCluster remote) {
        return archive(remote, Optional.empty());
    }

    private static StandbyTarget.Archive archive(StandbyCluster remote, Optional<String> delay) {
        return new StandbyTarget.Archive(
                remote.restoreCommand(),
                remote.archiveCleanupCommand(),
                delay.flatMap(RemoteSource::delay));
    }

    /**
     * {@code recovery_min_apply_delay} as PostgreSQL reads it: a number with a unit, milliseconds
     * without one; empty if PostgreSQL would refuse it.
     */
    public static Optional<Duration> delay(String text) {
        Matcher matcher = DELAY.matcher(text);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        String unit = matcher.group(2) == null ? "ms" : matcher.group(2);
        BigDecimal micros =
                new BigDecimal(matcher.group(1))
                        .multiply(BigDecimal.valueOf(MICROS.getOrDefault(unit, 1_000L)));
        Duration delay = Duration.ofNanos(micros.longValue() * 1_000);
        boolean fits = micros.compareTo(BigDecimal.valueOf(Integer.MAX_VALUE * 1_000L)) <= 0;
        return fits && delay.compareTo(LONGEST_DELAY) <= 0 ? Optional.of(delay) : Optional.empty();
    }
}
