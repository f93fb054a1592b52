package io.kumki.agent.postgres;

import io.kumki.agent.ha.PermanentSlot;
import io.kumki.agent.ha.Upstream;
import io.kumki.dcs.cluster.Lsn;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Copies logical slots from the primary: a standby can't create one itself before PostgreSQL 16,
 * and never at the primary's position.
 *
 * <p>Reads first, then writes into {@code pg_replslot} of the stopped server: each slot in a
 * directory of another name, synced, then renamed, so that a crash leaves the whole slot or none
 * (PostgreSQL removes {@code NAME.tmp} when it starts).
 *
 * <p>With each comes the decoding snapshot of the position where its decoding begins, if the
 * primary has one. Without it the standby's decoder would begin blind, and be sure of what it sees
 * only some way after that position: what was committed between would never reach the consumer. The
 * snapshot follows from the log alone, so the primary's is the standby's.
 */
final class SlotCopier {

    private static final Logger LOG = LoggerFactory.getLogger(SlotCopier.class);

    private static final Duration STATEMENT_LIMIT = Duration.ofSeconds(10);

    /** Far more than a snapshot of any server; one cut off here could not be read. */
    private static final int MAX_SNAPSHOT_BYTES = 64 << 20;

    private static final Pattern SEGMENT = Pattern.compile("[0-9A-F]{24}");

    private SlotCopier() {}

    /**
     * The content of a slot's {@code state}, and what decoding begins with.
     *
     * @param begins where it begins; zero if the slot reserves no log
     */
    record Copy(ByteBuffer state, Optional<DecodingSnapshot> snapshot, Lsn begins) {}

    /**
     * @param file its name in {@code pg_logical/snapshots}
     */
    record DecodingSnapshot(String file, ByteBuffer content) {}

    /**
     * @return copies by name; what the primary doesn't have, or has otherwise, is left out
     */
    static SortedMap<String, Copy> read(
            Installation installation, Upstream primary, Map<String, PermanentSlot.Logical> wanted)
            throws SQLException {
        SortedMap<String, Copy> copies = new TreeMap<>();
        try (Connection connection =
                PgConnections.open(target(installation, primary), STATEMENT_LIMIT)) {
            boolean classed = connection.getMetaData().getDatabaseMajorVersion() >= 17;
            String sql =
                    "SELECT database, plugin,"
                            + " pg_read_binary_file('pg_replslot/' || slot_name || '/state'),"
                            + " file, pg_read_binary_file('pg_logical/snapshots/' || file, 0, "
                            + MAX_SNAPSHOT_BYTES
                            + ", true), pg_wal_lsn_diff(restart_lsn, '0/0')"
                            + " FROM pg_replication_slots,"
                            + " concat(replace(restart_lsn::text, '/', '-'), '.snap') AS file"
                            + " WHERE slot_name = ?"
                            + " AND slot_type = 'logical' AND NOT temporary"
                            + " AND NOT pg_is_in_recovery()"
                            + (classed ? " AND NOT failover" : "");
            for (Map.Entry<String, PermanentSlot.Logical> slot : wanted.entrySet()) {
                try (PreparedStatement statement = connection.prepareStatement(sql)) {
                    statement.setString(1, slot.getKey());
                    try (ResultSet row = statement.executeQuery()) {
                        if (row.next() && matches(slot.getKey(), slot.getValue(), row)) {
                            copies.put(
                                    slot.getKey(),
                                    new Copy(
                                            ByteBuffer.wrap(row.getBytes(3)),
                                            snapshot(row),
                                            new Lsn(row.getLong(6))));
                        }
                    }
                }
            }
        }
        return copies;
    }

    /**
     * Takes out copies whose decoding would begin with log that isn't here any more: PostgreSQL
     * would call such a slot lost, and the restart for it would be in vain.
     *
     * @return their names
     */
    static SortedSet<String> withoutLog(
            Path dataDir, long segmentBytes, SortedMap<String, Copy> copies) throws IOException {
        long perLog = 0x1_0000_0000L / segmentBytes;
        OptionalLong oldest;
        try (Stream<Path> files = Files.list(dataDir.resolve("pg_wal"))) {
            oldest =
                    files.map(file -> String.valueOf(file.getFileName()))
                            .filter(name -> SEGMENT.matcher(name).matches())
                            .mapToLong(name ->
                                    Long.parseLong(name.substring(8, 16), 16) * perLog
                                            + Long.parseLong(name.substring(16), 16))
                            .min();
        }
        SortedSet<String> without = new TreeSet<>();
        copies.forEach((name, copy) -> {
            if (oldest.isEmpty() || copy.begins().bytes() / segmentBytes < oldest.getAsLong()) {
                without.add(name);
            }
        });
        copies.keySet().removeAll(without);
        return without;
    }

