package io.kumki.agent.postgres;

import io.kumki.agent.ha.Health.Cause;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks for what a server died of: first whether its directories still take a file, whose error is
 * the kernel's own, then PostgreSQL's last PANIC or FATAL line, where its log can be read (its own
 * collector's, or what it printed while it started). Blocking.
 */
final class LastWords {

    private static final Logger LOG = LoggerFactory.getLogger(LastWords.class);

    /** Removed at once; also what a look that broke off has left is removed by the next. */
    static final String PROBE = "kumki-probe.tmp";

    /** As much as a page cache or a reserve of the file system won't hide. */
    private static final int PROBE_BYTES = 1 << 20;

    private static final int TAIL_BYTES = 64 * 1024;

    /** An older log tells of another death. */
    private static final Duration NEWS = Duration.ofMinutes(10);

    private static final int LONGEST = 300;

    /** The message may be translated, the severity of a PANIC is so in few languages. */
    private static final Pattern SEVERE = Pattern.compile("\\b(PANIC|FATAL|PANIK):\\s+(.*)");

    /** What the server says to clients while it starts or stops is no cause. */
    private static final Pattern TO_CLIENTS =
            Pattern.compile(
                    "the database system is|terminating|password|authentication|role \"|database \""
                            + "|no pg_hba|too many (clients|connections)|remaining connection"
                            + "|postmaster exit|primary server|WAL stream");

    /** What was said before the last start that went well is about another end. */
    private static final String UP = "database system is ready to accept";

    private static final Pattern NO_ROOM =
            Pattern.compile("(?i)no space left|quota exceeded|file too large");

    private static final Pattern STORAGE =
            Pattern.compile(
                    "(?i)read-only file system|input/output error|structure needs cleaning"
                            + "|no such device|stale file handle|transport endpoint");

    private LastWords() {}

    /**
     * Whether its directories take a file: writes one, so only for data of the own cluster.
     *
     * @param dataDir of a server that is down
     * @param walDirectory where its log really lies
     */
    static Optional<Cause> refused(Path dataDir, Path walDirectory) {
        return probe(walDirectory).or(() -> probe(dataDir));
    }

    /** What it said last; only reads. */
    static Optional<Cause> said(Path dataDir, Instant now) {
        return serverLog(dataDir)
                .filter(log -> isNews(log, now))
                .flatMap(LastWords::tail)
                .flatMap(LastWords::in);
    }

    /** The cause in the end of a server's log. */
    static Optional<Cause> in(String log) {
        Optional<String> panic = Optional.empty();
        Optional<String> fatal = Optional.empty();
        for (String line : log.split("\n", -1)) {
            if (line.contains(UP)) {
                panic = Optional.empty();
                fatal = Optional.empty();
            }
            Matcher severe = SEVERE.matcher(line);
            if (!severe.find() || TO_CLIENTS.matcher(line).find()) {
                continue;
            }
            if (severe.group(1).equals("FATAL")) {
                fatal = Optional.of(severe.group(2));
            } else {
                panic = Optional.of(severe.group(2));
            }
        }
        // a panic is the first cause; the fatal lines after it are what follows from it
        return (panic.isPresent() ? panic : fatal).map(LastWords::cause);
    }

    private static Cause cause(String words) {
        String text = words.strip();
        text = text.length() > LONGEST ? text.substring(0, LONGEST) : text;
        return new Cause(kind(text), "PostgreSQL said: " + text);
    }

    private static Cause.Kind kind(String text) {
        if (NO_ROOM.matcher(text).find()) {
            return Cause.Kind.NO_ROOM;
        }
        return STORAGE.matcher(text).find() ? Cause.Kind.STORAGE : Cause.Kind.OTHER;
    }

    /** Whether a directory takes a file. */
    static Optional<Cause> probe(Path directory) {
        Path file = directory.resolve(PROBE);
        try {
            Files.deleteIfExists(file);
            try (FileChannel channel =
                    FileChannel.open(
                            file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                ByteBuffer zeros = ByteBuffer.allocate(PROBE_BYTES);
                while (zeros.hasRemaining()) {
                    channel.write(zeros);
                }
                channel.force(true);
            }
            return Optional.empty();
        } catch (IOException e) {
            String reason = reason(e);
            return Optional.of(new Cause(kind(reason), directory + " takes no file: " + reason));
        } finally {
            remove(file);
        }
    }

    private static void remove(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            LOG.atWarn()
                    .addKeyValue("path", file)
                    .addKeyValue("error", e.toString())
                    .log("a file that was written to look for room can't be removed");
        }
    }

    private static String reason(IOException e) {
        String reason = e instanceof FileSystemException system ? system.getReason() : null;
        String message = reason == null ? e.getMessage() : reason;
        return message == null ? e.toString() : message;
    }

    /** The collector's current file, else what was printed while the server started. */
    private static Optional<Path> serverLog(Path dataDir) {
        Path list = dataDir.resolve("current_logfiles");
        try {
            if (Files.isRegularFile(list)) {
                for (String line : Files.readAllLines(list, StandardCharsets.ISO_8859_1)) {
                    if (line.startsWith("stderr ")) {
                        return Optional.of(dataDir.resolve(line.substring("stderr ".length())));
                    }
                }
            }
        } catch (IOException e) {
            LOG.atDebug().addKeyValue("error", e.toString()).log("no list of log files");
        }
        Path start = dataDir.resolve(ServerProcess.START_LOG);
        return Files.isRegularFile(start) ? Optional.of(start) : Optional.empty();
    }

    private static boolean isNews(Path log, Instant now) {
        try {
            return Files.getLastModifiedTime(log).toInstant().isAfter(now.minus(NEWS));
        } catch (IOException e) {
            return false;
        }
    }

    private static Optional<String> tail(Path log) {
        try (RandomAccessFile file = new RandomAccessFile(log.toFile(), "r")) {
            long from = Math.max(0, file.length() - TAIL_BYTES);
            byte[] bytes = new byte[(int) (file.length() - from)];
            file.seek(from);
            file.readFully(bytes);
            return Optional.of(new String(bytes, StandardCharsets.UTF_8));
        } catch (IOException e) {
            LOG.atWarn()
                    .addKeyValue("path", log)
                    .addKeyValue("error", e.toString())
                    .log("the server's log can't be read");
            return Optional.empty();
        }
    }
}
