package io.kumki.agent.sim;

/**
 * Clients that write to every server as fast as they like, whatever any probe says. A write is
 * refused, or done; whether its confirmation arrives makes no difference here: every write that a
 * server did counts as one that somebody relies on.
 */
final class Writers {

    private final Cluster cluster;
    private final Chance chance;

    Writers(Cluster cluster, Chance chance) {
        this.cluster = cluster;
        this.chance = chance;
    }

    void begin() {
        cluster.nodes().forEach(this::next);
    }

    private void next(SimNode node) {
        cluster.world()
                .after(
                        chance.millis(100, 350),
                        () -> {
                            cluster.world()
                                    .after(chance.millis(0, 5), node.machine(), () -> write(node));
                            next(node);
                        });
    }

    private void write(SimNode node) {
        SimServer server = node.server();
        if (server.commit(chance.between(50, 500))) {
            cluster.invariants().committed(server);
        }
    }
}
