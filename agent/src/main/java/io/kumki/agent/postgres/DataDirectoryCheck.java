package io.kumki.agent.postgres;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What keeps a server from living in its data directory, found out before anything is asked or
 * touched, with the remedy. That a server lives there says nothing about owner and version: it may
 * be another user's, or its programs may have been replaced. A {@code postmaster.pid} alone, as a
 * hard kill leaves it, says nothing at all.
 */
public final class DataDirectoryCheck {

    /** PostgreSQL's own files and the first segments of the log take 40 MiB of it. */
    private static final long LEAST_FREE = 64L << 20;

    /** Whose remedies fit. */
    public enum Place {
        MACHINE,
        /** The container image, with one version of PostgreSQL and one volume. */
        IMAGE
    }

    private DataDirectoryCheck() {}

    /**
     * @param binaryMajor of the {@code postgres} program; 0 if it isn't known
     * @return a sentence about the directory, without its name; empty if it will do
     * @throws IOException if it can't be looked at
     */
    public static Optional<String> problem(Path dataDir, int binaryMajor, Place where)
            throws IOException {
        Path place = existing(dataDir);
        if (!Files.isDirectory(place)) {
            return Optional.of(place + " is no directory");
        }
        Optional<String> wrong =
                wrongOwner(dataDir, place, where).or(() -> wrongMajor(dataDir, binaryMajor, where));
        return wrong.isPresent() || serverRuns(dataDir)
                ? wrong
                : wrongVolume(dataDir, place, where);
    }

    private static boolean serverRuns(Path dataDir) {
        return PostmasterPid.read(dataDir).flatMap(file -> file.postmaster(dataDir)).isPresent();
    }

    /** The directory, or the one above it in which it would be made. */
    private static Path existing(Path dataDir) {
        Path place = dataDir.toAbsolutePath();
        while (!Files.exists(place) && place.getParent() != null) {
            place = place.getParent();
        }
        return place;
    }

    /** PostgreSQL takes only a data directory that belongs to its own user. */
    private static Optional<String> wrongOwner(Path dataDir, Path place, Place where)
            throws IOException {
        String me = String.valueOf(Files.getOwner(Path.of("/proc/self")));
        boolean there = Files.exists(dataDir);
        boolean mine =
                Files.getAttribute(place, "unix:uid")
                        .equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
        if (where == Place.IMAGE
                && (there ? !mine : !Files.isWritable(place) && !readOnly(place))) {
            Object uid = Files.getAttribute(Path.of("/proc/self"), "unix:uid");
            return Optional.of(
                    "%1$s belongs to uid %2$s, and PostgreSQL runs as uid %3$s: \"docker run --rm --user root --volumes-from CONTAINER IMAGE chown -R %3$s %1$s\""
                            .formatted(place, Files.getAttribute(place, "unix:uid"), uid));
        }
        if (there && !mine) {
            return Optional.of(
                    "it belongs to %1$s, and PostgreSQL, which runs as the agent's user %2$s, takes only a directory of its own: \"chown -R %2$s %3$s\", or run the agent as %1$s"
                            .formatted(Files.getOwner(place), me, dataDir));
        }
        if (!there && !Files.isWritable(place) && !readOnly(place)) {
            return Optional.of(
                    "it can't be made in %1$s, which belongs to %2$s: \"install -d -o %3$s -m 0700 %4$s\""
                            .formatted(place, Files.getOwner(place), me, dataDir));
        }
        return Optional.empty();
    }

    private static Optional<String> wrongMajor(Path dataDir, int binaryMajor, Place where) {
        int major = DataDirectories.major(dataDir);
        return major == 0 || binaryMajor == 0 || major == binaryMajor
                ? Optional.empty()
                : Optional.of(
                        "it holds a cluster of PostgreSQL %1$d, but the program is PostgreSQL %2$d: %3$s, or upgrade the cluster with pg_upgrade first"
                                .formatted(
                                        major,
                                        binaryMajor,
                                        where == Place.IMAGE
                                                ? "use an image with %1$d (build argument PG_MAJOR, docs/container.md)"
                                                        .formatted(major)
                                                : "set postgresql.bin_dir to the programs of %1$d"
                                                        .formatted(major)));
    }

    private static Optional<String> wrongVolume(Path dataDir, Path place, Place where) {
        if (readOnly(place)) {
            return Optional.of(
                    "the file system is mounted read-only at "
                            + place
                            + (where == Place.IMAGE
                                    ? ": mount the volume without \":ro\""
                                    : ": mount it for writing")
                            + "; if the kernel made it read-only after errors, check the disk first");
        }
        try {
            long free = Files.getFileStore(place).getUsableSpace();
            return free >= LEAST_FREE || !DataDirectories.isEmpty(dataDir)
                    ? Optional.empty()
                    : Optional.of(
                            "only %d MiB are free there, and a cluster needs %d at the very least: make room, or take a larger volume"
                                    .formatted(free >> 20, LEAST_FREE >> 20));
        } catch (IOException e) {
            return Optional.of("it can't be looked at: " + e);
        }
    }

    private static boolean readOnly(Path place) {
        try {
            return Files.getFileStore(place).isReadOnly();
        } catch (IOException e) {
            return false; // said by the look at its free space
        }
    }
}
