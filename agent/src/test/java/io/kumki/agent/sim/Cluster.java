package io.kumki.agent.sim;

import io.kumki.agent.ha.Decision;
import io.kumki.agent.ha.Situation;
import io.kumki.dcs.cluster.ClusterSettings;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** All that one seed drives: machines, network, store, and what watches them. */
final class Cluster {

    /** Rules that tell an operator to lend a hand, where the configuration forbids the agent to. */
    private static final Set<String> FLAGGED =
            new TreeSet<>(List.of("rejoin.needs-hand", "data.half-rewound"));

    private final SimWorld world;
    private final Scenario scenario;
    private final ClusterSettings settings;
    private final SimNetwork network;
    private final SimEtcd etcd;
    private final Mishaps mishaps = new Mishaps();
    private final Invariants invariants;
    private final List<SimNode> nodes = new ArrayList<>();

    Cluster(SimWorld world, Scenario scenario, Chance chance, Function<Situation, Decision> rules) {
        this.world = world;
        this.scenario = scenario;
        this.settings = scenario.settings();
        this.network = new SimNetwork(world, chance.fork());
        this.etcd = new SimEtcd(world, chance.fork());
        this.invariants = new Invariants(this);
        for (String name : scenario.nodes()) {
            nodes.add(
                    new SimNode(
                            name,
                            new SimNode.Parts(world, network, etcd, scenario, this, rules),
                            chance.fork()));
        }
    }

    SimWorld world() {
        return world;
    }

    Scenario scenario() {
        return scenario;
    }

    /** Those that the scenario's dynamic configuration says. */
    ClusterSettings settings() {
        return settings;
    }

    SimNetwork network() {
        return network;
    }

    SimEtcd etcd() {
        return etcd;
    }

    Mishaps mishaps() {
        return mishaps;
    }

    Invariants invariants() {
        return invariants;
    }

    List<SimNode> nodes() {
        return nodes;
    }

    @Nullable SimNode node(String name) {
        for (SimNode node : nodes) {
            if (node.name().equals(name)) {
                return node;
            }
        }
        return null;
    }

    @Nullable SimServer server(String name) {
        SimNode node = node(name);
        return node == null ? null : node.server();
    }

    Optional<SimNode> leader() {
        return etcd.leader().map(this::node);
    }

    /** What keeps the cluster from being whole; empty if it is. */
    Optional<String> ailment() {
        Optional<SimNode> leader = leader();
        if (leader.isEmpty()) {
            return Optional.of("nobody leads");
        }
        SimNode primary = leader.get();
        if (!primary.server().writable() || !primary.agentWorks()) {
            return Optional.of("leader " + primary.name() + " takes no writes");
        }
        for (SimNode node : nodes) {
            boolean streams =
                    node.agentWorks()
                            && node.replication()
                                    .streamingFrom()
                                    .filter(primary.name()::equals)
                                    .isPresent();
            if (node != primary && !streams && !FLAGGED.contains(node.lastRule())) {
                return Optional.of(node.name() + " doesn't stream, its rule is " + node.lastRule());
            }
        }
        return Optional.empty();
    }
}
