package io.kumki.agent.ha;

import java.time.Duration;
import java.util.Optional;

/**
 * What a standby should follow and how.
 *
 * @param upstream empty: nothing known to stream from. A running standby then keeps its last good
 *     upstream, and a stopped one starts with the settings it has
 * @param archive WAL sources of a standby cluster, if it has any of its own
 */
public record StandbyTarget(Optional<Upstream> upstream, Optional<Archive> archive) {

    public static final StandbyTarget NOBODY =
            new StandbyTarget(Optional.empty(), Optional.empty());

    public record Archive(
            Optional<String> restoreCommand,
            Optional<String> archiveCleanupCommand,
            Optional<Duration> recoveryMinApplyDelay) {}

    public static StandbyTarget of(Upstream upstream) {
        return new StandbyTarget(Optional.of(upstream), Optional.empty());
    }
}
