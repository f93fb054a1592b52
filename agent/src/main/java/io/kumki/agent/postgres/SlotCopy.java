package io.kumki.agent.postgres;

import io.kumki.agent.ha.PermanentSlot;
import io.kumki.agent.ha.Upstream;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * One copy of logical slots from the primary, of which only those are written that the server can
 * start with: their log is here, and {@code max_replication_slots} has a place for them.
 */
final class SlotCopy {

    private static final Duration STATEMENT_LIMIT = Duration.ofSeconds(2);

    private final Installation installation;
    private final SortedSet<String> withoutLog = new TreeSet<>();
    private final SortedSet<String> withoutRoom = new TreeSet<>();
    private SortedMap<String, SlotCopier.Copy> copies = new TreeMap<>();
    private long segment;
    private int places;

    SlotCopy(Installation installation) {
        this.installation = installation;
    }

    /**
     * Reads them, while the server still runs.
     *
     * @return why it need not be stopped, if none would be copied
     */
    Optional<OperationResult> prepare(
            Upstream primary, SortedMap<String, PermanentSlot.Logical> wanted) throws IOException {
        Path dataDir = installation.dataDir();
        try {
            places = places();
        } catch (SQLException e) {
            return failed(
                    "this server can't be asked for its max_replication_slots: " + message(e));
        }
        if (SlotCopier.room(dataDir, places) == 0) {
            return failed(noRoomFor(wanted.keySet()));
        }
        try {
            copies = SlotCopier.read(installation, primary, wanted);
        } catch (SQLException e) {
            return failed("slots can't be read from " + primary + ": " + message(e));
        }
        if (copies.isEmpty()) {
            return failed(primary + " has none of " + wanted.keySet());
        }
        segment =
                ControlFile.read(installation.programs(), dataDir).number("Bytes per WAL segment");
        sortOut();
        if (!copies.isEmpty()) {
            return Optional.empty();
        }
        return withoutLog.isEmpty()
                ? failed(noRoomFor(withoutRoom))
                : Optional.of(
                        new OperationResult.Postponed(
                                "the log where "
                                        + String.join(", ", withoutLog)
                                        + " begin isn't here: it will be when their consumers have gone"
                                        + " on"));
    }

    /**
     * Writes them; the server must be stopped.
     *
     * @return what was copied and what wasn't
     */
    String write() throws IOException {
        // the stop may have removed log, and somebody may have made slots before it
        sortOut();
        SlotCopier.write(installation.dataDir(), copies);
        StringBuilder said =
                new StringBuilder("copied ").append(String.join(", ", copies.keySet()));
        if (!withoutLog.isEmpty()) {
            said.append("; not ").append(withoutLog).append(", whose log isn't here any more");
        }
        if (!withoutRoom.isEmpty()) {
            said.append("; ").append(noRoomFor(withoutRoom));
        }
        return said.toString();
    }

    private void sortOut() throws IOException {
        withoutLog.addAll(SlotCopier.withoutLog(installation.dataDir(), segment, copies));
        withoutRoom.addAll(SlotCopier.withoutRoom(installation.dataDir(), places, copies));
    }

    /**
     * The smaller of what the server runs with and what it is to start with: if that start fails it
     * gets what it ran with.
     */
    private int places() throws SQLException {
        try (Connection connection =
                PgConnections.open(
                        PgConnections.Target.local(installation.config(), "slots"),
                        STATEMENT_LIMIT)) {
            int running =
                    number(
                            PgConnections.rows(connection, "SHOW max_replication_slots")
                                    .getFirst()
                                    .getFirst()
                                    .orElse(""),
                            0);
            return Math.min(
                    running,
                    number(
                            installation.parameters().getOrDefault("max_replication_slots", ""),
                            running));
        }
    }

    private static int number(String text, int otherwise) {
        return text.matches("\\d{1,9}") ? Integer.parseInt(text) : otherwise;
    }

    private String noRoomFor(Iterable<String> names) {
        return "no place for "
                + String.join(", ", names)
                + " in max_replication_slots="
                + places
                + ": raise it (kumkictl edit-config) and restart, or drop slots here";
    }

    private static Optional<OperationResult> failed(String reason) {
        return Optional.of(new OperationResult.Failed(reason));
    }

    private static String message(SQLException e) {
        return String.valueOf(e.getMessage());
    }
}
