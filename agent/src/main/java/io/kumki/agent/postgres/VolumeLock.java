package io.kumki.agent.postgres;

import static io.kumki.agent.linux.SystemCalls.O_CLOEXEC;
import static io.kumki.agent.linux.SystemCalls.O_RDONLY;
import static io.kumki.agent.linux.SystemCalls.O_RDWR;

import io.kumki.agent.linux.SystemCallException;
import io.kumki.agent.linux.SystemCalls;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * One agent and one server a data directory, also where they can't see each other's processes: two
 * containers with one volume, two machines with one network file system. There PostgreSQL's own
 * checks fail, since process numbers and shared memory are each container's own.
 *
 * <ol>
 *   <li>The agent holds a lock on {@code NAME.kumki-agent} beside the data directory, and on the
 *       directory itself where it exists: the volume may be mounted at either.
 *   <li>Each server process holds one on {@code PG_VERSION}, inherited from the shell that starts
 *       the server. So a server that its agent's death left behind keeps others away by itself.
 *   <li>An agent that finds the server's lock taken goes on only if it can see a process that has
 *       that file: then it is its own server, or what is left of it, and process numbers tell the
 *       rest.
 * </ol>
 *
 * <p>All are locks of flock(2): the kernel ends them with the last process that has them.
 */
public final class VolumeLock {

    private static final String BESIDE = ".kumki-agent";

    /** Its exit code is no other program's. */
    private static final int TAKEN = 75;

    /** Of a shell: takes the server's lock on {@code $lock}, for what it becomes. */
    static final String SERVER_SCRIPT =
            "if [ -r \"$lock\" ] && exec 9<\"$lock\"; then flock -s -w 5 -E "
                    + TAKEN
                    + " 9; if [ $? = "
                    + TAKEN
                    + " ]; then echo \"$lock is locked by another container or machine\" >&2; exit "
                    + TAKEN
                    + "; fi; fi; ";

    private final List<Integer> held;

    private VolumeLock(List<Integer> held) {
        this.held = List.copyOf(held);
    }

    /** What came of {@link #take}. */
    public sealed interface Outcome {

        /** Ours until the process ends, or {@link #close}. */
        record Held(VolumeLock lock) implements Outcome {}

        /** Somebody else works there; a sentence without the directory's name, with the remedy. */
        record Refused(String reason) implements Outcome {}

        /** This file system has no locks: why. */
        record Impossible(String reason) implements Outcome {}
    }

    /** Blocks for a moment, never for a lock. */
    public static Outcome take(Path dataDir) {
        List<Integer> held = new ArrayList<>();
        List<String> failures = new ArrayList<>();
        try {
            for (Path place : places(dataDir)) {
                try {
                    held.add(lock(place, Files.isDirectory(place) ? O_RDONLY : O_RDWR));
                } catch (IOException e) {
                    if (taken(e)) {
                        return refused(
                                held,
                                "another agent works there, in another container or on another machine (it has the lock on "
                                        + place
                                        + "): stop that one first (\"docker ps --filter volume=...\"), or give this one a volume of its own");
                    }
                    failures.add(e.getMessage());
                }
            }
            Path server = serverFile(dataDir);
            if (Files.exists(server)) {
                try {
                    SystemCalls.close(lock(server, O_RDWR));
                } catch (IOException e) {
                    if (taken(e) && !openHere(server)) {
                        return refused(
                                held,
                                "a PostgreSQL server that can't be seen from here, in another container or on another machine, still runs there (it has the lock on "
                                        + server
                                        + "): end that one first (\"docker ps --filter volume=...\"), or give this one a volume of its own");
                    }
                }
            }
        } catch (IOException e) {
            failures.add(e.toString());
        }
        return held.isEmpty()
                ? new Outcome.Impossible(String.join("; ", failures))
                : new Outcome.Held(new VolumeLock(held));
    }

    /** The server's lock is on this file: it is as old as the cluster, and goes where it goes. */
    static Path serverFile(Path dataDir) {
        return dataDir.resolve("PG_VERSION");
    }

    /** The same program with the server's lock, for one that works on the data by itself. */
    public static ProgramCall locked(ProgramCall call, Path dataDir) {
        List<String> command =
                new ArrayList<>(
                        List.of(
                                "/bin/sh",
                                "-c",
                                "lock=$1; shift; " + SERVER_SCRIPT + "exec \"$@\"",
                                "sh",
                                serverFile(dataDir).toString()));
        command.addAll(call.command());
        return new ProgramCall(
                command,
                call.environment(),
                call.limit(),
                call.cancellation(),
                call.workingDirectory(),
                call.grace());
    }

    /** Lets others take it; may be called once. */
    public void close() throws IOException {
        for (int fd : held) {
            SystemCalls.close(fd);
        }
    }

    private static boolean taken(IOException e) {
        return e instanceof SystemCallException call
                && call.errno() == SystemCallException.EWOULDBLOCK;
    }

    private static Outcome refused(List<Integer> held, String reason) throws IOException {
        new VolumeLock(held).close();
        return new Outcome.Refused(reason);
    }

    private static int lock(Path file, int flags) throws IOException {
        int fd = SystemCalls.open(file.toString(), flags | O_CLOEXEC);
        try {
            SystemCalls.flock(fd, file.toString());
            return fd;
        } catch (IOException e) {
            SystemCalls.close(fd);
            throw e;
        }
    }

    /** What is locked: at least one of them, or the file system can't be written to. */
    private static List<Path> places(Path dataDir) throws IOException {
        List<Path> places = new ArrayList<>();
        boolean there = Files.isDirectory(dataDir);
        Path real = there ? dataDir.toRealPath() : dataDir.toAbsolutePath().normalize();
        if (there) {
            places.add(real);
        }
        Path parent = real.getParent();
        if (parent != null && (!there || sameVolume(real, parent))) {
            Files.createDirectories(parent);
            Path beside = parent.resolve(real.getFileName() + BESIDE);
            if (Files.isWritable(parent) || Files.exists(beside)) {
                try {
                    Files.createFile(
                            beside,
                            PosixFilePermissions.asFileAttribute(
                                    PosixFilePermissions.fromString("rw-------")));
                } catch (FileAlreadyExistsException e) {
                    // left by an agent before, held by one that lives
                }
                places.add(beside);
            }
        }
        return places;
    }

    /** A mount point's neighbours are elsewhere. */
    private static boolean sameVolume(Path one, Path other) throws IOException {
        return Files.getAttribute(one, "unix:dev").equals(Files.getAttribute(other, "unix:dev"));
    }

    /** Whether another process that we can see has the file open. */
    private static boolean openHere(Path file) throws IOException {
        Object wanted = Files.readAttributes(file, BasicFileAttributes.class).fileKey();
        String self = Long.toString(ProcessHandle.current().pid());
        try (Stream<Path> processes = Files.list(Path.of("/proc"))) {
            return processes
                    .filter(process -> process.getFileName().toString().matches("\\d+"))
                    .filter(process -> !process.endsWith(self))
                    .anyMatch(process -> has(process, wanted));
        }
    }

    private static boolean has(Path process, Object wanted) {
        try (Stream<Path> open = Files.list(process.resolve("fd"))) {
            return open.anyMatch(descriptor -> wanted.equals(key(descriptor)));
        } catch (IOException | UncheckedIOException e) {
            return false; // it has ended, or is another user's
        }
    }

    private static Object key(Path descriptor) {
        try {
            Object key = Files.readAttributes(descriptor, BasicFileAttributes.class).fileKey();
            return key == null ? descriptor : key;
        } catch (IOException e) {
            return descriptor; // closed meanwhile
        }
    }
}
