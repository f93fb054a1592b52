package io.kumki.agent.postgres;

import io.kumki.agent.postgres.ProgramRun.Ending;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs programs and scripts: bounded time, bounded captured output, cancellable, in an environment
 * without what belongs to the agent. Calls block: use a virtual thread.
 *
 * <p>A program that must end is asked (SIGTERM), and after its grace time killed together with its
 * descendants.
 */
public final class Programs {

    private static final Logger LOG = LoggerFactory.getLogger(Programs.class);

    private Programs() {}

    /** Runs it to its end. An interrupt of the calling thread counts as cancelling. */
    public static ProgramRun run(ProgramCall call) {
        if (call.cancellation().cancelled()) {
            return new ProgramRun(Ending.CANCELLED, -1, "", "");
        }
        Process process;
        try {
            process = builder(call).start();
        } catch (IOException e) {
            return new ProgramRun(Ending.NOT_STARTED, -1, "", e.toString());
        }
        CapturedOutput stdout = CapturedOutput.of(process.getInputStream());
        CapturedOutput stderr = CapturedOutput.of(process.getErrorStream());
        closeStdin(process);
        AtomicBoolean cancelled = new AtomicBoolean();
        call.cancellation()
                .onCancel(() -> {
                    cancelled.set(true);
                    process.destroy();
                });
        Ending ending = await(process, call, cancelled);
        int exitCode = process.isAlive() ? -1 : process.exitValue();
        return new ProgramRun(ending, exitCode, stdout.text(), stderr.text());
    }

    /** The builder for a call, with the environment already prepared. */
    static ProcessBuilder builder(ProgramCall call) {
        ProcessBuilder builder = new ProcessBuilder(call.command());
        builder.environment().keySet().removeIf(Programs::belongsToAgent);
        builder.environment().putAll(call.environment());
        call.workingDirectory().ifPresent(directory -> builder.directory(directory.toFile()));
        return builder;
    }

    private static boolean belongsToAgent(String variable) {
        return variable.startsWith("PATRONI_")
                || variable.startsWith("KUMKI_")
                || variable.startsWith("KUBERNETES_")
                || variable.equals("NOTIFY_SOCKET")
                || variable.equals("MALLOC_ARENA_MAX");
    }

    /** The program gets no input. It may have ended already: then its pipe is closed as well. */
    private static void closeStdin(Process process) {
        try {
            process.getOutputStream().close();
        } catch (IOException e) {
            LOG.atDebug().addKeyValue("error", e.toString()).log("program closed its input itself");
        }
    }

    private static Ending await(Process process, ProgramCall call, AtomicBoolean cancelled) {
        Deadline deadline = Deadline.in(call.limit());
        boolean interrupted = false;
        try {
            while (!cancelled.get() && !deadline.passed()) {
                // wakes at once when the process ends; the steps only bound the look at `cancelled`
                Duration step = deadline.left();
                Duration second = Duration.ofSeconds(1);
                long wait = (step.compareTo(second) < 0 ? step : second).toNanos();
                if (process.waitFor(wait, TimeUnit.NANOSECONDS)) {
                    return cancelled.get() ? Ending.CANCELLED : Ending.EXITED;
                }
            }
        } catch (InterruptedException e) {
            interrupted = true;
        }
        end(process, call.grace());
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return cancelled.get() || interrupted ? Ending.CANCELLED : Ending.TIMED_OUT;
    }

    /** Ends a process and what it started: SIGTERM, after the grace time SIGKILL. */
    static void end(Process process, Duration grace) {
        List<ProcessHandle> descendants = process.descendants().toList();
        process.destroy();
        boolean ended = false;
        boolean interrupted = false;
        try {
            ended = process.waitFor(grace.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            interrupted = true;
        }
        if (!ended) {
            process.destroyForcibly();
        }
        descendants.forEach(ProcessHandle::destroyForcibly);
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
