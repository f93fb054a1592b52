package io.kumki.agent.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.agent.linux.SystemCalls;
import io.kumki.agent.postgres.VolumeLock.Outcome;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** An open file of its own has a lock of its own: so this process plays both containers. */
@Timeout(20)
class VolumeLockTest {

    @TempDir private Path volume;

    @Test
    void aSecondAgentIsRefusedUntilTheFirstOneEnds() throws Exception {
        for (Path dataDir : List.of(cluster("data"), volume.resolve("not-yet"))) {
            VolumeLock first = held(VolumeLock.take(dataDir));
            assertThat(VolumeLock.take(dataDir))
                    .isInstanceOfSatisfying(
                            Outcome.Refused.class,
                            refused ->
                                    assertThat(refused.reason())
                                            .contains("another agent works there")
                                            .contains("give this one a volume of its own"));
            first.close();
            held(VolumeLock.take(dataDir)).close();
        }
    }

    /** The volume may be mounted at the data directory in one container and above it in another. */
    @Test
    void theDirectoryItselfIsLockedAsWellAsAFileBesideIt() throws Exception {
        Path dataDir = cluster("data");
        VolumeLock lock = held(VolumeLock.take(dataDir));
        Files.delete(volume.resolve("data.kumki-agent"));
        assertThat(VolumeLock.take(dataDir)).isInstanceOf(Outcome.Refused.class);
        lock.close();
    }

    @Test
    void nodesBesideEachOtherLeaveEachOtherAlone() throws Exception {
        VolumeLock one = held(VolumeLock.take(cluster("one")));
        held(VolumeLock.take(cluster("other"))).close();
        one.close();
    }

    @Test
    void nothingInTheDataDirectoryIsTouched() throws Exception {
        Path dataDir = cluster("data");
        held(VolumeLock.take(dataDir)).close();
        try (var files = Files.list(dataDir)) {
            assertThat(files).containsExactly(dataDir.resolve("PG_VERSION"));
        }
        assertThat(Files.readString(dataDir.resolve("PG_VERSION"))).isEqualTo("17");
    }

    @Test
    void aServerThatNoProcessHereHasKeepsAnAgentAway() throws Exception {
        Path dataDir = cluster("data");
        int server = open(dataDir);
        SystemCalls.flock(server, "PG_VERSION");
        assertThat(VolumeLock.take(dataDir))
                .isInstanceOfSatisfying(
                        Outcome.Refused.class,
                        refused ->
                                assertThat(refused.reason())
                                        .contains(
                                                "a PostgreSQL server that can't be seen from here"));
        SystemCalls.close(server);
        held(VolumeLock.take(dataDir)).close();
    }

    @Test
    void theOwnServerOfAKilledAgentIsTakenOver() throws Exception {
        Path dataDir = cluster("data");
        ProgramCall call =
                VolumeLock.locked(
                        ProgramCall.of(List.of("/bin/sh", "-c", "echo runs; read _")), dataDir);
        Process server = new ProcessBuilder(call.command()).start();
        try {
            assertThat(line(server)).isEqualTo("runs");
            int probe = open(dataDir);
            assertThat(catchFlock(probe)).contains("errno 11");
            SystemCalls.close(probe);
            held(VolumeLock.take(dataDir)).close();
        } finally {
            server.destroyForcibly().waitFor();
        }
    }

    @Test
    void aServerIsNotStartedWhereAnotherContainersRuns() throws Exception {
        Path dataDir = cluster("data");
        int other = open(dataDir);
        SystemCalls.flock(other, "PG_VERSION");
        ProgramRun run =
                Programs.run(VolumeLock.locked(ProgramCall.of(List.of("echo", "runs")), dataDir));
        assertThat(run.succeeded()).isFalse();
        assertThat(run.summary()).contains("is locked by another container or machine");
        SystemCalls.close(other);
    }

    /** The file whose lock it is. */
    private static int open(Path dataDir) throws IOException {
        return SystemCalls.open(dataDir.resolve("PG_VERSION").toString(), SystemCalls.O_RDONLY);
    }

    private static String line(Process process) throws IOException {
        return process.inputReader(StandardCharsets.UTF_8).readLine();
    }

    private static String catchFlock(int fd) {
        try {
            SystemCalls.flock(fd, "PG_VERSION");
            return "locked";
        } catch (IOException e) {
            return e.toString();
        }
    }

    private Path cluster(String name) throws IOException {
        Path dataDir = Files.createDirectory(volume.resolve(name));
        Files.writeString(dataDir.resolve("PG_VERSION"), "17");
        return dataDir;
    }

    private static VolumeLock held(Outcome outcome) {
        assertThat(outcome).isInstanceOf(Outcome.Held.class);
        return ((Outcome.Held) outcome).lock();
    }
}
