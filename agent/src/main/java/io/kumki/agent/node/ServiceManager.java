package io.kumki.agent.node;

import io.kumki.agent.linux.NotifySocket;
import io.kumki.agent.linux.SystemCallException;
import io.kumki.restapi.NodeSnapshot;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What systemd, or another service manager, is told about this agent, see sd_notify(3). Nothing if
 * it didn't ask. On the loop's context.
 */
final class ServiceManager {

    private static final Logger LOG = LoggerFactory.getLogger(ServiceManager.class);

    private static final long NANOS_A_MICROSECOND = 1_000;

    private final Optional<NotifySocket> socket;
    private final Optional<Duration> watchdog;
    private boolean ready;
    private boolean reloads;
    private boolean ends;
    private boolean fails;
    private String status = "";

    private ServiceManager(Optional<NotifySocket> socket, Optional<Duration> watchdog) {
        this.socket = socket;
        this.watchdog = watchdog;
    }

    static ServiceManager of(Map<String, String> environment) {
        try {
            Optional<NotifySocket> socket = NotifySocket.of(environment);
            return new ServiceManager(socket, watchdog(environment));
        } catch (IllegalArgumentException e) {
            LOG.atWarn().addKeyValue("error", e.getMessage()).log("service manager");
            return new ServiceManager(Optional.empty(), Optional.empty());
        }
    }

    /** How often it wants a sign of life; empty if it doesn't, or not from this process. */
    private static Optional<Duration> watchdog(Map<String, String> environment) {
        String micros = environment.getOrDefault("WATCHDOG_USEC", "");
        String pid = environment.getOrDefault("WATCHDOG_PID", "");
        boolean mine = pid.isEmpty() || pid.equals("" + ProcessHandle.current().pid());
        if (micros.isEmpty() || !mine) {
            return Optional.empty();
        }
        if (!micros.matches("[1-9][0-9]{0,15}")) {
            throw new IllegalArgumentException(
                    "WATCHDOG_USEC = " + micros + ": must be a number of microseconds");
        }
        return Optional.of(Duration.ofNanos(Long.parseLong(micros) * NANOS_A_MICROSECOND));
    }

    /** A turn of the loop has ended: with the first, the agent has begun its work. */
    void turned(NodeSnapshot node, boolean ending) {
        if (ending) {
            return;
        }
        String now = described(node);
        boolean first = !ready && !reloads;
        if (!first && now.equals(status)) {
            return;
        }
        if (send((first ? "READY=1\n" : "") + "STATUS=" + now)) {
            ready = ready || first;
            status = now;
        }
    }

    private static String described(NodeSnapshot node) {
        return (node.settings().pause() ? "maintenance mode; " : "")
                + node.server().role()
                + ", "
                + node.server().state();
    }

    /** The configuration is being read again. */
    void reloading() {
        reloads = true;
        send("RELOADING=1\nMONOTONIC_USEC=" + BootTime.monotonicNanos() / NANOS_A_MICROSECOND);
    }

    /** It was read, or refused. */
    void reloaded() {
        reloads = false;
        if (ready) {
            send("READY=1");
        }
    }

    /** The agent ends. */
    void stopping() {
        ends = true;
        send("STOPPING=1\nSTATUS=handing over and stopping");
    }

    /**
     * Gives a sign of life at half of the time that the manager waits, as long as {@code lively}
     * says so.
     */
    void keepAlive(LoopClock clock, BooleanSupplier lively) {
        watchdog.ifPresent(limit -> keepAlive(clock, limit.dividedBy(2), lively));
    }

    private void keepAlive(LoopClock clock, Duration every, BooleanSupplier lively) {
        if (lively.getAsBoolean()) {
            send("WATCHDOG=1");
        } else if (!ends) {
            LOG.atWarn().log("the loop doesn't turn: the service manager gets no sign of life");
        }
        clock.schedule(every, () -> keepAlive(clock, every, lively));
    }

    private boolean send(String message) {
        if (socket.isEmpty()) {
            return false;
        }
        try {
            socket.get().send(message);
            fails = false;
            return true;
        } catch (SystemCallException e) {
            if (!fails) {
                LOG.atWarn()
                        .addKeyValue("socket", socket.get())
                        .addKeyValue("error", e.getMessage())
                        .log("the service manager can't be told; tried again with the next news");
            }
            fails = true;
            return false;
        }
    }
}
