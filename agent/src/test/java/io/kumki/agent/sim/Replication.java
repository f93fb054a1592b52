package io.kumki.agent.sim;

import static io.kumki.agent.sim.SimWorld.SECOND;

import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A standby's WAL receiver: connects to its upstream, takes over what the upstream has if its own
 * log is a prefix of that, and loses the connection when the network or the upstream fails.
 */
final class Replication {

    private final SimWorld world;
    private final SimNetwork network;
    private final Chance chance;
    private final SimServer standby;
    private final Function<String, @Nullable SimServer> servers;
    private @Nullable String connectedTo;
    private boolean received;
    private long retryAt;
    private long silentSince = -1;
    private int life = -1;
    private boolean mute;

    Replication(
            SimWorld world,
            SimNetwork network,
            Chance chance,
            SimServer standby,
            Function<String, @Nullable SimServer> servers) {
        this.world = world;
        this.network = network;
        this.chance = chance;
        this.standby = standby;
        this.servers = servers;
    }

    /** The upstream that the receiver streams from. */
    Optional<String> streamingFrom() {
        return standby.runningStandby() && life == standby.life()
                ? Optional.ofNullable(connectedTo)
                : Optional.empty();
    }

    /** Whether anything came since the start. */
    boolean received() {
        return received && life == standby.life();
    }

    /** Its upstream sees it connected, and hears nothing of it. */
    void mute(boolean now) {
        mute = now;
    }

    /** A new life: recovery replays what is on disk first, then the receiver begins. */
    void begin() {
        life = standby.life();
        connectedTo = null;
        received = false;
        silentSince = -1;
        retryAt = world.now();
        standby.replayFrom(standby.end() - chance.between(0, 3_000));
        next();
    }

    /** The upstream changed: the receiver ends and begins anew. */
    void restart() {
        connectedTo = null;
        retryAt = world.now();
    }

    private void next() {
        standby.later(
                chance.millis(40, 160),
                () -> {
                    if (standby.runningStandby()) {
                        pump();
                        next();
                    }
                });
    }

    private void pump() {
        standby.replay(standby.replayed() + chance.between(200, 2_000));
        String wanted = standby.upstream().orElse(null);
        if (connectedTo != null && !connectedTo.equals(wanted)) {
            disconnect("upstream changed");
        }
        SimServer source = wanted == null ? null : servers.apply(wanted);
        if (source == null || mute) {
            return;
        }
        boolean reachable =
                network.openBothWays(standby.name(), source.name())
                        && !source.node().machine().frozen()
                        && !source.node().machine().down();
        if (connectedTo == null) {
            if (reachable && world.now() >= retryAt) {
                connect(source);
            }
            return;
        }
        if (!reachable) {
            silentSince = silentSince < 0 ? world.now() : silentSince;
            if (world.now() - silentSince > 5 * SECOND) {
                disconnect("silence");
            }
            return;
        }
        silentSince = -1;
        boolean serves =
                source.runs(SimServer.Phase.RUNNING)
                        || source.runs(SimServer.Phase.STOPPING) && source.primary();
        if (!serves) {
            disconnect("upstream stopped");
        } else if (source.oldest() > standby.end()) {
            disconnect("the log is gone");
        } else if (!accepts(source)) {
            disconnect("logs differ");
        } else {
            pull(source, chance.happens(0.3) ? chance.between(0, 600) : Long.MAX_VALUE / 2);
        }
    }

    /** As a sender looks at it: by the number and the place, whatever was written there. */
    private boolean accepts(SimServer source) {
        return source.takesForItsOwn(standby)
                || source.branch().continues(standby.branch(), standby.end())
                        && source.end() >= standby.end();
    }

    private void connect(SimServer source) {
        boolean fits =
                source.runs(SimServer.Phase.RUNNING)
                        && source.systemIdentifier().equals(standby.systemIdentifier())
                        && accepts(source)
                        && source.oldest() <= standby.end();
        if (fits) {
            if (source.takesForItsOwn(standby)) {
                standby.node().parts().cluster().invariants().mixed();
            }
            connectedTo = source.name();
            received = true;
            world.trace(() -> standby.name() + " streams from " + source.name());
        } else {
            retryAt = world.now() + chance.millis(1_000, 5_000);
        }
    }

    private void disconnect(String why) {
        world.trace(() -> standby.name() + " stops streaming: " + why);
        connectedTo = null;
        silentSince = -1;
        retryAt = world.now() + chance.millis(0, 2_000);
    }

    /** Takes over up to {@code bytes}, across timeline switches. */
    private void pull(SimServer source, long bytes) {
        long to = Math.min(source.end(), standby.end() + bytes);
        standby.receive(source.branch().at(to), to);
    }

    /**
     * A stopping primary waits until its connected standbys have everything, or stops waiting for
     * those that are silent.
     */
    boolean drained(SimServer primary) {
        if (!streamingFrom().filter(primary.name()::equals).isPresent()) {
            return true;
        }
        boolean reachable =
                network.openBothWays(standby.name(), primary.name())
                        && !standby.node().machine().frozen();
        boolean there = primary.oldest() <= standby.end();
        if (reachable && !mute && there && accepts(primary)) {
            pull(primary, Long.MAX_VALUE / 2);
        }
        return standby.end() >= primary.end();
    }
}
