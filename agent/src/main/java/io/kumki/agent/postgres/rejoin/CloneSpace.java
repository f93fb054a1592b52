package io.kumki.agent.postgres.rejoin;

import io.kumki.agent.config.PostgresConfig;
import io.kumki.agent.postgres.rejoin.Source.Sizes;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether a copy has room, looked at before anything is removed for it: each volume must hold what
 * the source's tablespaces take that will lie there. What is in the old directories counts as free,
 * since a clone removes it.
 */
final class CloneSpace {

    /** The log that streams in while the copy is made: at least two segments. */
    private static final long LOG_BYTES = 32L << 20;

    private static final int UNIT = 1024;

    /** What a file says it holds isn't what it takes there: too little room is only a warning. */
    private static final Set<String> COMPRESSING = Set.of("zfs", "btrfs", "bcachefs", "f2fs");

    private static final Logger LOG = LoggerFactory.getLogger(CloneSpace.class);

    private CloneSpace() {}

    private record Volume(Path example, long needed, long removable) {}

    /**
     * @return what is missing and what to do; empty if there is room
     */
    static Optional<String> lacking(PostgresConfig config, Sizes sizes, List<String> options)
            throws IOException {
        Path dataDir = config.files().dataDir();
        Map<FileStore, Volume> volumes = new LinkedHashMap<>();
        for (Map.Entry<String, Long> entry : sizes.bytes().entrySet()) {
            boolean main = entry.getKey().isEmpty();
            Path place =
                    main
                            ? dataDir
                            : Path.of(
                                    CloneTablespaces.mapped(List.of(entry.getKey()), options)
                                            .getFirst());
            long needed = entry.getValue() + (main ? LOG_BYTES : 0);
            Path existing = existing(place);
            volumes.merge(
                    Files.getFileStore(existing),
                    new Volume(place, needed, bytes(place)),
                    (one, two) ->
                            new Volume(
                                    one.example(),
                                    one.needed() + two.needed(),
                                    one.removable() + two.removable()));
        }
        for (Map.Entry<FileStore, Volume> entry : volumes.entrySet()) {
            Volume volume = entry.getValue();
            long free = entry.getKey().getUsableSpace() + volume.removable();
            if (free < volume.needed() && COMPRESSING.contains(entry.getKey().type())) {
                LOG.atWarn()
                        .addKeyValue("volume", volume.example())
                        .addKeyValue("neededBytes", volume.needed())
                        .addKeyValue("freeBytes", free)
                        .log("the copy has room only if the file system compresses it well");
            } else if (free < volume.needed()) {
                return Optional.of(
                        "no room for the copy: it needs "
                                + text(volume.needed())
                                + " on the volume of "
                                + volume.example()
                                + ", where "
                                + text(free)
                                + " are free or would become free; nothing was removed. Make room there, or"
                                + " move postgresql.data_dir to a larger volume");
            }
        }
        return Optional.empty();
    }

    private static Path existing(Path path) {
        Path found = path.toAbsolutePath();
        while (!Files.exists(found)) {
            Path parent = found.getParent();
            if (parent == null) {
                break;
            }
            found = parent;
        }
        return found;
    }

    /** What lies in a directory, links not followed; what vanishes meanwhile doesn't count. */
    static long bytes(Path root) throws IOException {
        if (!Files.exists(root, LinkOption.NOFOLLOW_LINKS)) {
            return 0;
        }
        long[] sum = new long[1];
        Path start = Files.isSymbolicLink(root) ? root.toRealPath() : root;
        Files.walkFileTree(
                start,
                new SimpleFileVisitor<>() {
                    @Override
                    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                        sum[0] += attributes.isRegularFile() ? attributes.size() : 0;
                        return FileVisitResult.CONTINUE;
                    }

                    @Override
                    public FileVisitResult visitFileFailed(Path file, IOException failure) {
                        return FileVisitResult.CONTINUE;
                    }

                    @Override
                    public FileVisitResult postVisitDirectory(
                            Path directory,
                            @org.jspecify.annotations.Nullable IOException failure) {
                        return FileVisitResult.CONTINUE;
                    }
                });
        return sum[0];
    }

    /** For people: {@code 1.5 GB}. */
    static String text(long bytes) {
        double value = bytes;
        List<String> units = List.of("bytes", "kB", "MB", "GB", "TB");
        int unit = 0;
        while (value >= UNIT && unit < units.size() - 1) {
            value /= UNIT;
            unit++;
        }
        return unit == 0
                ? bytes + " bytes"
                : String.format(Locale.ROOT, "%.1f %s", value, units.get(unit));
    }
}
