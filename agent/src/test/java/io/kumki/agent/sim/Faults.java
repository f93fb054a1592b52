package io.kumki.agent.sim;

import io.kumki.dcs.cluster.DynamicConfig;
import io.kumki.dcs.cluster.FailoverRequest;
import io.kumki.dcs.cluster.MemberName;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/** Lets things happen to the cluster for a while, and heals all of them at the end. */
final class Faults {

    /** What can happen. */
    enum Kind {
        MACHINE_CRASH,
        AGENT_KILLED,
        AGENT_HANGS,
        MACHINE_FREEZES,
        POSTMASTER_CRASH,
        CUT_FROM_STORE,
        CUT_FROM_STORE_ONE_WAY,
        CUT_FROM_NODE,
        CUT_FROM_NODE_ONE_WAY,
        ISOLATED,
        STORE_OUTAGE,
        STORE_LEADER_CHANGE,
        STORE_REVOKES_LEASES,
        NETWORK_DISTURBED,
        MISHAPS,
        /** The server panics, and nothing that writes succeeds until there is room again. */
        DISK_FULL,
        WALL_CLOCK_STEP,
        SWITCHOVER,
        FAILOVER,
        AGENT_STOPPED,
        /** The cluster becomes a standby cluster of a remote that never answers. */
        REMOTE,
        /** Whenever a node's server is a primary it dies soon after. */
        CRASH_LOOP,
        /** A standby is cut off, and its primary removes the log that it will need. */
        LOG_REMOVED,
        /** etcd is lost, and comes back as it was a while ago. */
        STORE_RESTORED,
        /** A standby stays connected and confirms nothing. */
        STANDBY_SILENT
    }

    private final Cluster cluster;
    private final SimWorld world;
    private final Chance chance;
    private final List<Runnable> cures = new ArrayList<>();
    private long endsAt;
    private long quietUntil;
    private boolean over;
    private boolean silenced;
    private boolean restores;
    private final boolean remembers;

    Faults(Cluster cluster, Chance chance) {
        this.cluster = cluster;
        this.world = cluster.world();
        this.chance = chance;
        this.remembers = cluster.scenario().weights().containsKey(Kind.STORE_RESTORED);
    }

    void begin() {
        endsAt = world.now() + cluster.scenario().faultPhase();
        next();
    }

    private void next() {
        long pause = cluster.scenario().faultPause();
        world.after(
                (long) (pause * chance.between(0.1, 2.0)),
                () -> {
                    if (world.now() < endsAt) {
                        if (world.now() >= quietUntil) {
                            happen(draw());
                        }
                        next();
                    }
                });
    }

    private Kind draw() {
        Map<Kind, Double> weights = cluster.scenario().weights();
        double sum = weights.values().stream().mapToDouble(Double::doubleValue).sum();
        double at = chance.between(0, sum);
        for (Map.Entry<Kind, Double> weight : weights.entrySet()) {
            at -= weight.getValue();
            if (at < 0) {
                return weight.getKey();
            }
        }
        return Kind.POSTMASTER_CRASH;
    }

    /** Everything heals. */
    void end() {
        over = true;
        List.copyOf(cures).forEach(Runnable::run);
        cures.clear();
        world.trace(() -> "all faults are over");
    }

    /**
     * Nobody leads for so long because nobody can know who has every commit: an operator looks and
     * names the member with most; and looks again later.
     */
    void operatorLooksAfterVacancies() {
        world.after(
                cluster.scenario().ttl().multipliedBy(2).toNanos(),
                () -> {
                    endVacancy();
                    operatorLooksAfterVacancies();
                });
    }

    private void endVacancy() {
        if (cluster.etcd().leader().isPresent()) {
            return;
        }
        SimNode most =
                cluster.nodes().stream()
                        .max(
                                Comparator.<SimNode>comparingInt(
                                                node -> node.server().branch().timeline())
                                        .thenComparingLong(node -> node.server().end()))
                        .orElseThrow();
        cluster.invariants().requested();
        cluster.etcd()
                .put(
                        "failover",
                        new FailoverRequest(
                                Optional.empty(),
                                Optional.of(new MemberName(most.name())),
                                Optional.empty(),
                                0),
                        0);
    }

    boolean over() {
        return over;
    }

    /** Undoes a fault after a while, or when all faults end. */
    private void cure(long leastMillis, long mostMillis, Runnable action) {
        boolean[] done = {false};
        Runnable once =
                () -> {
                    if (!done[0]) {
                        done[0] = true;
                        action.run();
                    }
                };
        Runnable[] self = new Runnable[1];
        self[0] = once;
        cures.add(once);
        world.after(
                chance.millis(leastMillis, mostMillis),
                () -> {
                    once.run();
                    cures.remove(self[0]);
                });
    }

