package io.kumki.dcs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Ports on loopback for servers that a test starts: nobody listens on them, no other test process
 * of this machine is given them, and they lie below the range from which Linux takes the ports of
 * outgoing connections (32768 and up, {@code ip_local_port_range}).
 */
public final class FreePort {

    private static final int FIRST = 10_000;
    private static final int LAST = 32_000;
    private static final Path TAKEN =
            Path.of(System.getProperty("java.io.tmpdir"), "kumki-test-ports");

    /** Held until this JVM ends, however it ends. */
    private static final List<FileLock> LOCKS = new ArrayList<>();

    private FreePort() {}

    /**
     * @throws IllegalStateException if none of a thousand can be had
     */
    public static synchronized int next() {
        for (int tries = 0; tries < 1000; tries++) {
            int port = ThreadLocalRandom.current().nextInt(FIRST, LAST);
            try {
                if (lock(port) && silent(port)) {
                    return port;
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        throw new IllegalStateException("no free port from " + FIRST + " to " + LAST);
    }

    private static boolean lock(int port) throws IOException {
        if (!Files.isDirectory(TAKEN)) {
            Files.createDirectories(TAKEN);
            Files.setPosixFilePermissions(TAKEN, PosixFilePermissions.fromString("rwxrwxrwx"));
        }
        FileChannel channel;
        try {
            channel =
                    FileChannel.open(
                            TAKEN.resolve(Integer.toString(port)),
                            StandardOpenOption.CREATE,
                            StandardOpenOption.WRITE);
        } catch (AccessDeniedException anotherUsers) {
            return false;
        }
        try {
            FileLock lock = channel.tryLock();
            if (lock != null) {
                LOCKS.add(lock);
                return true;
            }
        } catch (OverlappingFileLockException ourOwn) {
            // given already by this JVM
        }
        channel.close();
        return false;
    }

    private static boolean silent(int port) {
        try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
            return socket.isBound();
        } catch (IOException taken) {
            return false;
        }
    }
}
