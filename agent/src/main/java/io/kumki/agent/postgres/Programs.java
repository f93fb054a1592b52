package io.kumki.agent.postgres;

import io.kumki.agent.postgres.ProgramRun.Ending;
import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
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
        Family family = new Family(process);
        CompletableFuture<Void> cancelled = new CompletableFuture<>();
        call.cancellation()
                .onCancel(() -> {
                    cancelled.complete(null); // before it can end by being asked
                    family.ask();
                });
        Ending ending = await(family, call, cancelled);
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
                || variable.startsWith("POSTGRES_PASSWORD")
                || variable.equals("NOTIFY_SOCKET")
                || variable.equals("WATCHDOG_USEC")
                || variable.equals("WATCHDOG_PID")
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

    private static Ending await(
            Family family, ProgramCall call, CompletableFuture<Void> cancelled) {
        boolean interrupted = false;
        try {
            CompletableFuture.anyOf(family.process.onExit(), cancelled)
                    .get(call.limit().toNanos(), TimeUnit.NANOSECONDS);
            if (!cancelled.isDone()) {
                return Ending.EXITED;
            }
        } catch (InterruptedException e) {
            interrupted = true;
        } catch (TimeoutException e) {
            LOG.atWarn()
                    .addKeyValue("pid", family.process.pid())
                    .log("program is ended: its time is over");
        } catch (ExecutionException e) {
            throw new IllegalStateException("the end of a process never fails", e);
        }
        family.end(call.grace());
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return cancelled.isDone() || interrupted ? Ending.CANCELLED : Ending.TIMED_OUT;
    }

    /** Ends a process and what it started: SIGTERM, after the grace time SIGKILL. */
    static void end(Process process, Duration grace) {
        new Family(process).end(grace);
    }

    /**
     * A process and what it started. They are looked up before anybody is told to end: the children
     * of a process that has ended can't be found any more, and one left over would go on writing
     * where the next program works.
     */
    private static final class Family {
        private final Process process;
        private final Set<ProcessHandle> members = new LinkedHashSet<>();

        Family(Process process) {
            this.process = process;
        }

        /** SIGTERM to all; once. */
        synchronized void ask() {
            if (members.isEmpty()) {
                members.add(process.toHandle());
                members.addAll(process.descendants().toList());
                members.forEach(ProcessHandle::destroy);
            }
        }

        /** Asks, waits for the grace time, kills who is left. */
        synchronized void end(Duration grace) {
            ask();
            members.addAll(process.descendants().toList());
            boolean interrupted = Thread.interrupted();
            try {
                CompletableFuture.allOf(
                                members.stream()
                                        .map(ProcessHandle::onExit)
                                        .toArray(CompletableFuture[]::new))
                        .get(grace.toMillis(), TimeUnit.MILLISECONDS);
            } catch (InterruptedException e) {
                interrupted = true;
            } catch (ExecutionException | TimeoutException e) {
                LOG.atWarn()
                        .addKeyValue("pid", process.pid())
                        .log("program doesn't end when asked; it is killed");
            }
            members.forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