    /**
     * Places for more slots; PostgreSQL doesn't start with more directories than places.
     *
     * @param limit {@code max_replication_slots}
     */
    static int room(Path dataDir, int limit) throws IOException {
        try (Stream<Path> slots = Files.list(dataDir.resolve("pg_replslot"))) {
            // it removes those of a broken creation
            long there =
                    slots.filter(Files::isDirectory)
                            .filter(slot -> !String.valueOf(slot.getFileName()).endsWith(".tmp"))
                            .count();
            return Math.toIntExact(Math.max(0, limit - there));
        }
    }

    /**
     * Takes out the last copies that there is no place for; one whose slot is there needs none.
     *
     * @return their names
     */
    static SortedSet<String> withoutRoom(Path dataDir, int limit, SortedMap<String, Copy> copies)
            throws IOException {
        int room = room(dataDir, limit);
        SortedSet<String> without = new TreeSet<>();
        for (String name : copies.keySet()) {
            if (!Files.exists(dataDir.resolve("pg_replslot").resolve(name)) && --room < 0) {
                without.add(name);
            }
        }
        copies.keySet().removeAll(without);
        return without;
    }

    private static Optional<DecodingSnapshot> snapshot(ResultSet row) throws SQLException {
        byte @Nullable [] content = row.getBytes(5);
        return content == null || content.length == 0 || content.length == MAX_SNAPSHOT_BYTES
                ? Optional.empty()
                : Optional.of(new DecodingSnapshot(row.getString(4), ByteBuffer.wrap(content)));
    }

    /** The rewind role may read files there. */
    static PgConnections.Target target(Installation installation, Upstream primary) {
        var config = installation.config();
        return PgConnections.Target.of(
                        primary.host(),
                        primary.port(),
                        primary.database(),
                        config.rewind().username().isPresent()
                                ? config.rewind()
                                : config.superuser(),
                        "slots")
                .withKerberos(config.sockets().krbsrvname());
    }

    private static boolean matches(String name, PermanentSlot.Logical wanted, ResultSet row)
            throws SQLException {
        boolean same =
                wanted.database().equals(row.getString(1))
                        && wanted.plugin().equals(row.getString(2));
        if (!same) {
            LOG.atWarn()
                    .addKeyValue("slot", name)
                    .addKeyValue("database", row.getString(1))
                    .addKeyValue("plugin", row.getString(2))
                    .log("slot isn't copied: the primary's has another database or plugin");
        }
        return same;
    }

    /** The server must be stopped. A slot that is there is left alone. */
    static void write(Path dataDir, Map<String, Copy> copies) throws IOException {
        Path slots = dataDir.resolve("pg_replslot");
        for (Map.Entry<String, Copy> copy : copies.entrySet()) {
            Path directory = slots.resolve(copy.getKey());
            if (Files.exists(directory)) {
                continue;
            }
            if (copy.getValue().snapshot().isPresent()) {
                write(dataDir, copy.getValue().snapshot().get());
            }
            Path draft = slots.resolve(copy.getKey() + ".tmp");
            Files.createDirectories(draft);
            Files.setPosixFilePermissions(draft, Files.getPosixFilePermissions(slots));
            write(dataDir, draft.resolve("state"), copy.getValue().state());
            sync(draft);
            Files.move(draft, directory, StandardCopyOption.ATOMIC_MOVE);
            sync(slots);
        }
    }

    /** Before its slot: PostgreSQL removes a snapshot that no slot needs, at a checkpoint. */
    private static void write(Path dataDir, DecodingSnapshot snapshot) throws IOException {
        Path snapshots = dataDir.resolve("pg_logical").resolve("snapshots");
        Path draft = snapshots.resolve(snapshot.file() + ".kumki.tmp");
        write(dataDir, draft, snapshot.content());
        Files.move(draft, snapshots.resolve(snapshot.file()), StandardCopyOption.ATOMIC_MOVE);
        sync(snapshots);
    }

    private static void write(Path dataDir, Path file, ByteBuffer content) throws IOException {
        Files.deleteIfExists(file);
        Files.createFile(file);
        Files.setPosixFilePermissions(
                file, Files.getPosixFilePermissions(dataDir.resolve("PG_VERSION")));
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            ByteBuffer bytes = content.duplicate();
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
    }

    private static void sync(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
