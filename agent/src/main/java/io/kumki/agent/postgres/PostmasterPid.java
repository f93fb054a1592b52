package io.kumki.agent.postgres;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * The content of {@code postmaster.pid}.
 *
 * @param pid negative for a single-user server
 * @param port 0 if not yet written
 * @param socketDirectory of its first unix socket; empty if it has none
 * @param status PostgreSQL 10 and later: {@code starting}, {@code stopping}, {@code ready}, {@code
 *     standby} (accepts connections in recovery); empty if not yet written
 */
record PostmasterPid(
        long pid, Instant startTime, int port, Optional<String> socketDirectory, String status) {

    /** A process whose start differs by more than this from the file's is another one. */
    private static final Duration TOLERANCE = Duration.ofSeconds(3);

    /** The file in {@code dataDir}; empty if it is missing, unreadable or not complete yet. */
    static Optional<PostmasterPid> read(Path dataDir) {
        try {
            return parse(
                    Files.readString(
                            dataDir.resolve("postmaster.pid"), StandardCharsets.ISO_8859_1));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    static Optional<PostmasterPid> parse(String text) {
        List<String> lines = text.lines().map(String::strip).toList();
        if (lines.size() < 3) {
            return Optional.empty();
        }
        try {
            int port =
                    lines.size() > 3 && !lines.get(3).isEmpty()
                            ? Integer.parseInt(lines.get(3))
                            : 0;
            return Optional.of(
                    new PostmasterPid(
                            Long.parseLong(lines.get(0)),
                            Instant.ofEpochSecond(Long.parseLong(lines.get(2))),
                            port,
                            Optional.of(lines.size() > 4 ? lines.get(4) : "")
                                    .filter(directory -> directory.startsWith("/")),
                            lines.size() > 7 ? lines.get(7) : ""));
        } catch (NumberFormatException | DateTimeException e) {
            return Optional.empty();
        }
    }

    /** Whether the server says that it accepts connections. */
    boolean accepting() {
        return status.equals("ready") || status.equals("standby");
    }

    /**
     * Whether it takes writes as well: "standby" also stands there while a server without {@code
     * hot_standby} still recovers and lets nobody in.
     */
    boolean ready() {
        return status.equals("ready");
    }

    boolean singleUser() {
        return pid < 0;
    }

    /**
     * The postmaster that wrote the file, if it runs: not a single-user server, not a foreign
     * process that has the number now, not ourselves or our parent or child.
     *
     * <p>The start time is by the wall clock, which may have been set since. So a process that
     * started at another time counts as well if it works in {@code dataDir}, as every postmaster
     * does: to overlook a primary would mean that nobody stops it.
     */
    Optional<ProcessIdentity> postmaster(Path dataDir) {
        ProcessHandle self = ProcessHandle.current();
        if (pid <= 0
                || pid == self.pid()
                || self.parent().filter(p -> p.pid() == pid).isPresent()) {
            return Optional.empty();
        }
        return ProcessIdentity.of(pid)
                .filter(process ->
                        process.startedAbout(startTime, TOLERANCE) || worksIn(process, dataDir))
                .filter(process -> self.children().noneMatch(child -> child.pid() == pid));
    }

    private static boolean worksIn(ProcessIdentity process, Path dataDir) {
        try {
            return Path.of("/proc/" + process.pid() + "/cwd")
                    .toRealPath()
                    .equals(dataDir.toRealPath());
        } catch (IOException e) {
            // not ours to look into, or gone: then it isn't our server
            return false;
        }
    }
}
