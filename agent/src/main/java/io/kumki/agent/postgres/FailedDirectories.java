package io.kumki.agent.postgres;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Puts the data directory of a failed bootstrap aside, so that somebody can look at it. */
final class FailedDirectories {

    private static final String SUFFIX = ".failed";

    private FailedDirectories() {}

    /**
     * Renames the directory, and the targets of a symlinked WAL directory and of tablespaces, to
     * {@code NAME.failed}; earlier ones of that name are removed. Never while the server runs.
     *
     * @return the new name; the directory itself if there was nothing
     */
    static Path setAside(Path dataDir) throws IOException {
        if (!Files.exists(dataDir)) {
            return dataDir;
        }
        moveTarget(dataDir.resolve("pg_wal"));
        for (Path link : tablespaces(dataDir)) {
            moveTarget(link);
        }
        Path real = dataDir.toRealPath();
        Path failed = aside(real);
        if (Files.isSymbolicLink(dataDir)) {
            Files.delete(dataDir);
        }
        return failed;
    }

    private static List<Path> tablespaces(Path dataDir) throws IOException {
        Path directory = dataDir.resolve("pg_tblspc");
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        try (Stream<Path> links = Files.list(directory)) {
            return links.toList();
        }
    }

    private static void moveTarget(Path link) throws IOException {
        if (Files.isSymbolicLink(link) && Files.exists(link)) {
            Path failed = aside(link.toRealPath());
            Files.delete(link);
            Files.createSymbolicLink(link, failed);
        }
    }

    private static Path aside(Path directory) throws IOException {
        Path failed = directory.resolveSibling(directory.getFileName() + SUFFIX);
        delete(failed);
        return Files.move(directory, failed);
    }

    private static void delete(Path tree) throws IOException {
        if (!Files.exists(tree, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        Files.walkFileTree(
                tree,
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
}
