package io.kumki.agent.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;

/**
 * The datagram socket on which a service manager listens, see sd_notify(3). Java has no datagrams
 * over Unix sockets.
 */
public final class NotifySocket {

    /** From {@code sys/socket.h} and unix(7). */
    private static final int AF_UNIX = 1;

    private static final int SOCK_DGRAM = 2;
    private static final int MSG_DONTWAIT = 0x40;
    private static final int MSG_NOSIGNAL = 0x4000;

    /** {@code sun_path} holds so much, its ending zero included. */
    private static final int LONGEST_PATH = 108;

    private static final int FAMILY_BYTES = 2;

    private final byte[] address;
    private final String name;

    private NotifySocket(String name) {
        this.name = name;
        byte[] path = name.getBytes(StandardCharsets.UTF_8);
        boolean isAbstract = name.startsWith("@");
        // an abstract name begins with a zero and has none at its end
        this.address = new byte[FAMILY_BYTES + path.length + (isAbstract ? 0 : 1)];
        System.arraycopy(path, 0, address, FAMILY_BYTES, path.length);
        if (isAbstract) {
            address[FAMILY_BYTES] = 0;
        }
    }

    /**
     * The socket that {@code NOTIFY_SOCKET} names; empty without the variable.
     *
     * @throws IllegalArgumentException if it names none; the message says why
     */
    public static Optional<NotifySocket> of(Map<String, String> environment) {
        String name = environment.getOrDefault("NOTIFY_SOCKET", "");
        if (name.isEmpty()) {
            return Optional.empty();
        }
        boolean fits = name.getBytes(StandardCharsets.UTF_8).length < LONGEST_PATH;
        if (!fits || !name.startsWith("/") && !name.startsWith("@") || name.length() < 2) {
            throw new IllegalArgumentException(
                    "NOTIFY_SOCKET = "
                            + name
                            + ": must be an absolute path or @ and a name, shorter than "
                            + LONGEST_PATH
                            + " bytes; the service manager is told nothing");
        }
        return Optional.of(new NotifySocket(name));
    }

    /** Sends one datagram; doesn't wait for a receiver that is behind. */
    public void send(String message) throws SystemCallException {
        int socket = SystemCalls.socket(AF_UNIX, SOCK_DGRAM | SystemCalls.O_CLOEXEC);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment to = arena.allocateFrom(ValueLayout.JAVA_BYTE, address);
            to.set(ValueLayout.JAVA_SHORT_UNALIGNED, 0, (short) AF_UNIX);
            SystemCalls.sendTo(
                    socket,
                    message.getBytes(StandardCharsets.UTF_8),
                    MSG_DONTWAIT | MSG_NOSIGNAL,
                    to,
                    name);
        } finally {
            SystemCalls.close(socket);
        }
    }

    @Override
    public String toString() {
        return name;
    }
}
