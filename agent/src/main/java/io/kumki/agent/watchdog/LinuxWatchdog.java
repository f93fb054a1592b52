package io.kumki.agent.watchdog;

import io.kumki.agent.linux.SystemCallException;
import io.kumki.agent.linux.SystemCalls;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A watchdog driver of Linux, see {@code Documentation/watchdog/watchdog-api.rst} in the kernel's
 * sources.
 */
public final class LinuxWatchdog implements WatchdogDevice {

    private static final Logger LOG = LoggerFactory.getLogger(LinuxWatchdog.class);

    private static final byte[] KEEP_ALIVE = {'1'};
    private static final byte[] MAGIC_CLOSE = {'V'};

    private static final int OPTION_SETTIMEOUT = 0x0080;
    private static final int OPTION_MAGICCLOSE = 0x0100;

    /** {@code struct watchdog_info}: options, firmware version, identity. */
    private static final int INFO_BYTES = 40;

    private static final int IDENTITY_AT = 8;
    private static final int INT_BYTES = 4;

    /** {@code S_IFMT} and {@code S_IFCHR} of inode(7). */
    private static final int FILE_TYPE = 0170000;

    private static final int CHARACTER_DEVICE = 0020000;

    private static final int READS = 2;
    private static final int READS_AND_WRITES = 3;

    private final Path path;
    private final Path sysfs;

    public LinuxWatchdog(Path path) {
        this(path, Path.of("/sys"));
    }

    LinuxWatchdog(Path path, Path sysfs) {
        this.path = path;
        this.sysfs = sysfs;
    }

    @Override
    public boolean writable() {
        return Files.isWritable(path);
    }

    @Override
    public Opened open() throws IOException {
        if (Files.notExists(path)) {
            throw new IOException(path + " isn't there: load the kernel module of a watchdog");
        }
        int type = (int) Files.getAttribute(path, "unix:mode") & FILE_TYPE;
        if (type != CHARACTER_DEVICE) {
            // a keep-alive or magic close would be written into somebody's file
            throw new IOException(path + " is not a watchdog: it is no character device");
        }
        int fd = SystemCalls.open(path.toString(), SystemCalls.O_WRONLY | SystemCalls.O_CLOEXEC);
        return new Descriptor(fd);
    }

    @Override
    public String toString() {
        return path.toString();
    }

    /**
     * Whether the kernel was told never to stop a watchdog ({@code nowayout}): the driver's options
     * don't say so. {@code /dev/watchdog} is another name of the first device.
     */
    private boolean noWayOut() {
        String name = path.getFileName().toString();
        Path file =
                sysfs.resolve("class/watchdog")
                        .resolve(name.equals("watchdog") ? "watchdog0" : name)
                        .resolve("nowayout");
        try {
            return Files.exists(file) && Files.readString(file).strip().equals("1");
        } catch (IOException e) {
            LOG.atWarn()
                    .addKeyValue("file", file)
                    .addKeyValue("error", e.toString())
                    .log("it can't be told whether the watchdog can be disarmed; taken as yes");
            return false;
        }
    }

    private final class Descriptor implements Opened {

        private final int fd;

        private Descriptor(int fd) {
            this.fd = fd;
        }

        @Override
        public Support support() throws IOException {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment info = arena.allocate(INFO_BYTES, INT_BYTES);
                SystemCalls.ioctl(
                        fd, request(0, READS, INFO_BYTES), info, "WDIOC_GETSUPPORT " + path);
                int options = info.get(ValueLayout.JAVA_INT, 0);
                byte[] identity = info.asSlice(IDENTITY_AT).toArray(ValueLayout.JAVA_BYTE);
                return new Support(
                        new String(identity, StandardCharsets.US_ASCII).replace("\0", ""),
                        (options & OPTION_SETTIMEOUT) != 0,
                        (options & OPTION_MAGICCLOSE) != 0 && !noWayOut());
            } catch (SystemCallException e) {
                if (e.errno() == SystemCallException.ENOTTY) {
                    throw new IOException(path + " is not a watchdog: " + e.getMessage(), e);
                }
                throw e;
            }
        }

        @Override
        public void setTimeout(int seconds) throws IOException {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment value = arena.allocateFrom(ValueLayout.JAVA_INT, seconds);
                SystemCalls.ioctl(
                        fd,
                        request(6, READS_AND_WRITES, INT_BYTES),
                        value,
                        "WDIOC_SETTIMEOUT " + seconds + " " + path);
            }
        }

        @Override
        public int timeout() throws IOException {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment value = arena.allocateFrom(ValueLayout.JAVA_INT, 0);
                SystemCalls.ioctl(
                        fd, request(7, READS, INT_BYTES), value, "WDIOC_GETTIMEOUT " + path);
                return value.get(ValueLayout.JAVA_INT, 0);
            }
        }

        @Override
        public void keepAlive() throws SystemCallException {
            SystemCalls.write(fd, KEEP_ALIVE);
        }

        @Override
        public void announceClose() throws SystemCallException {
            SystemCalls.write(fd, MAGIC_CLOSE);
        }

        @Override
        public void close() throws SystemCallException {
            SystemCalls.close(fd);
        }
    }

    static long request(int number, int direction, int bytes) {
        return request(number, direction, bytes, System.getProperty("os.arch"));
    }

    /**
     * The number of an ioctl of letter W, see {@code asm/ioctl.h}: mips, sparc and powerpc have
     * three bits for the direction with other values.
     */
    static long request(int number, int direction, int bytes, String architecture) {
        boolean three =
                architecture.startsWith("ppc")
                        || architecture.startsWith("mips")
                        || architecture.startsWith("sparc");
        long bits =
                three
                        ? ((direction & 1) != 0 ? 4L : 0) << 29
                                | ((direction & 2) != 0 ? 2L : 0) << 29
                        : (long) direction << 30;
        return bits | (long) bytes << 16 | 'W' << 8 | number;
    }
}
