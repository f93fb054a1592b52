package io.kumki.agent.watchdog;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * A driver and its device, as the kernel's watchdog core behaves: opening starts the countdown, any
 * write begins it anew, {@code V} just before the close stops it unless {@code nowayout}, and a
 * time-out that the hardware doesn't know is refused.
 */
final class WatchdogDriver implements WatchdogDevice {

    private static final long SECOND = 1_000_000_000L;

    /** Nanoseconds; the test moves it. */
    long now;

    boolean present = true;
    boolean setsTimeout = true;
    boolean magicClose = true;
    boolean noWayOut;
    boolean failsToOpen;
    boolean failsKeepAlive;
    int shortest = 1;
    int longest = 65_534;
    int timeout = 60;

    /** So many seconds pass while it is opened. */
    int opensFor;

    final List<String> calls = new ArrayList<>();

    private boolean open;
    private boolean announced;
    private OptionalLong firesAt = OptionalLong.empty();

    /** The machine was reset by now. */
    boolean fired() {
        return firesAt.isPresent() && now >= firesAt.getAsLong();
    }

    boolean counts() {
        return firesAt.isPresent();
    }

    /** The agent's process ends: the kernel closes what it had open. */
    void processEnds() {
        if (open) {
            closed();
        }
    }

    private void ping() {
        if (!fired()) {
            firesAt = OptionalLong.of(now + timeout * SECOND);
        }
    }

    private void closed() {
        open = false;
        boolean stops = (announced || !magicClose) && !noWayOut;
        if (stops) {
            firesAt = OptionalLong.empty();
        } else {
            ping();
        }
    }

    @Override
    public boolean writable() {
        return present;
    }

    @Override
    public Opened open() throws IOException {
        if (!present) {
            throw new IOException("/dev/watchdog isn't there");
        }
        if (failsToOpen || open) {
            throw new IOException("open /dev/watchdog: Device or resource busy (errno 16)");
        }
        now += opensFor * SECOND;
        open = true;
        announced = false;
        ping();
        calls.add("open");
        return new Handle();
    }

    private final class Handle implements Opened {

        @Override
        public Support support() {
            return new Support("test", setsTimeout, magicClose && !noWayOut);
        }

        @Override
        public void setTimeout(int seconds) throws IOException {
            if (!setsTimeout) {
                throw new IOException("Operation not supported (errno 95)");
            }
            if (seconds < shortest || seconds > longest) {
                throw new IOException("WDIOC_SETTIMEOUT: Invalid argument (errno 22)");
            }
            calls.add("timeout " + seconds);
            timeout = seconds;
            ping();
        }

        @Override
        public int timeout() {
            return timeout;
        }

        @Override
        public void keepAlive() throws IOException {
            if (failsKeepAlive) {
                throw new IOException("write: Input/output error (errno 5)");
            }
            calls.add("1");
            announced = false;
            ping();
        }

        @Override
        public void announceClose() {
            calls.add("V");
            announced = true;
            ping();
        }

        @Override
        public void close() {
            calls.add("close");
            closed();
        }
    }
}
