package io.kumki.agent.linux;

import java.io.IOException;

/** A system call said no. */
public final class SystemCallException extends IOException {

    private static final long serialVersionUID = 1;

    /** The descriptor's driver doesn't know such an ioctl. */
    public static final int ENOTTY = 25;

    /** Somebody else has the lock. */
    public static final int EWOULDBLOCK = 11;

    private final int errno;

    /**
     * @param call name and object, such as {@code open /dev/watchdog}
     * @param errno see errno(3)
     * @param reason the C library's text for it
     */
    public SystemCallException(String call, int errno, String reason) {
        super(call + ": " + reason + " (errno " + errno + ")");
        this.errno = errno;
    }

    public int errno() {
        return errno;
    }
}
