package io.kumki.agent.sim;

import java.util.Optional;

/**
 * The fence for what the loop itself can't do: an agent that is dead or hangs while its server
 * lives, and a machine that wakes from a freeze. It stands for the process {@code
 * kumki-lease-guard}: when the deadline that an agent last proved passes while that very agent
 * doesn't work, the server is ended at once.
 *
 * <p>As long as the agent works, and has turned since it woke up, the guard does nothing: then the
 * loop must keep the deadline by itself.
 */
final class LeaseGuard {

    private final SimNode node;
    private Optional<Deadline> deadline = Optional.empty();

    /** Up to when which agent proved its lead, on the node's monotonic clock. */
    private record Deadline(SimNode.Agent agent, long untilNanos) {}

    LeaseGuard(SimNode node) {
        this.node = node;
    }

    /** The store answered the agent: it leads up to here. */
    void proved(SimNode.Agent agent, long untilNanos) {
        deadline = Optional.of(new Deadline(agent, untilNanos));
        long left = untilNanos - now();
        node.world().after(node.rate().worldNanos(Math.max(0, left)), node.machine(), this::look);
    }

    /** Whether an agent of this node proved a lead that isn't over. */
    boolean withinDeadline() {
        return deadline.filter(d -> now() - d.untilNanos() <= 0).isPresent();
    }

    /**
     * Called when the deadline passes, when a machine goes on, and when the server begins to take
     * writes.
     */
    void look() {
        boolean passed = deadline.filter(d -> now() - d.untilNanos() >= 0).isPresent();
        if (!passed || deadline.get().agent().works() && node.looksAfterItself()) {
            return;
        }
        SimServer server = node.server();
        if (server.primary() && !server.runs(SimServer.Phase.STOPPED)) {
            node.world().trace(() -> node.name() + " guard ends the server: deadline passed");
            server.gone();
        }
    }

    private long now() {
        return node.rate().at(node.world().now());
    }
}
