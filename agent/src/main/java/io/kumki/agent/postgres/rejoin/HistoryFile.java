package io.kumki.agent.postgres.rejoin;

import io.kumki.agent.postgres.ForeignText;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.TimelineHistory;
import io.kumki.dcs.cluster.TimelineHistory.Entry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** PostgreSQL's timeline history files: lines of timeline, switch position and reason. */
public final class HistoryFile {

    /** Microseconds and numeric offset, as the wire has it. */
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSSSSxxx", Locale.ROOT);

    private static final Logger LOG = LoggerFactory.getLogger(HistoryFile.class);

    private HistoryFile() {}

    /**
     * Reads the history of {@code timeline} from the WAL directory. The newest line gets the file's
     * modification time and the own name.
     *
     * @param zone of the time in the result
     * @return empty on timeline 1, which has no file
     * @throws IOException if the file can't be read or is malformed
     */
    public static TimelineHistory read(Path dataDir, int timeline, String memberName, ZoneId zone)
            throws IOException {
        if (timeline <= 1) {
            return TimelineHistory.EMPTY;
        }
        Path file = file(dataDir, timeline);
        List<Entry> entries;
        try {
            entries = new ArrayList<>(parse(ForeignText.read(file)));
        } catch (IllegalArgumentException e) {
            throw new IOException(file + ": " + e.getMessage(), e);
        }
        if (!entries.isEmpty()) {
            Entry newest = entries.removeLast();
            Instant modified = Files.getLastModifiedTime(file).toInstant();
            entries.add(
                    new Entry(
                            newest.timeline(),
                            newest.switchLsn(),
                            newest.reason(),
                            Optional.of(TIME.format(modified.atZone(zone))),
                            Optional.of(memberName)));
        }
        return new TimelineHistory(true, entries);
    }

    /**
     * The history of {@code timeline} as the WAL directory has it; empty if it has none, or none
     * that can be read: then nothing is known of it.
     */
    static Optional<List<Entry>> entries(Path dataDir, int timeline) {
        try {
            return Optional.of(
                    timeline <= 1 ? List.of() : parse(ForeignText.read(file(dataDir, timeline))));
        } catch (IOException | IllegalArgumentException e) {
            LOG.atDebug()
                    .addKeyValue("timeline", timeline)
                    .addKeyValue("error", e.toString())
                    .log("own timeline history can't be read");
            return Optional.empty();
        }
    }

    private static Path file(Path dataDir, int timeline) {
        return dataDir.resolve("pg_wal")
                .resolve(String.format(Locale.ROOT, "%08X.history", timeline));
    }

    /**
     * Reads a file's content. Lines that haven't exactly three fields with tabs between (comments,
     * blank lines) are left out, as PostgreSQL writes each of its own in that form.
     *
     * @throws IllegalArgumentException if a line's timeline or position can't be read: a history
     *     that isn't understood must not look like a shorter one
     */
    static List<Entry> parse(String content) {
        List<Entry> entries = new ArrayList<>();
        for (String line : content.lines().toList()) {
            String[] fields = line.split("\t", -1);
            if (fields.length != 3 || line.strip().startsWith("#")) {
                continue;
            }
            String timeline = fields[0].strip();
            if (!timeline.matches("\\d{1,9}")) {
                throw new IllegalArgumentException(
                        "no timeline number in the line \"" + line + "\"");
            }
            entries.add(
                    new Entry(
                            Integer.parseInt(timeline),
                            Lsn.parse(fields[1].strip()),
                            fields[2].strip(),
                            Optional.empty(),
                            Optional.empty()));
        }
        return List.copyOf(entries);
    }
}
