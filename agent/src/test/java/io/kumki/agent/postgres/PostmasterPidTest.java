package io.kumki.agent.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class PostmasterPidTest {

    private static String file(long pid, long startSecond) {
        return pid + "\n/data\n" + startSecond + "\n5433\n/run\nlocalhost\n  123  456\nready   \n";
    }

    @Test
    void readsPortAndStatus() {
        PostmasterPid pid = PostmasterPid.parse(file(4711, 1_700_000_000)).orElseThrow();

        assertThat(pid.pid()).isEqualTo(4711);
        assertThat(pid.port()).isEqualTo(5433);
        assertThat(pid.accepting()).isTrue();
    }

    @Test
    void aFileThatIsJustBeingWrittenSaysNothing() {
        assertThat(PostmasterPid.parse("")).isEmpty();
        assertThat(PostmasterPid.parse("4711\n/da")).isEmpty();
    }

    @Test
    void aSingleUserServerIsNoPostmaster() {
        PostmasterPid pid = PostmasterPid.parse(file(-4711, 1_700_000_000)).orElseThrow();

        assertThat(pid.singleUser()).isTrue();
        assertThat(pid.postmaster(Path.of("/data"))).isEmpty();
    }

    @Test
    void aForeignProcessWithTheSameNumberIsNoPostmaster() {
        // process 1 lives, but it did not start in 2001
        assertThat(
                        PostmasterPid.parse(file(1, 1_000_000_000))
                                .orElseThrow()
                                .postmaster(Path.of("/data")))
                .isEmpty();
    }

    /** A signal to process 0 would reach the agent's own group. */
    @Test
    void nobodyIsNoPostmaster() {
        for (long none : new long[] {0, Integer.MIN_VALUE}) {
            assertThat(
                            PostmasterPid.parse(file(none, 1_700_000_000))
                                    .orElseThrow()
                                    .postmaster(Path.of("/data")))
                    .isEmpty();
            assertThat(ProcessIdentity.of(none)).isEmpty();
        }
    }

    /** It has ended, though its parent hasn't asked how: it neither serves nor reacts. */
    @Test
    @Timeout(10)
    void aZombieIsNoProcess() throws IOException {
        // the shell becomes a program that never asks for its child
        Process parent =
                new ProcessBuilder("sh", "-c", "sleep 0.2 & echo $!; exec sleep 60").start();
        try (var output = parent.inputReader()) {
            long child = Long.parseLong(output.readLine().strip());
            await().until(() -> status(child).contains("State:\tZ"));
            assertThat(ProcessIdentity.of(child)).isEmpty();
        } finally {
            parent.destroyForcibly();
        }
    }

    private static String status(long pid) throws IOException {
        return Files.readString(Path.of("/proc/" + pid + "/status"));
    }

    @Test
    void weAreNotThePostmaster() {
        long self = ProcessHandle.current().pid();
        long start = ProcessHandle.current().info().startInstant().orElseThrow().getEpochSecond();

        assertThat(
                        PostmasterPid.parse(file(self, start))
                                .orElseThrow()
                                .postmaster(Path.of("/data")))
                .isEmpty();
    }
}
