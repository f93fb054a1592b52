package io.kumki.agent.chaos;

import io.kumki.agent.chaos.Hosts.Direction;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Brings planned faults about on the real hosts. */
final class Faults {

    private static final Duration STOP_LIMIT = Duration.ofSeconds(60);

    /**
     * A fault that was brought about.
     *
     * @param text what and where
     * @param heal ends it
     */
    record Injected(String text, Runnable heal) {}

    private final ChaosCluster cluster;
    private final Hosts hosts;
    private final Consumer<String> say;

    /**
     * @param say takes what is worth a line while a fault is ended
     */
    Faults(ChaosCluster cluster, Consumer<String> say) {
        this.cluster = cluster;
        this.say = say;
        this.hosts = cluster.hosts;
    }

    Injected inject(Plan plan) {
        return switch (plan.kind()) {
            case CUT_FROM_ETCD -> cut(node(plan), ChaosEtcd.NAMES, "etcd", plan.direction());
            case CUT_FROM_REPLICAS -> {
                ChaosNode node = node(plan);
                yield cut(node, otherNodes(node), "the other nodes", plan.direction());
            }
            case CUT_FROM_BOTH -> {
                ChaosNode node = node(plan);
                List<String> peers = new ArrayList<>(otherNodes(node));
                peers.addAll(ChaosEtcd.NAMES);
                yield cut(node, peers, "the other nodes and etcd", plan.direction());
            }
            case UNPLUG -> {
                String host = node(plan).name;
                hosts.unplug(host);
                yield new Injected(
                        "unplug " + host + ", from its clients too", () -> hosts.plug(host));
            }
            case LOSE_PACKETS -> {
                String host = node(plan).name;
                hosts.lose(host, "0.25", true);
                yield new Injected(
                        host + " loses 25 % of what it is sent",
                        () -> hosts.lose(host, "0.25", false));
            }
            case CUT_ETCD_MEMBER -> cutEtcd(etcd(plan), plan.direction());
            case FREEZE_AGENT -> {
                ChaosNode node = node(plan);
                yield freeze(node.agent().map(Process::pid), "agent of " + node.name);
            }
            case FREEZE_POSTMASTER -> {
                ChaosNode node = node(plan);
                yield freeze(node.postmaster(), "postmaster of " + node.name);
            }
            case FREEZE_ETCD -> {
                ChaosEtcd member = etcd(plan);
                yield freeze(member.pid(), "etcd member " + member.name);
            }
            case FREEZE_HOST -> {
                String host = node(plan).name;
                hosts.freeze(host);
                yield new Injected(
                        "freeze everything on " + host + " (SIGSTOP)", () -> hosts.thaw(host));
            }
            case KILL_AGENT -> endAgent(node(plan), "KILL");
            case KILL_POSTMASTER -> {
                ChaosNode node = node(plan);
                yield signal("KILL", node.postmaster(), "the postmaster of " + node.name);
            }
            case KILL_BACKEND -> {
                ChaosNode node = node(plan);
                yield signal("KILL", node.backend(), "a client's server process of " + node.name);
            }
            case KILL_GUARD -> {
                ChaosNode node = node(plan);
                yield signal("KILL", node.guard(), "the lease guard of " + node.name);
            }
            case KILL_ETCD -> endEtcd(List.of(etcd(plan)), "KILL");
            case KILL_ALL_ETCD -> endEtcd(cluster.etcd, "KILL");
            case POWER_OFF -> powerOff(node(plan));
            case RESTART_AGENT -> endAgent(node(plan), "TERM");
            case RESTART_POSTMASTER -> {
                ChaosNode node = node(plan);
                yield signal("INT", node.postmaster(), "the postmaster of " + node.name);
            }
            case RESTART_ETCD -> endEtcd(List.of(etcd(plan)), "TERM");
            case SWITCHOVER -> switchover();
        };
    }

    private ChaosNode node(Plan plan) {
        ChaosNode picked = cluster.nodes.get(plan.pick() % cluster.nodes.size());
        return plan.atPrimary() ? cluster.leader().orElse(picked) : picked;
    }

    private ChaosEtcd etcd(Plan plan) {
        ChaosEtcd picked = cluster.etcd.get(plan.pick() % cluster.etcd.size());
        return plan.atPrimary()
                ? cluster.etcd.stream().filter(ChaosEtcd::leads).findFirst().orElse(picked)
                : picked;
    }

