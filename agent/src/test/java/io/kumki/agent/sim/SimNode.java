package io.kumki.agent.sim;

import io.kumki.agent.ha.Decision;
import io.kumki.agent.ha.Situation;
import io.kumki.agent.node.Guard;
import io.kumki.agent.node.Guards;
import io.kumki.agent.node.HaLoop;
import io.kumki.agent.node.LoopParts;
import io.kumki.agent.watchdog.Watchdog;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A machine with a PostgreSQL and, most of the time, an agent. */
final class SimNode {

    private final String name;
    private final SimWorld world;
    private final Parts parts;
    private final SimClock.Rate rate;
    private final Machine machine = new Machine();
    private final SimServer server;
    private final Replication replication;
    private final SimCommits commits = new SimCommits(this);
    private final LeaseGuard guard;
    private final SimWatchdog watchdog = new SimWatchdog(this);
    private @Nullable Agent agent;
    private long steadySince;
    private String lastRule = "";
    private long decidedAt = -1;

    /** What all nodes of a world share. */
    record Parts(
            SimWorld world,
            SimNetwork network,
            SimEtcd etcd,
            Scenario scenario,
            Cluster cluster,
            Function<Situation, Decision> rules) {}

    SimNode(String name, Parts parts, Chance chance) {
        this.name = name;
        this.world = parts.world();
        this.parts = parts;
        this.rate =
                new SimClock.Rate(
                        (long) chance.between(-1e15, 1e15), 1e9 * chance.between(0.998, 1.002));
        this.server = new SimServer(world, this);
        this.replication =
                new Replication(
                        world,
                        parts.network(),
                        chance.fork(),
                        server,
                        other -> parts.cluster().server(other));
        this.guard = new LeaseGuard(this);
        this.pgChance = chance.fork();
        this.storeChance = chance.fork();
    }

    private final Chance pgChance;
    private final Chance storeChance;

    /** Owns what runs on the machine whoever started it. */
    static final class Machine implements SimWorld.Owner {
        private final List<SimWorld.Event> deferred = new ArrayList<>();
        private boolean frozen;
        private boolean down;

        @Override
        public boolean gone() {
            return down;
        }

        boolean down() {
            return down;
        }

        @Override
        public boolean frozen() {
            return frozen;
        }

        @Override
        public void defer(SimWorld.Event event) {
            deferred.add(event);
        }
    }

    /** One process of the agent. */
    final class Agent implements SimWorld.Owner {
        private final List<SimWorld.Event> deferred = new ArrayList<>();
        private boolean dead;
        private boolean hung;
        private boolean stopping;
        private @Nullable HaLoop loop;

        @Override
        public boolean gone() {
            return dead;
        }

        @Override
        public boolean frozen() {
            return hung || machine.frozen;
        }

        @Override
        public void defer(SimWorld.Event event) {
            deferred.add(event);
        }

        /** Runs and turns. */
        boolean works() {
            return !dead && !frozen();
        }
    }

    String name() {
        return name;
    }

    Machine machine() {
        return machine;
    }

    SimServer server() {
        return server;
    }

    SimCommits commits() {
        return commits;
    }

    Replication replication() {
        return replication;
    }

    LeaseGuard guard() {
        return guard;
    }

    SimClock.Rate rate() {
        return rate;
    }

    Parts parts() {
        return parts;
    }

    SimWorld world() {
        return world;
    }

    @Nullable Agent agent() {
        return agent;
    }

    boolean agentWorks() {
        return agent != null && agent.works();
    }

    @Nullable HaLoop loop() {
        return agent == null || agent.dead ? null : agent.loop;
    }

    /** Since when nothing happened to machine and agent. */
    long steadySince() {
        return steadySince;
    }

    /** Whether the agent works, and has decided something since it began, or went on, to do so. */
    boolean looksAfterItself() {
        return agentWorks() && decidedAt >= steadySince;
    }

    /** The rule that decided last. */
    String lastRule() {
        return lastRule;
    }

    // ---- what can happen to it

