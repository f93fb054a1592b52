package io.kumki.agent.postgres.rejoin;

import io.kumki.agent.ha.Durations;
import io.kumki.agent.postgres.AtomicFiles;
import io.kumki.agent.postgres.Cancellation;
import io.kumki.agent.postgres.Deadline;
import io.kumki.agent.postgres.ProgramRun;
import io.kumki.agent.postgres.Programs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Archives the segments that a stopped server still had to archive. Standbys don't archive what
 * they received, so a segment that pg_rewind deletes unarchived would be a hole in the archive.
 */
final class ReadySegments {

    /** An archive that needs longer for 16 MB is as good as away. */
    private static final Duration ONE = Duration.ofMinutes(1);

    /** All of them: the member is out of service meanwhile. */
    private static final Duration ALL = Duration.ofMinutes(10);

    private static final String READY = ".ready";

    private static final Pattern SEGMENT = Pattern.compile("[0-9A-F]{24}(\\.partial)?");

    private static final Logger LOG = LoggerFactory.getLogger(ReadySegments.class);

    private ReadySegments() {}

    /**
     * Runs {@code archive_command} for each, oldest first, until one fails: the archive is then
     * down for the others as well.
     *
     * @return how many are left; they don't hold the member's return up, but are logged
     */
    static int archive(Path dataDir, String archiveCommand, Cancellation cancellation)
            throws IOException {
        List<String> ready = ready(dataDir);
        Deadline deadline = Deadline.in(ALL);
        int done = 0;
        for (String segment : ready) {
            ProgramRun run =
                    Programs.run(
                            WalCommand.archiving(archiveCommand, segment, dataDir)
                                    .within(Durations.shorter(ONE, deadline.left()))
                                    .cancelledBy(cancellation));
            if (!run.succeeded()) {
                LOG.atError()
                        .addKeyValue("segment", segment)
                        .addKeyValue("left", ready.size() - done)
                        .addKeyValue("error", run.summary())
                        .log(
                                "segments can't be archived; the rejoin may leave a hole in the archive");
                break;
            }
            markDone(dataDir, segment);
            done++;
        }
        return ready.size() - done;
    }

    /**
     * Forgets what was archived and what not: the server then keeps every segment as not archived.
     */
    static void forget(Path dataDir) throws IOException {
        Path status = status(dataDir);
        try (Stream<Path> files = Files.list(status)) {
            for (Path file : files.toList()) {
                Files.deleteIfExists(file);
            }
        } catch (NoSuchFileException e) {
            LOG.atDebug().addKeyValue("directory", status).log("nothing was archived here");
        }
    }

    private static List<String> ready(Path dataDir) throws IOException {
        try (Stream<Path> files = Files.list(status(dataDir))) {
            return files.map(file -> String.valueOf(file.getFileName()))
                    .filter(name -> name.endsWith(READY))
                    .map(name -> name.substring(0, name.length() - READY.length()))
                    .filter(name -> SEGMENT.matcher(name).matches())
                    .sorted()
                    .toList();
        } catch (NoSuchFileException e) {
            return List.of();
        }
    }

    private static void markDone(Path dataDir, String segment) throws IOException {
        Path status = status(dataDir);
        Files.move(
                status.resolve(segment + READY),
                status.resolve(segment + ".done"),
                StandardCopyOption.ATOMIC_MOVE);
        AtomicFiles.syncDirectory(status);
    }

    private static Path status(Path dataDir) {
        return dataDir.resolve("pg_wal").resolve("archive_status");
    }
}
