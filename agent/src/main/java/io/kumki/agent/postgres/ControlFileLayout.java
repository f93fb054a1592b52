package io.kumki.agent.postgres;

import io.kumki.dcs.cluster.Lsn;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.zip.CRC32C;

/**
 * Reads {@code global/pg_control} itself, without starting a program: it is looked at in every turn
 * and fifty times a second during a stop.
 *
 * <p>The offsets are those of PostgreSQL 12 to 18 (control file versions 1201, 1300 and 1800) on
 * 64-bit machines. The file's own checksum over exactly that layout proves them right; whenever it
 * doesn't match (another layout, or a write caught half way), the answer is empty and the caller
 * asks {@code pg_controldata}.
 */
final class ControlFileLayout {

    private static final int SIZE = 512;
    private static final int CRC_UNTIL_17 = 288;
    private static final int CRC_SINCE_18 = 292;

    /** DBState by number, in the words of pg_controldata. */
    private static final String[] STATES = {
        "starting up",
        "shut down",
        "shut down in recovery",
        "shutting down",
        "in crash recovery",
        "in archive recovery",
        "in production"
    };

    private ControlFileLayout() {}

    static Optional<ControlFile> read(Path dataDir) throws IOException {
        Path file = dataDir.resolve("global").resolve("pg_control");
        ByteBuffer buffer = ByteBuffer.allocate(SIZE).order(ByteOrder.nativeOrder());
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            if (channel.read(buffer, 0) != SIZE) {
                return Optional.empty();
            }
        }
        return decode(buffer);
    }

    static Optional<ControlFile> decode(ByteBuffer buffer) {
        int crcOffset = buffer.getInt(8) >= 1800 ? CRC_SINCE_18 : CRC_UNTIL_17;
        CRC32C crc = new CRC32C();
        crc.update(buffer.duplicate().position(0).limit(crcOffset));
        int state = buffer.getInt(16);
        if ((int) crc.getValue() != buffer.getInt(crcOffset)
                || state < 0
                || state >= STATES.length) {
            return Optional.empty();
        }
        SortedMap<String, String> values = new TreeMap<>();
        values.put("Database system identifier", Long.toUnsignedString(buffer.getLong(0)));
        values.put("Database cluster state", STATES[state]);
        values.put("Latest checkpoint location", lsn(buffer, 32));
        values.put("Latest checkpoint's REDO location", lsn(buffer, 40));
        values.put("Latest checkpoint's TimeLineID", unsigned(buffer, 48));
        values.put("Latest checkpoint's PrevTimeLineID", unsigned(buffer, 52));
        values.put("Minimum recovery ending location", lsn(buffer, 136));
        values.put("Min recovery ending loc's timeline", unsigned(buffer, 144));
        values.put("wal_log_hints setting", buffer.get(176) != 0 ? "on" : "off");
        values.put("max_connections setting", unsigned(buffer, 180));
        values.put("max_worker_processes setting", unsigned(buffer, 184));
        values.put("max_wal_senders setting", unsigned(buffer, 188));
        values.put("max_prepared_xacts setting", unsigned(buffer, 192));
        values.put("max_locks_per_xact setting", unsigned(buffer, 196));
        values.put("Bytes per WAL segment", unsigned(buffer, 228));
        values.put("Data page checksum version", unsigned(buffer, 252));
        return Optional.of(new ControlFile(values));
    }

    private static String lsn(ByteBuffer buffer, int offset) {
        return new Lsn(buffer.getLong(offset)).toString();
    }

    private static String unsigned(ByteBuffer buffer, int offset) {
        return Integer.toUnsignedString(buffer.getInt(offset));
    }
}