    void startAgent() {
        if (machine.down || agent != null && !agent.dead) {
            return;
        }
        steadySince = world.now();
        Agent fresh = new Agent();
        agent = fresh;
        server.forgetListeners();
        SimClock clock = new SimClock(world, fresh, rate);
        SimStore store = new SimStore(this, fresh, clock, storeChance.fork());
        HaLoop loop =
                new HaLoop(
                        new LoopParts(
                                "sim",
                                new SimConfig(parts.scenario(), name),
                                store,
                                new SimPostgres(this, fresh, pgChance.fork()),
                                new SimPeers(this, fresh, clock),
                                guardOf(clock),
                                clock,
                                s -> decide(s),
                                exit -> ended(fresh, exit.reason())));
        fresh.loop = loop;
        world.trace(() -> name + " agent starts");
        world.after(0, fresh, loop::start);
    }

    /** The lease guard of the simulation needs no telling. */
    private Guard guardOf(SimClock clock) {
        return watchdog.installed()
                ? new Guards(
                        Guard.NONE,
                        new Watchdog(watchdog.settings(), _ -> Optional.of(watchdog), clock::nanos))
                : Guard.NONE;
    }

    private Decision decide(Situation s) {
        Decision decision = parts.rules().apply(s);
        lastRule = decision.rule();
        decidedAt = world.now();
        world.trace(() ->
                name
                        + " "
                        + decision.rule()
                        + ": "
                        + decision.reason()
                        + " ["
                        + s.server()
                                .answer()
                                .map(answer -> answer.getClass().getSimpleName())
                                .orElse("silent")
                        + " "
                        + s.server().postmaster()
                        + ", "
                        + s.leaseLeft().toMillis()
                        + " ms of lease]"
                        + (decision.actions().isEmpty() ? "" : " -> " + decision.actions()));
        return decision;
    }

    private void ended(Agent which, String reason) {
        world.trace(() -> name + " agent ends: " + reason);
        if (which.loop != null) {
            which.loop.endGuard();
        }
        kill(which);
        world.after(parts.scenario().supervisorPause(), this::startAgent);
    }

    /** Asks the agent to end cleanly. */
    void stopAgent() {
        if (agent != null && agent.loop != null && agent.works()) {
            world.trace(() -> name + " agent is asked to end");
            agent.stopping = true;
            agent.loop.requestShutdown();
        }
    }

    boolean stopping() {
        return agent != null && agent.stopping;
    }

    private void kill(Agent which) {
        if (!which.dead) {
            which.dead = true;
            steadySince = world.now();
            if (which.loop != null) {
                which.loop.stop();
            }
        }
    }

    void killAgent() {
        if (agent != null && !agent.dead) {
            world.trace(() -> name + " agent killed");
            kill(agent);
        }
    }

    /** The agent hangs; its server goes on. */
    void hangAgent() {
        if (agent != null && !agent.dead && !agent.hung) {
            world.trace(() -> name + " agent hangs");
            agent.hung = true;
            steadySince = world.now();
        }
    }

    void wakeAgent() {
        if (agent != null && agent.hung) {
            world.trace(() -> name + " agent goes on");
            agent.hung = false;
            steadySince = world.now();
            releaseAgent(agent);
        }
    }

    private void releaseAgent(Agent which) {
        if (!which.dead && !which.frozen()) {
            List<SimWorld.Event> waiting = List.copyOf(which.deferred);
            which.deferred.clear();
            world.release(waiting);
        }
    }

    void freeze() {
        if (!machine.frozen && !machine.down) {
            world.trace(() -> name + " machine freezes");
            machine.frozen = true;
            steadySince = world.now();
        }
    }

    /** The guard looks first, before anything that waited. */
    void thaw() {
        if (!machine.frozen) {
            return;
        }
        world.trace(() -> name + " machine goes on");
        machine.frozen = false;
        steadySince = world.now();
        guard.look();
        List<SimWorld.Event> waiting = List.copyOf(machine.deferred);
        machine.deferred.clear();
        world.release(waiting);
        if (agent != null) {
            releaseAgent(agent);
        }
    }

    void crash() {
        if (machine.down) {
            return;
        }
        world.trace(() -> name + " machine crashes");
        machine.frozen = false;
        machine.deferred.clear();
        if (agent != null) {
            kill(agent);
        }
        server.forgetListeners();
        server.gone();
        watchdog.off();
        machine.down = true;
        steadySince = world.now();
    }

    void boot() {
        if (machine.down) {
            world.trace(() -> name + " machine boots");
            machine.down = false;
            steadySince = world.now();
            startAgent();
        }
    }
}
