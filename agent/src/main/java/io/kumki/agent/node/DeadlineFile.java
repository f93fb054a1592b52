package io.kumki.agent.node;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.HexFormat;
import java.util.Locale;

/**
 * What the lease guard is told, in a file of fixed size that is written in place: a file system
 * that has become full takes that, but no new file.
 *
 * <p>It has two slots with the same order, each with a number that grows and a checksum; the guard
 * takes the newest whole one, so a write that it sees half done, or that breaks off, leaves it one.
 * The second slot is written first.
 */
final class DeadlineFile {

    /** The same in {@code guard/lease-guard.c}. */
    static final int SLOT = 80;

    private static final int SLOTS = 2;

    private final Path directory;
    private final Path file;
    private final LoopClock clock;
    private long sequence;

    DeadlineFile(Path directory, LoopClock clock) {
        this.directory = directory;
        this.file = directory.resolve("deadline");
        this.clock = clock;
    }

    Path path() {
        return file;
    }

    /**
     * Makes the file if it isn't there whole.
     *
     * @param state {@code armed}, {@code idle} or {@code end}
     * @param nanos the deadline, on the loop's clock
     * @throws IOException if the guard may not have been told
     */
    void write(String state, long nanos) throws IOException {
        // the clock's, so that the next agent goes on above it
        sequence = Math.max(sequence + 1, clock.nanos());
        byte[] slot = slot(state, nanos, ProcessHandle.current().pid(), sequence);
        // by its name each time: one that was removed under us is seen by nobody
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            if (channel.size() == (long) SLOTS * SLOT) {
                for (int place = SLOTS - 1; place >= 0; place--) {
                    put(channel, slot, (long) place * SLOT);
                }
                return;
            }
        } catch (NoSuchFileException e) {
            // it is made
        }
        create(slot);
    }

    private static void put(FileChannel channel, byte[] slot, long at) throws IOException {
        ByteBuffer left = ByteBuffer.wrap(slot);
        while (left.hasRemaining()) {
            channel.write(left, at + left.position());
        }
    }

    private void create(byte[] slot) throws IOException {
        byte[] whole = ByteBuffer.allocate(SLOTS * SLOT).put(slot).put(slot).array();
        Path fresh = directory.resolve("deadline.new");
        try {
            Files.write(fresh, whole);
            Files.move(
                    fresh,
                    file,
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            Files.deleteIfExists(fresh);
            throw e;
        }
    }

    private static byte[] slot(String state, long nanos, long pid, long sequence) {
        String order =
                String.format(Locale.ROOT, "%-9s %20d %10d %20d ", state, nanos, pid, sequence);
        String whole = order + HexFormat.of().toHexDigits(checksum(order)) + "\n";
        return whole.getBytes(StandardCharsets.US_ASCII);
    }

    /** FNV-1a with 64 bits. */
    private static long checksum(String text) {
        long hash = 0xcbf29ce484222325L;
        for (byte one : text.getBytes(StandardCharsets.US_ASCII)) {
            hash = (hash ^ one) * 0x100000001b3L;
        }
        return hash;
    }
}
