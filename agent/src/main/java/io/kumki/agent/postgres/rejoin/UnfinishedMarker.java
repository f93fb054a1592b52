package io.kumki.agent.postgres.rejoin;

import io.kumki.agent.ha.LocalServer.UnfinishedWork;
import io.kumki.agent.postgres.AtomicFiles;
import io.kumki.agent.postgres.ProgramCall;
import io.kumki.agent.postgres.ProgramRun;
import io.kumki.agent.postgres.Programs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Optional;

/**
 * The marker that stands while a clone, a rewind or a bootstrap works in a data directory. It is on
 * disk before the first change and goes away after the last one, so a directory in which the work
 * broke off is never started.
 *
 * <p>Three places, each for a reason:
 *
 * <ul>
 *   <li>pg_basebackup: a file inside. It stays with a volume that is mounted at the data directory,
 *       whatever happens to the machine. pg_basebackup wants an empty directory, so it gets one
 *       below (see {@link Clone}).
 *   <li>pg_rewind: a named pipe inside, since pg_rewind deletes what the source doesn't have, but
 *       sees only files, directories and links.
 *   <li>An operator's replica method: a file beside the data directory, {@code
 *       NAME.kumki-unfinished}. Such a method works in the data directory itself, and may want it
 *       empty or clean it. The same place for a bootstrap, since initdb wants an empty directory.
 * </ul>
 */
public final class UnfinishedMarker {

    /** Its name inside the data directory. */
    public static final String NAME = "kumki.unfinished";

    private static final String BOOTSTRAP = "bootstrap\n";

    private UnfinishedMarker() {}

    /**
     * Which work broke off in (or is going on in) {@code dataDir}.
     *
     * @throws IOException if it can't be found out: that is never "none"
     */
    public static Optional<UnfinishedWork> read(Path dataDir) throws IOException {
        Optional<BasicFileAttributes> inside = attributes(dataDir.resolve(NAME));
        if (inside.isPresent()) {
            return Optional.of(
                    inside.get().isOther() ? UnfinishedWork.REWIND : UnfinishedWork.CLONE);
        }
        Path beside = beside(dataDir);
        if (attributes(beside).isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(
                Files.readString(beside).equals(BOOTSTRAP)
                        ? UnfinishedWork.BOOTSTRAP
                        : UnfinishedWork.CLONE);
    }

    /** For a clone by pg_basebackup; the data directory must exist. */
    static void beginClone(Path dataDir) throws IOException {
        AtomicFiles.replace(dataDir.resolve(NAME), "clone\n", AtomicFiles.Access.in(dataDir));
    }

    /** For a clone by an operator's method, which owns the data directory meanwhile. */
    static void beginForeignClone(Path dataDir) throws IOException {
        writeBeside(dataDir, "clone\n", "a replica method works");
    }

    /** For a new cluster, from before its first file until its roles and scripts are done. */
    public static void beginBootstrap(Path dataDir) throws IOException {
        writeBeside(dataDir, BOOTSTRAP, "a cluster is created");
    }

    private static void writeBeside(Path dataDir, String content, String why) throws IOException {
        Path marker = beside(dataDir);
        try {
            AtomicFiles.replace(marker, content, AtomicFiles.Access.OWNER);
        } catch (IOException e) {
            throw new IOException(
                    "cannot write "
                            + marker
                            + ", which must stand while "
                            + why
                            + "; let this user write to "
                            + marker.getParent()
                            + ", or set postgresql.data_dir to a directory below the mount point",
                    e);
        }
    }

    /** For pg_rewind. */
    static void beginRewind(Path dataDir) throws IOException {
        Path marker = dataDir.resolve(NAME);
        if (attributes(marker).isEmpty()) {
            ProgramRun run =
                    Programs.run(ProgramCall.of(List.of("mkfifo", "-m", "600", marker.toString())));
            if (!run.succeeded()) {
                throw new IOException("cannot make the marker " + marker + ": " + run.summary());
            }
        }
        AtomicFiles.syncDirectory(dataDir);
    }

    /** The work is complete and on disk. */
    public static void end(Path dataDir) throws IOException {
        if (Files.deleteIfExists(dataDir.resolve(NAME))) {
            AtomicFiles.syncDirectory(dataDir);
        }
        Path beside = beside(dataDir);
        Path parent = beside.getParent();
        if (Files.deleteIfExists(beside) && parent != null) {
            AtomicFiles.syncDirectory(parent);
        }
    }

    static Path beside(Path dataDir) {
        Path absolute = dataDir.toAbsolutePath();
        return absolute.resolveSibling(absolute.getFileName() + ".kumki-unfinished");
    }

    private static Optional<BasicFileAttributes> attributes(Path file) throws IOException {
        try {
            return Optional.of(
                    Files.readAttributes(
                            file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }
}
