package io.kumki.agent.postgres;

import io.kumki.agent.ha.Health;
import io.kumki.agent.ha.LocalServer;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;

/** Adds to an observation what the server lives on, and what it died of. Calls block. */
final class HealthWatch {

    /** While a server is down what it died of is looked for anew, since it may be over. */
    private static final Duration AGAIN = Duration.ofSeconds(5);

    private final Installation installation;
    private final VolumeWatch volumes;
    private final LongSupplier clock;
    private final InstantSource wall;
    private final AtomicReference<Look> last = new AtomicReference<>(Look.NONE);
    private final AtomicReference<String> cluster = new AtomicReference<>("");

    /**
     * @param clock monotonic nanoseconds
     */
    HealthWatch(Installation installation, LongSupplier clock, InstantSource wall) {
        this.installation = installation;
        this.volumes = new VolumeWatch(installation, clock);
        this.clock = clock;
        this.wall = wall;
    }

    /**
     * @param atNanos when; empty if there was none since the server ended
     */
    private record Look(OptionalLong atNanos, Optional<Health.Cause> cause) {
        static final Look NONE = new Look(OptionalLong.empty(), Optional.empty());
    }

    /** From now on data with this system identifier are ours, and may be written to. */
    void clusterIs(String systemIdentifier) {
        if (!cluster.getAndSet(systemIdentifier).equals(systemIdentifier)) {
            last.set(Look.NONE);
        }
    }

    LocalServer examined(LocalServer server) {
        return server.withHealth(new Health(volumes.look(), cause(server)));
    }

    /** The same without anything that could block. */
    LocalServer remembered(LocalServer server) {
        return server.withHealth(new Health(volumes.last(), last.get().cause()));
    }

    /** If that failed, why must be looked for at once: what was found is about the end before. */
    void startedAnew() {
        last.set(Look.NONE);
    }

    /** A start that failed leaves the same: the log of a primary isn't closed. */
    private Optional<Health.Cause> cause(LocalServer server) {
        boolean died =
                server.postmaster() == LocalServer.Postmaster.STOPPED
                        && server.control()
                                .filter(control ->
                                        control.state().unclean()
                                                || control.state()
                                                        == LocalServer.ClusterState
                                                                .IN_ARCHIVE_RECOVERY)
                                .isPresent();
        if (!died) {
            last.set(Look.NONE);
            return Optional.empty();
        }
        Look before = last.get();
        long now = clock.getAsLong();
        if (before.atNanos().isPresent() && now - before.atNanos().getAsLong() < AGAIN.toNanos()) {
            return before.cause();
        }
        boolean ours =
                server.control()
                        .filter(control -> control.systemIdentifier().equals(cluster.get()))
                        .isPresent();
        Optional<Health.Cause> cause =
                (ours
                                ? LastWords.refused(
                                        installation.dataDir(), installation.walDirectory())
                                : Optional.<Health.Cause>empty())
                        .or(() -> LastWords.said(installation.dataDir(), wall.instant()));
        last.set(new Look(OptionalLong.of(now), cause));
        return cause;
    }
}
