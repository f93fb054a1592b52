package io.kumki.agent.ha;

import java.time.Duration;
import java.util.Optional;

/**
 * What a standby should follow and how.
 *
 * @param source what kind of source it is
 * @param upstream the server to stream from, if there is one
 * @param archive WAL sources of a standby cluster, if it has any of its own
 */
public record StandbyTarget(Source source, Optional<Upstream> upstream, Optional<Archive> archive) {

    /** Where the log comes from. */
    public enum Source {
        /** A member of the own cluster. */
        MEMBER,
        /** The remote of a standby cluster; without an upstream its archive only. */
        REMOTE,
        /** The remote too, by a member that doesn't lead, while nobody does. */
        REMOTE_MEANWHILE,
        /** The archive only. */
        ARCHIVE,
        /** Nobody known: a running standby keeps its last upstream, a stopped one its settings. */
        LAST
    }

    public static final StandbyTarget NOBODY =
            new StandbyTarget(Source.LAST, Optional.empty(), Optional.empty());

    public record Archive(
            Optional<String> restoreCommand,
            Optional<String> archiveCleanupCommand,
            Optional<Duration> recoveryMinApplyDelay) {}

    public static StandbyTarget of(Upstream upstream) {
        return new StandbyTarget(Source.MEMBER, Optional.of(upstream), Optional.empty());
    }

    /** Whether the member that follows this leads a standby cluster. */
    public boolean remote() {
        return source == Source.REMOTE;
    }

    /** For people. */
    public String described() {
        return upstream.map(Upstream::toString)
                .orElse(source == Source.LAST ? "the last upstream" : "the archive");
    }
}
