package io.kumki.agent.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

/**
 * System calls by file descriptor. Each blocks its thread. All throw {@link SystemCallException}
 * with the {@code errno} of the very call.
 */
public final class SystemCalls {

    /** The same on every architecture that JDK 25 runs on; see {@code asm-generic/fcntl.h}. */
    public static final int O_RDONLY = 0;

    public static final int O_WRONLY = 01;

    public static final int O_RDWR = 02;

    /** Of flock(2); see {@code asm-generic/fcntl.h}. */
    private static final int LOCK_EX_NB = 2 | 4;

    public static final int O_NONBLOCK = 04000;

    /** Programs that this process starts must not get the descriptor. */
    public static final int O_CLOEXEC = 02000000;

    private static final Linker LINKER = Linker.nativeLinker();

    private static final StructLayout STATE = Linker.Option.captureStateLayout();

    private static final VarHandle ERRNO =
            STATE.varHandle(java.lang.foreign.MemoryLayout.PathElement.groupElement("errno"));

    private static final Linker.Option CAPTURES_ERRNO = Linker.Option.captureCallState("errno");

    private static final MethodHandle OPEN =
            variadic("open", 2, FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT));

    private static final MethodHandle IOCTL =
            variadic("ioctl", 2, FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS));

    private static final MethodHandle WRITE =
            plain("write", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG));

    private static final MethodHandle CLOSE =
            plain("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));

    private static final MethodHandle FLOCK =
            plain("flock", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));

    private static final MethodHandle SOCKET =
            plain("socket", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT));

    private static final MethodHandle SENDTO =
            plain(
                    "sendto",
                    FunctionDescriptor.of(
                            JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT, ADDRESS, JAVA_INT));

    private static final MethodHandle STRERROR = strerror();

    private SystemCalls() {}

    /**
     * @return the new file descriptor
     */
    public static int open(String path, int flags) throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(STATE);
            int result;
            try {
                result = (int) OPEN.invokeExact(state, arena.allocateFrom(path), flags);
            } catch (Throwable e) {
                throw broken("open", e);
            }
            return (int) checked(result, state, "open " + path);
        }
    }

    /**
     * @param argument what the kernel reads or writes; a native segment
     */
    public static void ioctl(int fd, long request, MemorySegment argument, String name)
            throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(STATE);
            int result;
            try {
                result = (int) IOCTL.invokeExact(state, fd, request, argument);
            } catch (Throwable e) {
                throw broken("ioctl", e);
            }
            checked(result, state, "ioctl " + name);
        }
    }

    /** Writes all bytes in one call; fewer written is an error. */
    public static void write(int fd, byte[] bytes) throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(STATE);
            long result;
            try {
                result =
                        (long)
                                WRITE.invokeExact(
                                        state,
                                        fd,
                                        arena.allocateFrom(JAVA_BYTE, bytes),
                                        (long) bytes.length);
            } catch (Throwable e) {
                throw broken("write", e);
            }
            if (checked(result, state, "write") != bytes.length) {
                throw new SystemCallException("write", 0, "only " + result + " bytes written");
            }
        }
    }

    /**
     * Locks the file of the descriptor for it alone, as flock(2) does: the lock belongs to the open
     * file, so it ends when the last process that has it by inheritance has closed it.
     *
     * @throws SystemCallException with {@link SystemCallException#EWOULDBLOCK} if somebody has it
     */
    public static void flock(int fd, String name) throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(STATE);
            int result;
            try {
                result = (int) FLOCK.invokeExact(state, fd, LOCK_EX_NB);
            } catch (Throwable e) {
                throw broken("flock", e);
            }
            checked(result, state, "flock " + name);
        }
    }

    public static void close(int fd) throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(STATE);
            int result;
            try {
                result = (int) CLOSE.invokeExact(state, fd);
            } catch (Throwable e) {
                throw broken("close", e);
            }
            checked(result, state, "close");
        }
    }

    /**
     * @param type with its flags
     * @return the new file descriptor
     */
    static int socket(int family, int type) throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(STATE);
            int result;
            try {
                result = (int) SOCKET.invokeExact(state, family, type, 0);
            } catch (Throwable e) {
                throw broken("socket", e);
            }
            return (int) checked(result, state, "socket");
        }
    }

    /** Sends one datagram to {@code address}, a {@code struct sockaddr}. */
    static void sendTo(int fd, byte[] bytes, int flags, MemorySegment address, String name)
            throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(STATE);
            long result;
            try {
                result =
                        (long)
                                SENDTO.invokeExact(
                                        state,
                                        fd,
                                        arena.allocateFrom(JAVA_BYTE, bytes),
                                        (long) bytes.length,
                                        flags,
                                        address,
                                        (int) address.byteSize());
            } catch (Throwable e) {
                throw broken("sendto", e);
            }
            checked(result, state, "sendto " + name);
        }
    }

    private static long checked(long result, MemorySegment state, String call)
            throws SystemCallException {
        if (result < 0) {
            int errno = (int) ERRNO.get(state, 0L);
            throw new SystemCallException(call, errno, text(errno));
        }
        return result;
    }

    @SuppressWarnings("restricted") // the C library ends its texts with a zero
    private static String text(int errno) {
        try {
            MemorySegment text = (MemorySegment) STRERROR.invokeExact(errno);
            return text.reinterpret(LONGEST_TEXT).getString(0);
        } catch (Throwable e) {
            throw broken("strerror", e);
        }
    }

    private static final long LONGEST_TEXT = 256;

    /**
     * {@code invokeExact} declares every throwable, but C throws none: what comes is a handle whose
     * types are wrong, a mistake of ours. An error of the JVM, such as no memory left, stays one.
     */
    private static IllegalStateException broken(String call, Throwable e) {
        if (e instanceof Error error) {
            throw error;
        }
        return new IllegalStateException("the C library's " + call + " can't be called", e);
    }

    private static MethodHandle variadic(String name, int fixed, FunctionDescriptor types) {
        return handle(name, types, CAPTURES_ERRNO, Linker.Option.firstVariadicArg(fixed));
    }

    private static MethodHandle plain(String name, FunctionDescriptor types) {
        return handle(name, types, CAPTURES_ERRNO);
    }

    private static MethodHandle strerror() {
        return handle("strerror", FunctionDescriptor.of(ADDRESS, JAVA_INT));
    }

    @SuppressWarnings("restricted") // declared in the jar's manifest: Enable-Native-Access
    private static MethodHandle handle(
            String name, FunctionDescriptor types, Linker.Option... options) {
        return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), types, options);
    }
}
