package io.kumki.agent.watchdog;

import java.io.IOException;

/**
 * The border to the kernel's driver: one method for each call. Each blocks, as a rule for
 * microseconds; a failure is an {@link IOException} whose message names call and reason.
 */
public interface WatchdogDevice {

    /** Whether this process may open it; doesn't open it, so nothing begins to count. */
    boolean writable();

    /** Opens it: from here the driver counts, with the time-out that it has. */
    Opened open() throws IOException;

    /**
     * What the driver can do.
     *
     * @param identity its name, for people
     * @param setsTimeout the time-out can be changed
     * @param disarms a magic close stops the countdown
     */
    record Support(String identity, boolean setsTimeout, boolean disarms) {}

    /** An open device. */
    interface Opened {

        Support support() throws IOException;

        /** Sets the time-out; the driver may round it. */
        void setTimeout(int seconds) throws IOException;

        /** The time-out in force, in seconds. */
        int timeout() throws IOException;

        /** Begins the countdown anew. */
        void keepAlive() throws IOException;

        /** Announces that the next close is meant: without it the countdown goes on. */
        void announceClose() throws IOException;

        void close() throws IOException;
    }
}
