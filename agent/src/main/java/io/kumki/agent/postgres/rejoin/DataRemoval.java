package io.kumki.agent.postgres.rejoin;

import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileSystemException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Removes or sets aside a data directory together with what its links point to: the WAL directory
 * and the tablespaces. Never call it while a server runs there.
 *
 * <p>A directory that can't be removed itself, since it is a mount point or its parent isn't ours,
 * is left behind empty: that serves as well.
 */
public final class DataRemoval {

    /** Made by mkfs at the top of a volume; not ours, and PostgreSQL's programs overlook it. */
    private static final String LOST_AND_FOUND = "lost+found";

    private static final String SET_ASIDE = ".failed";

    private static final Logger LOG = LoggerFactory.getLogger(DataRemoval.class);

    private DataRemoval() {}

    /**
     * Removes the data directory. One that is a symbolic link is only unlinked. If something can't
     * be removed, it is set aside ({@link #setAside}).
     *
     * @throws IOException if neither works
     */
    public static void remove(Path dataDir) throws IOException {
        LOG.atInfo().addKeyValue("directory", dataDir).log("removing data directory");
        if (Files.isSymbolicLink(dataDir)) {
            Files.delete(dataDir);
            return;
        }
        try {
            clear(dataDir);
            Files.deleteIfExists(dataDir.resolve(UnfinishedMarker.NAME));
        } catch (IOException e) {
            LOG.atWarn()
                    .addKeyValue("directory", dataDir)
                    .addKeyValue("error", e.toString())
                    .log("data directory can't be removed; setting it aside");
            try {
                setAside(dataDir);
            } catch (IOException alsoFailed) {
                alsoFailed.addSuppressed(e);
                throw alsoFailed;
            }
            return;
        }
        removeIfPossible(dataDir);
    }

    /**
     * Removes what is in the data directory and behind its links, but not the marker of unfinished
     * work. The control file goes first: without it no server starts from what may be left.
     */
    static void clear(Path dataDir) throws IOException {
        Files.deleteIfExists(dataDir.resolve("global").resolve("pg_control"));
        for (Path linked : linkedDirectories(dataDir)) {
            clearDirectory(linked, null);
            removeIfPossible(linked);
        }
        clearDirectory(dataDir, UnfinishedMarker.NAME);
    }

    /**
     * Gives the data directory, its WAL directory and its tablespaces the suffix {@code .failed};
     * older ones of that name are removed.
     */
    public static void setAside(Path dataDir) throws IOException {
        Map<Path, Path> links = new TreeMap<>(links(dataDir));
        for (Map.Entry<Path, Path> link : links.entrySet()) {
            Path moved = replaceAside(link.getValue());
            Files.delete(link.getKey());
            Files.createSymbolicLink(link.getKey(), moved);
        }
        replaceAside(dataDir);
    }

    /**
     * For what was never a whole cluster: a directory that can't be set aside, such as a mount
     * point, is emptied.
     *
     * @return what became of it, for people
     * @throws IOException if neither works
     */
    public static String setAsideOrRemove(Path dataDir) throws IOException {
        if (!Files.exists(dataDir)) {
            return "nothing was left";
        }
        try {
            setAside(dataDir);
            return dataDir + SET_ASIDE + " holds what was there";
        } catch (IOException e) {
            try {
                clear(dataDir);
            } catch (IOException alsoFailed) {
                alsoFailed.addSuppressed(e);
                throw alsoFailed;
            }
            removeIfPossible(dataDir);
            return dataDir + " was emptied, since it can't be set aside: " + e;
        }
    }

    private static Path replaceAside(Path directory) throws IOException {
        Path aside = directory.resolveSibling(directory.getFileName() + SET_ASIDE);
        if (Files.exists(aside, LinkOption.NOFOLLOW_LINKS)) {
            clearDirectory(aside, null);
            Files.delete(aside);
        }
        return Files.move(directory, aside, StandardCopyOption.ATOMIC_MOVE);
    }

    private static List<Path> linkedDirectories(Path dataDir) throws IOException {
        return List.copyOf(links(dataDir).values());
    }

    /** The links by which a data directory reaches out, and the directories they lead to. */
    private static Map<Path, Path> links(Path dataDir) throws IOException {
        List<Path> candidates = new ArrayList<>(List.of(dataDir.resolve("pg_wal")));
        Path tablespaces = dataDir.resolve("pg_tblspc");
        if (Files.isDirectory(tablespaces)) {
            try (Stream<Path> entries = Files.list(tablespaces)) {
                candidates.addAll(entries.toList());
            }
        }
        Map<Path, Path> links = new TreeMap<>();
        for (Path candidate : candidates) {
            if (Files.isSymbolicLink(candidate) && Files.isDirectory(candidate)) {
                links.put(candidate, candidate.toRealPath());
            }
        }
        return Collections.unmodifiableMap(links);
    }

    private static void clearDirectory(Path directory, @Nullable String kept) throws IOException {
        List<Path> entries;
        try (Stream<Path> listed = Files.list(directory)) {
            entries = listed.toList();
        } catch (NoSuchFileException e) {
            return;
        }
        for (Path entry : entries) {
            String name = String.valueOf(entry.getFileName());
            if (!name.equals(kept) && !name.equals(LOST_AND_FOUND)) {
                deleteTree(entry);
            }
        }
    }

    /** Deletes a tree; links are deleted, not followed. */
    static void deleteTree(Path root) throws IOException {
        if (!Files.exists(root, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        Files.walkFileTree(
                root,
                new SimpleFileVisitor<>() {
                    @Override
                    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                            throws IOException {
                        Files.delete(file);
                        return FileVisitResult.CONTINUE;
                    }

                    @Override
                    public FileVisitResult postVisitDirectory(
                            Path directory, @Nullable IOException failure) throws IOException {
                        if (failure != null) {
                            throw failure;
                        }
                        Files.delete(directory);
                        return FileVisitResult.CONTINUE;
                    }
                });
    }

    private static void removeIfPossible(Path directory) {
        try {
            Files.deleteIfExists(directory);
        } catch (DirectoryNotEmptyException e) {
            LOG.atDebug().addKeyValue("directory", directory).log("a volume's own entries stay");
        } catch (FileSystemException e) {
            LOG.atInfo()
                    .addKeyValue("directory", directory)
                    .addKeyValue("error", e.toString())
                    .log("directory is emptied but can't be removed itself");
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
