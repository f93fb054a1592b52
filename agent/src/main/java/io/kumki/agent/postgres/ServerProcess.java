package io.kumki.agent.postgres;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;

/** The postmaster as a process: found, started, signalled, killed. Thread-safe; calls block. */
final class ServerProcess {

    /** What the server printed before its own logging began; rewritten at each start. */
    static final String START_LOG = "kumki-start.log";

    private static final int LOG_TAIL = 1500;

    /** Signals as PostgreSQL uses them. */
    enum Signal {
        HUP,
        INT,
        QUIT,
        STOP,
        USR1
    }

    private final Installation installation;
    private final AtomicReference<Optional<ProcessIdentity>> known =
            new AtomicReference<>(Optional.empty());

    ServerProcess(Installation installation) {
        this.installation = installation;
    }

    /** The running postmaster. Costs two small reads while it is the one already known. */
    Optional<ProcessIdentity> postmaster() {
        Optional<ProcessIdentity> before = known.get().filter(ProcessIdentity::alive);
        if (before.isPresent()) {
            return before;
        }
        Optional<ProcessIdentity> now =
                file().flatMap(file -> file.postmaster(installation.dataDir()));
        known.set(now);
        return now;
    }

    Optional<PostmasterPid> file() {
        return PostmasterPid.read(installation.dataDir());
    }

    /** Whether the server itself says that it accepts connections. */
    boolean accepting() {
        return file().filter(PostmasterPid::accepting).isPresent() && postmaster().isPresent();
    }

    /**
     * Starts {@code postgres} in a session of its own and as nobody's child, so that it outlives
     * the agent. Its output goes to {@link #START_LOG} if the server has its own logging, else to
     * the agent's standard error, as container logs want it.
     *
     * @return the new process; it may have ended again at once
     * @throws IOException if it could not be started at all
     */
    ProcessIdentity launch(List<String> arguments, boolean ownLogging) throws IOException {
        Path log = installation.dataDir().resolve(START_LOG);
        // the shell's number becomes the postmaster's, which inherits the lock
        String script =
                "echo $$; log=$1; lock=$2; shift 2; exec </dev/null "
                        + (ownLogging ? ">\"$log\" 2>&1; " : ">&2; ")
                        + VolumeLock.SERVER_SCRIPT
                        + "exec \"$@\"";
        // setsid's first process ends at once and Java then closes its pipe: another shell waits
        String outer =
                "inner=$1; shift; pid=$(setsid --fork /bin/sh -c \"$inner\" sh \"$@\") && echo \"$pid\"";
        List<String> command = new ArrayList<>(List.of("/bin/sh", "-c", outer, "sh", script));
        command.add(log.toString());
        command.add(VolumeLock.serverFile(installation.dataDir()).toString());
        command.add(installation.programs().path("postgres"));
        command.addAll(arguments);
        ProgramCall call = ProgramCall.of(command);
        String arenas = System.getenv("PG_MALLOC_ARENA_MAX");
        if (arenas != null) {
            call = call.with("MALLOC_ARENA_MAX", arenas);
        }
        Optional<PostmasterPid> old = file();
        if (old.isPresent()
                && old.get().postmaster(installation.dataDir()).isEmpty()
                && old.get().pid() > 0) {
            // the number may belong to a foreign process by now: PostgreSQL must not mistake it
            call = call.with("PG_GRANDPARENT_PID", Long.toString(old.get().pid()));
        }
        Process starter =
                Programs.builder(call).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        starter.getOutputStream().close();
        String pid;
        try (var output = starter.inputReader(StandardCharsets.US_ASCII)) {
            pid = output.readLine();
        }
        if (pid == null || !pid.matches("\\d+")) {
            throw new IOException("setsid could not start the server; is util-linux installed?");
        }
        long number = Long.parseLong(pid);
        ProcessIdentity started =
                ProcessIdentity.of(number).orElse(new ProcessIdentity(number, -1));
        known.set(Optional.of(started));
        return started;
    }

    /** The end of what the server printed while starting; empty if it went elsewhere. */
    String startOutput() {
        Path log = installation.dataDir().resolve(START_LOG);
        try {
            String text = Files.readString(log, StandardCharsets.ISO_8859_1).strip();
            return text.length() > LOG_TAIL ? text.substring(text.length() - LOG_TAIL) : text;
        } catch (IOException e) {
            return "";
        }
    }

    /**
     * Signals the process if it still is the same one.
     *
     * @return false if it has ended or may not be signalled
     */
    boolean signal(ProcessIdentity process, Signal signal) {
        return process.alive()
                && Programs.run(
                                ProgramCall.of(
                                        List.of(
                                                "/bin/sh",
                                                "-c",
                                                "kill -s \"$1\" \"$2\"",
                                                "sh",
                                                signal.name(),
                                                Long.toString(process.pid()))))
                        .succeeded();
    }

    /** Freezes the postmaster, so that it starts nothing new, and kills it and all descendants. */
    void kill(ProcessIdentity process) {
        if (!signal(process, Signal.STOP)) {
            return;
        }
        ProcessHandle.of(process.pid())
                .ifPresent(postmaster -> {
                    try (Stream<ProcessHandle> children = postmaster.descendants()) {
                        List<ProcessHandle> all = children.toList();
                        postmaster.destroyForcibly();
                        all.forEach(ProcessHandle::destroyForcibly);
                    }
                });
    }
}
