package io.kumki.agent.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.agent.ha.LocalServer;
import io.kumki.agent.ha.LocalServer.ClusterState;
import io.kumki.dcs.cluster.Lsn;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A look for what a server died of writes into the own cluster's data alone. */
@Timeout(10)
class HealthWatchTest {

    @TempDir private Path directory;

    private ServerFixture fixture;
    private HealthWatch watch;

    /** Whoever would write here is refused, and so can be seen to have tried. */
    @BeforeEach
    void dataThatRefuseTheProbe() throws IOException {
        fixture = new ServerFixture(directory, "pg-1");
        Path stands = fixture.dataDir().resolve(LastWords.PROBE).resolve("something");
        Files.createDirectories(stands);
        watch = new HealthWatch(new Installation(fixture.config), () -> 0, InstantSource.system());
    }

    @Test
    void ownDataAreTriedOnceTheClusterIsKnown() {
        assertThat(triedToWrite()).as("not told yet which cluster it is").isFalse();
        watch.clusterIs("7");
        assertThat(triedToWrite()).isTrue();
        watch.clusterIs("7");
        assertThat(triedToWrite()).isTrue();
    }

    @Test
    void dataOfAnotherClusterAreLeftAlone() {
        watch.clusterIs("8");
        assertThat(triedToWrite()).isFalse();
    }

    private boolean triedToWrite() {
        LocalServer died =
                new LocalServer(
                        new LocalServer.DataDirectory.Initialized(
                                new LocalServer.ControlData(
                                        "7",
                                        ClusterState.IN_PRODUCTION,
                                        1,
                                        Lsn.ZERO,
                                        Lsn.ZERO,
                                        0,
                                        false,
                                        false,
                                        false,
                                        true)),
                        LocalServer.Postmaster.STOPPED,
                        Optional.empty(),
                        new TreeMap<>());
        return watch.examined(died)
                .health()
                .ended()
                .filter(cause -> cause.text().contains("takes no file"))
                .isPresent();
    }
}