    private SimNode victim() {
        Optional<SimNode> leader = cluster.leader();
        return leader.isPresent() && chance.happens(0.5)
                ? leader.get()
                : chance.oneOf(cluster.nodes());
    }

    private String otherThan(SimNode node) {
        return chance.oneOf(
                cluster.nodes().stream()
                        .map(SimNode::name)
                        .filter(name -> !name.equals(node.name()))
                        .toList());
    }

    /** An agent that is started anew can't know that a backup is older than what it has seen. */
    private static final Set<Kind> FORGETFUL =
            EnumSet.of(
                    Kind.AGENT_KILLED,
                    Kind.AGENT_STOPPED,
                    Kind.AGENT_HANGS, // the watchdog resets its machine
                    Kind.MACHINE_FREEZES,
                    Kind.MACHINE_CRASH);

    private void happen(Kind kind) {
        if (remembers && FORGETFUL.contains(kind) && !cluster.etcd().isMarked()) {
            return;
        }
        SimNode node = victim();
        world.trace(() -> "fault " + kind + " " + node.name());
        switch (kind) {
            case MACHINE_CRASH -> {
                node.crash();
                cure(1_000, 30_000, node::boot);
            }
            case AGENT_KILLED -> {
                node.killAgent();
                cure(200, 25_000, node::startAgent);
            }
            case AGENT_HANGS -> {
                node.hangAgent();
                cure(500, 40_000, node::wakeAgent);
            }
            case MACHINE_FREEZES -> {
                node.freeze();
                cure(500, 40_000, node::thaw);
            }
            case POSTMASTER_CRASH -> node.server().gone();
            case CUT_FROM_STORE -> cut(node.name(), SimNetwork.STORE, true);
            case CUT_FROM_STORE_ONE_WAY -> cut(node.name(), SimNetwork.STORE, false);
            case CUT_FROM_NODE -> cut(node.name(), otherThan(node), true);
            case CUT_FROM_NODE_ONE_WAY -> cut(node.name(), otherThan(node), false);
            case ISOLATED -> isolate(node);
            case STORE_OUTAGE -> {
                cluster.etcd().stop();
                boolean renewed = chance.happens(0.5);
                cure(500, 25_000, () -> cluster.etcd().resume(renewed));
            }
            case STORE_LEADER_CHANGE -> {
                cluster.etcd().stop();
                cure(300, 2_500, () -> cluster.etcd().resume(true));
            }
            case STORE_RESTORED -> restoreStore();
            case STORE_REVOKES_LEASES -> revoke();
            case NETWORK_DISTURBED -> {
                cluster.network().disturb(chance.between(0.01, 0.3), chance.between(0.01, 0.3));
                cure(2_000, 25_000, () -> cluster.network().disturb(0, 0));
            }
            case MISHAPS -> {
                cluster.mishaps().begin(chance.between(0.1, 0.7), chance.between(0.0, 0.5));
                cluster.invariants().mishaps(true);
                cure(
                        5_000,
                        40_000,
                        () -> {
                            cluster.mishaps().end();
                            cluster.invariants().mishaps(false);
                        });
            }
            case DISK_FULL -> {
                node.server().diskFull(true);
                node.server().later(chance.millis(0, 2_000), node.server()::gone);
                cluster.invariants().mishaps(true);
                cure(
                        3_000,
                        60_000,
                        () -> {
                            node.server().diskFull(false);
                            cluster.invariants().mishaps(false);
                        });
            }
            case CRASH_LOOP -> {
                boolean[] goesOn = {true};
                crashAgain(node, goesOn);
                cure(3_000, 90_000, () -> goesOn[0] = false);
            }
            case WALL_CLOCK_STEP -> node.rate().stepWall(chance.millis(-3_600_000, 3_600_000));
            case SWITCHOVER -> request(true);
            case FAILOVER -> request(false);
            case AGENT_STOPPED -> {
                var loop = node.loop();
                if (loop != null && node.agentWorks()) {
                    node.stopAgent();
                }
            }
            case REMOTE -> follow();
            case LOG_REMOVED -> removeLog();
            case STANDBY_SILENT -> silenceOne();
        }
    }

    private void crashAgain(SimNode node, boolean[] goesOn) {
        world.after(
                chance.millis(200, 3_000),
                () -> {
                    if (goesOn[0]) {
                        if (node.server().writable() && chance.happens(0.3)) {
                            node.server().beginAnew(chance.millis(50, 500));
                        } else if (node.server().writable()) {
                            node.server().gone();
                        }
                        crashAgain(node, goesOn);
                    }
                });
    }

