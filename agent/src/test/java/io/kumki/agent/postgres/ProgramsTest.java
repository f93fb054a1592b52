package io.kumki.agent.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.agent.postgres.ProgramRun.Ending;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;

class ProgramsTest {

    private static ProgramCall shell(String script) {
        return ProgramCall.of(List.of("/bin/sh", "-c", script));
    }

    @Test
    void capturesBothOutputsAndTheExitCode() {
        ProgramRun run = Programs.run(shell("echo out; echo err >&2; exit 3"));

        assertThat(run).isEqualTo(new ProgramRun(Ending.EXITED, 3, "out\n", "err\n"));
        assertThat(run.summary()).isEqualTo("exit code 3: err");
    }

    @Test
    void keepsOnlyTheLastPartOfLongOutput() {
        ProgramRun run = Programs.run(shell("seq 1 40000"));

        assertThat(run.stdout()).hasSize(CapturedOutput.LIMIT).endsWith("39999\n40000\n");
    }

    @Test
    void endsAProgramWhoseTimeIsOver() {
        ProgramRun run = Programs.run(shell("exec sleep 600").within(Duration.ofMillis(100)));

        assertThat(run.ending()).isEqualTo(Ending.TIMED_OUT);
    }

    @Test
    void endsACancelledProgramWithItsChildren() throws InterruptedException {
        Cancellation cancellation = new Cancellation();
        Thread canceller =
                Thread.ofVirtual()
                        .start(() -> {
                            while (ProcessHandle.current().descendants().count() < 2) {
                                Thread.onSpinWait();
                            }
                            cancellation.cancel();
                        });
        ProgramRun run = Programs.run(shell("sleep 600; true").cancelledBy(cancellation));
        canceller.join();

        assertThat(run.ending()).isEqualTo(Ending.CANCELLED);
    }

    @Test
    void leavesNoChildOfACancelledScriptBehind() throws InterruptedException {
        Cancellation cancellation = new Cancellation();
        Set<ProcessHandle> family = ConcurrentHashMap.newKeySet();
        Thread canceller =
                Thread.ofVirtual()
                        .start(() -> {
                            while (family.size() < 3) {
                                ProcessHandle.current().descendants().forEach(family::add);
                                Thread.onSpinWait();
                            }
                            cancellation.cancel();
                        });
        Programs.run(shell("(sleep 598) & sleep 599; true").cancelledBy(cancellation));
        canceller.join();

        assertThat(family).noneMatch(ProcessHandle::isAlive);
    }

    @Test
    void saysWhyAProgramCannotBeStarted() {
        ProgramRun run = Programs.run(ProgramCall.of(List.of("/no/such/program")));

        assertThat(run.ending()).isEqualTo(Ending.NOT_STARTED);
        assertThat(run.summary()).contains("/no/such/program");
    }

    @Test
    void doesNotWaitForADescendantThatKeepsTheOutputOpen() {
        ProgramRun run = Programs.run(shell("sleep 20 & echo started"));

        assertThat(run.succeeded()).isTrue();
        assertThat(run.stdout()).isEqualTo("started\n");
    }
}
