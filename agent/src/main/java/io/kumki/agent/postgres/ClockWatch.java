package io.kumki.agent.postgres;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Warns when the clock of a standby's machine is far from that of the server it streams from. Two
 * clocks can't tell which of them is wrong, so both are named. No decision depends on wall clocks,
 * but what people schedule, certificates and log lines do.
 *
 * <p>A WAL sender says with each message when it sent it, and the receiver keeps that together with
 * the time of receipt ({@code pg_stat_wal_receiver}).
 */
final class ClockWatch {

    private static final Logger LOG = LoggerFactory.getLogger(ClockWatch.class);

    /** Far above what a synchronised clock is off by, and what a message may be under way. */
    static final Duration FAR = Duration.ofSeconds(30);

    /** One look may be at a message that lay in a queue while the receiver was frozen. */
    private static final int LOOKS = 3;

    private final AtomicInteger farLooks = new AtomicInteger();

    /**
     * @param ahead receipt less sending of the newest message: how far this machine is ahead
     * @param sender whose clock it is compared with
     * @return whether it warned now
     */
    boolean seen(Duration ahead, String sender) {
        boolean far = ahead.abs().compareTo(FAR) > 0;
        int looks = farLooks.updateAndGet(before -> far ? Math.min(before, LOOKS) + 1 : 0);
        if (looks != LOOKS) {
            return false;
        }
        LOG.atWarn()
                .addKeyValue("offBySeconds", ahead.toSeconds())
                .addKeyValue("comparedWith", sender)
                .log(
                        "the clocks of this machine and of the server it streams from differ: this one is "
                                + (ahead.isNegative() ? "behind" : "ahead")
                                + ", and either may be wrong; leases don't depend on it, but scheduled restarts and switchovers,"
                                + " certificates and log lines do: let NTP set both, see \"timedatectl\"");
        return true;
    }
}
