package io.kumki.agent.sim;

import io.kumki.agent.config.WatchdogSettings;
import io.kumki.agent.watchdog.WatchdogDevice;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.OptionalLong;

/**
 * The watchdog of a machine: resets it when nobody keeps it alive. That must never happen to a
 * machine whose agent works and whose server is up: the agent stops the server before.
 */
final class SimWatchdog implements WatchdogDevice {

    private static final long BOOT = Duration.ofSeconds(15).toNanos();

    private final SimNode node;
    private int timeout = 60;
    private boolean announced;
    private OptionalLong firesAt = OptionalLong.empty();

    SimWatchdog(SimNode node) {
        this.node = node;
    }

    /** Half of the machines count half of the ttl, so that the times differ. */
    WatchdogSettings settings() {
        int margin = Math.floorMod(node.rate().at(0), 2) == 0 ? -1 : 5;
        return new WatchdogSettings(
                WatchdogSettings.Mode.AUTOMATIC, Path.of("/dev/watchdog"), margin, "default");
    }

    /** A third of the machines have one; drawn without a number, so that old seeds stay. */
    boolean installed() {
        return Math.floorMod(node.rate().at(0) / 2, 3) == 0;
    }

    /** Power off. */
    void off() {
        firesAt = OptionalLong.empty();
        timeout = 60;
    }

    private long now() {
        return node.rate().at(node.world().now());
    }

    private void ping() {
        long due = now() + Duration.ofSeconds(timeout).toNanos();
        firesAt = OptionalLong.of(due);
        node.world().after(node.rate().worldNanos(due - now()), node.machine(), () -> lookAt(due));
    }

    private void disarmed() {
        firesAt = OptionalLong.empty();
        if (node.server().writable()) {
            node.world()
                    .violate(
                            "a watchdog counts while its server takes writes: "
                                    + node.name()
                                    + " disarmed it");
        }
    }

    private void lookAt(long due) {
        if (firesAt.isEmpty() || firesAt.getAsLong() != due) {
            return;
        }
        firesAt = OptionalLong.empty();
        long steady = node.world().now() - node.steadySince();
        boolean healthy =
                node.looksAfterItself()
                        && steady > Duration.ofSeconds(timeout).toNanos()
                        && node.server().writable();
        node.world().trace(() -> node.name() + " watchdog resets the machine");
        if (healthy) {
            node.world()
                    .violate(
                            "a machine is reset only if its agent can't stop the server: "
                                    + node.name());
        }
        node.crash();
        node.world().after(BOOT, node::boot);
    }

    @Override
    public boolean writable() {
        return true;
    }

    @Override
    public Opened open() throws IOException {
        if (node.machine().down()) {
            throw new IOException("the machine is down");
        }
        ping();
        return new Opened() {
            @Override
            public Support support() {
                return new Support("sim", true, true);
            }

            @Override
            public void setTimeout(int seconds) throws IOException {
                if (seconds < 1) {
                    throw new IOException("Invalid argument");
                }
                timeout = seconds;
                ping();
            }

            @Override
            public int timeout() {
                return timeout;
            }

            @Override
            public void keepAlive() {
                announced = false;
                ping();
            }

            @Override
            public void announceClose() {
                announced = true;
            }

            @Override
            public void close() {
                if (announced) {
                    disarmed();
                }
            }
        };
    }
}