    private void removeLog() {
        Optional<SimNode> leader = cluster.leader();
        if (leader.isEmpty()) {
            return;
        }
        String there = leader.get().name();
        String behind = otherThan(leader.get());
        cluster.network().cut(there, behind);
        cluster.network().cut(behind, there);
        cure(
                1_000,
                15_000,
                () -> {
                    cluster.leader().map(SimNode::server).ifPresent(SimServer::removeLog);
                    cluster.network().mend(there, behind);
                    cluster.network().mend(behind, there);
                });
    }

    /** One at a time; PostgreSQL would end the connection after 60 s. */
    private void silenceOne() {
        Optional<SimNode> leader = cluster.leader();
        if (leader.isEmpty() || silenced) {
            return;
        }
        Replication standby =
                Objects.requireNonNull(cluster.node(otherThan(leader.get()))).replication();
        silenced = true;
        standby.mute(true);
        cure(
                1_000,
                55_000,
                () -> {
                    silenced = false;
                    standby.mute(false);
                });
    }

    private void follow() {
        if (standbyCluster(Map.of("host", "remote"))) {
            cluster.invariants().remote(true);
            cure(
                    1_000,
                    60_000,
                    () -> {
                        standbyCluster(Map.of());
                        cluster.invariants().remote(false);
                    });
        }
    }

    private boolean standbyCluster(Map<String, Object> section) {
        Optional<DynamicConfig> config = cluster.etcd().view().config();
        config.ifPresent(now -> {
            Map<String, Object> values = new LinkedHashMap<>(now.values());
            values.put("standby_cluster", section);
            cluster.etcd().put("config", values, 0);
        });
        return config.isPresent();
    }

    private void cut(String a, String b, boolean bothWays) {
        boolean there = bothWays || chance.happens(0.5);
        boolean back = bothWays || !there;
        if (there) {
            cluster.network().cut(a, b);
        }
        if (back) {
            cluster.network().cut(b, a);
        }
        cure(
                500,
                40_000,
                () -> {
                    if (there) {
                        cluster.network().mend(a, b);
                    }
                    if (back) {
                        cluster.network().mend(b, a);
                    }
                });
    }

    private void isolate(SimNode node) {
        List<String> others = new ArrayList<>(List.of(SimNetwork.STORE));
        cluster.nodes().stream()
                .map(SimNode::name)
                .filter(name -> !name.equals(node.name()))
                .forEach(others::add);
        for (String other : others) {
            cluster.network().cut(node.name(), other);
            cluster.network().cut(other, node.name());
        }
        cure(
                500,
                40_000,
                () -> {
                    for (String other : others) {
                        cluster.network().mend(node.name(), other);
                        cluster.network().mend(other, node.name());
                    }
                });
    }

    /**
     * Only while nothing else is wrong, and nothing else goes wrong for a while: a store that takes
     * leases back early, together with a cut between the members, leaves nobody who could tell.
     */
    private void revoke() {
        boolean quiet = cures.isEmpty() && cluster.ailment().isEmpty();
        if (quiet) {
            quietUntil = world.now() + cluster.scenario().ttl().multipliedBy(2).toNanos();
            cluster.etcd().revokeAll();
        }
    }

    /**
     * One at a time, and lost while all goes well: who was cut off meanwhile can't know better than
     * the backup.
     */
    private void restoreStore() {
        if (restores) {
            return;
        }
        restores = true;
        SimEtcd.Backup backup = cluster.etcd().backup();
        world.after(chance.millis(5_000, 40_000), () -> loseStore(backup));
    }

    private void loseStore(SimEtcd.Backup backup) {
        if (over) {
            return;
        }
        if (!cures.isEmpty() || cluster.ailment().isPresent()) {
            world.after(SimWorld.SECOND, () -> loseStore(backup));
            return;
        }
        cluster.etcd().stop();
        cure(
                500,
                40_000,
                () -> {
                    cluster.etcd().restore(backup);
                    cluster.etcd().resume(true);
                    restores = false;
                });
    }

    private void request(boolean switchover) {
        Optional<SimNode> leader = cluster.leader();
        if (leader.isEmpty()) {
            return;
        }
        Optional<MemberName> candidate =
                !switchover || chance.happens(0.5)
                        ? Optional.of(new MemberName(otherThan(leader.get())))
                        : Optional.empty();
        cluster.invariants().requested();
        cluster.etcd()
                .put(
                        "failover",
                        new FailoverRequest(
                                switchover
                                        ? Optional.of(new MemberName(leader.get().name()))
                                        : Optional.empty(),
                                candidate,
                                Optional.empty(),
                                0),
                        0);
    }
}