    private List<String> otherNodes(ChaosNode node) {
        return cluster.others(node).stream().map(other -> other.name).toList();
    }

    private Injected cut(ChaosNode node, List<String> peers, String what, Direction direction) {
        hosts.cut(node.name, peers, direction);
        return new Injected(
                "cut %s from %s%s".formatted(node.name, what, ways(direction)),
                () -> hosts.heal(node.name, peers, direction));
    }

    private Injected cutEtcd(ChaosEtcd member, Direction direction) {
        List<String> peers = new ArrayList<>(ChaosEtcd.NAMES);
        peers.remove(member.name);
        cluster.nodes.forEach(node -> peers.add(node.name));
        hosts.cut(member.name, peers, direction);
        return new Injected(
                "cut etcd member %s from all%s".formatted(member.name, ways(direction)),
                () -> hosts.heal(member.name, peers, direction));
    }

    private static String ways(Direction direction) {
        return switch (direction) {
            case IN -> ", one way: it hears nothing";
            case OUT -> ", one way: it isn't heard";
            case BOTH -> ", both ways";
        };
    }

    private static Injected freeze(Optional<Long> pid, String what) {
        if (pid.isEmpty()) {
            return new Injected("freeze the " + what + ": it doesn't run", () -> {});
        }
        Hosts.signal("STOP", pid.get());
        return new Injected(
                "freeze the %s (SIGSTOP %d)".formatted(what, pid.get()),
                () -> Hosts.signal("CONT", pid.get()));
    }

    private static Injected signal(String signal, Optional<Long> pid, String what) {
        if (pid.isEmpty()) {
            return new Injected("SIG" + signal + " to " + what + ": it doesn't run", () -> {});
        }
        Hosts.signal(signal, pid.get());
        return new Injected("SIG%s to %s (%d)".formatted(signal, what, pid.get()), () -> {});
    }

    /** Ended, and started again when the fault is over. */
    private Injected endAgent(ChaosNode node, String signal) {
        node.down = true;
        node.agent().filter(Process::isAlive).ifPresent(a -> Hosts.signal(signal, a.pid()));
        return new Injected(
                "SIG%s to the agent of %s".formatted(signal, node.name),
                () -> {
                    awaitEnd(node);
                    startAgain(node);
                });
    }

    /** As systemd: killed when it takes too long. Another fault may have frozen it. */
    private void awaitEnd(ChaosNode node) {
        Process agent = node.agent().orElseThrow();
        try {
            Hosts.signal("CONT", agent.pid());
            if (!agent.waitFor(STOP_LIMIT.toSeconds(), TimeUnit.SECONDS)) {
                say.accept(
                        "the agent of %s doesn't end within %d s; killed"
                                .formatted(node.name, STOP_LIMIT.toSeconds()));
                agent.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    private static void startAgain(ChaosNode node) {
        node.down = false;
        node.start();
    }

    private Injected powerOff(ChaosNode node) {
        node.down = true;
        hosts.powerOff(node.name);
        return new Injected(
                "power off " + node.name + " (all SIGKILL)",
                () -> {
                    awaitEnd(node);
                    startAgain(node);
                });
    }

    private static Injected endEtcd(List<ChaosEtcd> members, String signal) {
        Map<ChaosEtcd, Long> ended = new LinkedHashMap<>();
        for (ChaosEtcd member : members) {
            member.pid().ifPresent(pid -> ended.put(member, pid));
        }
        ended.values().forEach(pid -> Hosts.signal(signal, pid));
        String names = String.join(", ", members.stream().map(member -> member.name).toList());
        return new Injected(
                "SIG%s to etcd member %s".formatted(signal, names),
                () ->
                        ended.forEach((member, pid) -> {
                            Hosts.signal("CONT", pid); // another fault may have frozen it
                            ChaosCluster.await(
                                    STOP_LIMIT, () -> !member.pid().equals(Optional.of(pid)));
                            member.start();
                        }));
    }

    private Injected switchover() {
        Optional<ChaosNode> leader = cluster.leader();
        if (leader.isEmpty()) {
            return new Injected("switchover: nobody leads", () -> {});
        }
        String answer = leader.get().switchover(leader.get().name);
        return new Injected(
                "switchover from %s: %s"
                        .formatted(leader.get().name, answer.toLowerCase(Locale.ROOT)),
                () -> {});
    }
}
