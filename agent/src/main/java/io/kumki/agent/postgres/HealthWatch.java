package io.kumki.agent.postgres;

import io.kumki.agent.ha.Health;
import io.kumki.agent.ha.LocalServer;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;

/** Adds to an observation what the server lives on, and what it died of. Calls block. */
final class HealthWatch {

    /** While a server is down what it died of is looked for anew, since it may be over. */
    private static final Duration AGAIN = Duration.ofSeconds(5);

    private final Installation installation;
    private final VolumeWatch volumes;
    private final AtomicReference<Look> last =
            new AtomicReference<>(new Look(0, false, Optional.empty()));

    HealthWatch(Installation installation) {
        this.installation = installation;
        this.volumes = new VolumeWatch(installation, System::nanoTime);
    }

    private record Look(long nanos, boolean valid, Optional<Health.Cause> cause) {}

    LocalServer examined(LocalServer server) {
        return server.withHealth(new Health(volumes.look(), cause(server)));
    }

    /** The same without anything that could block. */
    LocalServer remembered(LocalServer server) {
        return server.withHealth(new Health(volumes.last(), last.get().cause()));
    }

    /** If that failed, why must be looked for at once: what was found is about the end before. */
    void startedAnew() {
        last.set(new Look(0, false, Optional.empty()));
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
            last.set(new Look(0, false, Optional.empty()));
            return Optional.empty();
        }
        Look before = last.get();
        long now = System.nanoTime();
        if (before.valid() && now - before.nanos() < AGAIN.toNanos()) {
            return before.cause();
        }
        Path dataDir = installation.dataDir();
        Optional<Health.Cause> cause =
                LastWords.look(dataDir, walDirectory(dataDir), Instant.now());
        last.set(new Look(now, true, cause));
        return cause;
    }

    private static Path walDirectory(Path dataDir) {
        try {
            return dataDir.resolve("pg_wal").toRealPath();
        } catch (IOException notThere) {
            return dataDir;
        }
    }
}
