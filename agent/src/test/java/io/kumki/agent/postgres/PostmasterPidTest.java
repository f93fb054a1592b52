package io.kumki.agent.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

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
