package io.kumki.agent.postgres;

import io.kumki.agent.ha.PermanentSlot;
import io.kumki.agent.ha.Upstream;
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
import java.util.SortedMap;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Copies logical slots from the primary: a standby can't create one itself before PostgreSQL 16,
 * and never at the primary's position.
 *
 * <p>Reads first, then writes into {@code pg_replslot} of the stopped server: each slot in a
 * directory of another name, synced, then renamed, so that a crash leaves the whole slot or none
 * (PostgreSQL removes {@code NAME.tmp} when it starts).
 */
final class SlotCopier {

    private static final Logger LOG = LoggerFactory.getLogger(SlotCopier.class);

    private static final Duration STATEMENT_LIMIT = Duration.ofSeconds(10);

    private SlotCopier() {}

    /**
     * @return name to the content of {@code state}; what the primary doesn't have, or has
     *     otherwise, is left out
     */
    static SortedMap<String, byte[]> read(
            Installation installation, Upstream primary, Map<String, PermanentSlot.Logical> wanted)
            throws SQLException {
        SortedMap<String, byte[]> states = new TreeMap<>();
        try (Connection connection =
                PgConnections.open(target(installation, primary), STATEMENT_LIMIT)) {
            boolean classed = connection.getMetaData().getDatabaseMajorVersion() >= 17;
            String sql =
                    "SELECT database, plugin,"
                            + " pg_read_binary_file('pg_replslot/' || slot_name || '/state')"
                            + " FROM pg_replication_slots WHERE slot_name = ?"
                            + " AND slot_type = 'logical' AND NOT temporary"
                            + " AND NOT pg_is_in_recovery()"
                            + (classed ? " AND NOT failover" : "");
            for (Map.Entry<String, PermanentSlot.Logical> slot : wanted.entrySet()) {
                try (PreparedStatement statement = connection.prepareStatement(sql)) {
                    statement.setString(1, slot.getKey());
                    try (ResultSet row = statement.executeQuery()) {
                        if (row.next() && matches(slot.getKey(), slot.getValue(), row)) {
                            states.put(slot.getKey(), row.getBytes(3));
                        }
                    }
                }
            }
        }
        return states;
    }

    /** The rewind role may read files there. */
    static PgConnections.Target target(Installation installation, Upstream primary) {
        var config = installation.config();
        return PgConnections.Target.of(
                primary.host(),
                primary.port(),
                primary.database(),
                config.rewind().username().isPresent() ? config.rewind() : config.superuser(),
                "slots");
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
    static void write(Path dataDir, Map<String, byte[]> states) throws IOException {
        Path slots = dataDir.resolve("pg_replslot");
        for (Map.Entry<String, byte[]> state : states.entrySet()) {
            Path directory = slots.resolve(state.getKey());
            if (Files.exists(directory)) {
                continue;
            }
            Path draft = slots.resolve(state.getKey() + ".tmp");
            Files.createDirectories(draft);
            Files.setPosixFilePermissions(draft, Files.getPosixFilePermissions(slots));
            Path file = draft.resolve("state");
            Files.deleteIfExists(file);
            Files.createFile(file);
            Files.setPosixFilePermissions(
                    file, Files.getPosixFilePermissions(dataDir.resolve("PG_VERSION")));
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                ByteBuffer bytes = ByteBuffer.wrap(state.getValue());
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
                channel.force(true);
            }
            sync(draft);
            Files.move(draft, directory, StandardCopyOption.ATOMIC_MOVE);
            sync(slots);
        }
    }

    private static void sync(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
