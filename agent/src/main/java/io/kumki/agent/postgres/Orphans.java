package io.kumki.agent.postgres;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Server processes whose postmaster is gone. Those that wait for something end by themselves; one
 * that computes goes on, and its commit is acknowledged, so a server isn't stopped before they have
 * ended.
 *
 * <p>A process counts if it works in the data directory, as every child of a postmaster does, and
 * has the server's shared memory, without which nothing can be written. So the logger, which ends
 * with the last of the others, doesn't count; neither does a single-user server, which is told by
 * its lock file. {@link VolumeLock} doesn't tell: whoever started the server may not have taken it.
 * Calls block for one look through {@code /proc}, some milliseconds.
 */
final class Orphans {

    private static final Logger LOG = LoggerFactory.getLogger(Orphans.class);

    private static final Duration STEP = Duration.ofMillis(5);

    /** A killed process ends in milliseconds; one that was missed is killed after this. */
    private static final Duration AGAIN = Duration.ofMillis(200);

    private final Installation installation;
    private final ServerProcess process;

    Orphans(Installation installation, ServerProcess process) {
        this.installation = installation;
        this.process = process;
    }

    /** None while a postmaster runs: then they are its own. */
    List<ProcessIdentity> find() {
        String home = home();
        List<ProcessIdentity> found = new ArrayList<>();
        try (DirectoryStream<Path> all =
                Files.newDirectoryStream(Path.of("/proc"), name -> number(name) > 1)) {
            for (Path entry : all) {
                if (worksIn(entry, home) && hasSharedMemory(entry)) {
                    ProcessIdentity.of(number(entry)).ifPresent(found::add);
                }
            }
        } catch (IOException e) {
            throw new IllegalStateException("/proc can't be read: " + e, e);
        }
        if (found.isEmpty()) {
            return List.of();
        }
        // looked at last: a server has its lock file before it has shared memory
        long single = process.file().map(file -> -file.pid()).orElse(0L);
        found.removeIf(one -> one.pid() == single);
        return process.postmaster().isPresent() ? List.of() : List.copyOf(found);
    }

    /**
     * Waits for those that end by themselves.
     *
     * @return whether none is left
     */
    boolean endWithin(Duration limit) throws InterruptedException {
        Deadline deadline = Deadline.in(limit);
        List<ProcessIdentity> left = find();
        while (!left.isEmpty() && !deadline.passed()) {
            deadline.pause(STEP);
            left = left.stream().anyMatch(ProcessIdentity::alive) ? left : find();
        }
        return left.isEmpty();
    }

    /**
     * Kills them, as PostgreSQL itself does with what is left after a crash; the recovery that
     * follows is safe.
     *
     * @return how many there were
     * @throws IllegalStateException if some can't be ended within the limit
     */
    int kill(Duration limit) throws InterruptedException {
        Deadline deadline = Deadline.in(limit);
        List<ProcessIdentity> left = find();
        int count = left.size();
        if (count > 0) {
            LOG.atWarn()
                    .addKeyValue("pids", left.stream().map(ProcessIdentity::pid).toList())
                    .log("the postmaster is gone and left processes behind: they are killed");
        }
        while (!left.isEmpty()) {
            left.stream()
                    .filter(ProcessIdentity::alive)
                    .forEach(one ->
                            ProcessHandle.of(one.pid()).ifPresent(ProcessHandle::destroyForcibly));
            if (!endWithin(deadline.left().compareTo(AGAIN) < 0 ? deadline.left() : AGAIN)
                    && deadline.passed()) {
                throw new IllegalStateException(
                        "the postmaster is gone, and its processes "
                                + find().stream().map(ProcessIdentity::pid).toList()
                                + " cannot be killed: does their disk answer?");
            }
            left = find();
        }
        return count;
    }

    private String home() {
        Path named = installation.dataDir();
        try {
            return named.toRealPath().toString();
        } catch (IOException e) {
            // what the kernel shows of a directory that was removed under its processes
            return named.toAbsolutePath().normalize() + " (deleted)";
        }
    }

    private static long number(Path entry) {
        Path name = entry.getFileName();
        String text = name == null ? "" : name.toString();
        return text.matches("\\d{1,18}") ? Long.parseLong(text) : 0;
    }

    /** Another user's process can't be looked into, and isn't of a server of ours. */
    private static boolean worksIn(Path entry, String home) {
        try {
            return Files.readSymbolicLink(entry.resolve("cwd")).toString().equals(home);
        } catch (IOException e) {
            return false;
        }
    }

    /** Each process of a server is attached to a segment of System V, also where most is mmap's. */
    private static boolean hasSharedMemory(Path entry) {
        try {
            return new String(
                            Files.readAllBytes(entry.resolve("maps")), StandardCharsets.ISO_8859_1)
                    .contains("/SYSV");
        } catch (NoSuchFileException e) {
            return false;
        } catch (IOException e) {
            // not readable, or just ending: the next look tells
            return true;
        }
    }
}
