package io.kumki.agent.sim;

import io.kumki.agent.ha.Decision;
import io.kumki.agent.ha.Rules;
import io.kumki.agent.ha.Situation;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * One seed: the cluster comes up, faults happen, all of them end, and the cluster must become whole
 * again within a bound. The {@link Invariants} must hold all along.
 */
final class Simulation {

    /** Without faults a cluster is complete by then. */
    private static final long SETTLING = 120 * SimWorld.SECOND;

    /** So long the cluster must stay whole to count as whole. */
    private static final int WHOLE_SECONDS = 3;

    /** Five seconds of patience, and the steps by which another standby comes into duty. */
    private static final Duration MOVED_WITHIN = Duration.ofSeconds(8);

    private Simulation() {}

    /**
     * How a seed ended.
     *
     * @param violation empty if all held
     * @param trace empty unless asked for
     */
    record Result(
            long seed,
            Optional<String> violation,
            List<String> trace,
            int events,
            double virtualSeconds,
            String summary) {}

    /** What the drawn scenarios of a run have in common. */
    enum Mode {
        PLAIN,
        /** The cluster now and then is a standby cluster. */
        REMOTE,
        FAILSAFE,
        /** Commits wait for standbys. */
        SYNC,
        /** Primaries remove log that standbys need. */
        GONE,
        /** Commits wait for standbys, and etcd is restored from backups. */
        RESTORED,
        /** Standbys fall silent, and nothing else happens: commits must flow. */
        SILENT;

        private Scenario of(Scenario drawn, long seed) {
            return switch (this) {
                case PLAIN -> drawn;
                case SYNC -> drawn.withSync(seed);
                case RESTORED -> drawn.withRestoredStore(seed);
                case REMOTE -> drawn.withRemote();
                case FAILSAFE -> drawn.withFailsafe();
                case GONE -> drawn.withGoneLog();
                case SILENT -> drawn.withSilentStandbys();
            };
        }
    }

    static Result run(long seed, boolean traced) {
        return run(seed, traced, Mode.PLAIN);
    }

    static Result run(long seed, boolean traced, Mode mode) {
        return run(seed, traced, mode, Rules::decide);
    }

    /**
     * @param rules the real ones, but in tests of the simulation itself
     */
    static Result run(long seed, boolean traced, Mode mode, Function<Situation, Decision> rules) {
        SimWorld world = new SimWorld(traced);
        Chance chance = new Chance(seed);
        Scenario scenario = mode.of(Scenario.draw(chance.fork()), seed);
        world.trace(() -> "seed " + seed + " " + scenario);
        Cluster cluster = new Cluster(world, scenario, chance.fork(), rules);
        Chance beginnings = chance.fork();
        Faults faults = new Faults(cluster, chance.fork());
        Writers writers = new Writers(cluster, chance.fork());
        try (DefectWatch _ = DefectWatch.of(world)) {
            for (SimNode node : cluster.nodes()) {
                world.after(beginnings.millis(0, 2_000), node::startAgent);
            }
            awaitWhole(cluster, SETTLING, "at the beginning");
            writers.begin();
            faults.begin();
            if (mode == Mode.SILENT) {
                cluster.invariants()
                        .commitsFlowWithin(
                                scenario.settings()
                                        .timing()
                                        .loopWait()
                                        .multipliedBy(2)
                                        .plus(MOVED_WITHIN));
            }
            world.runUntil(world.now() + scenario.faultPhase());
            if (world.violation().isEmpty()) {
                faults.end();
                if (mode == Mode.RESTORED) {
                    faults.operatorLooksAfterVacancies();
                }
                awaitWhole(cluster, scenario.recoveryBound(), "after the faults");
            }
        }
        return new Result(
                seed,
                world.violation(),
                world.lines(),
                world.events(),
                world.now() / 1e9,
                cluster.invariants().summary());
    }

    private static void awaitWhole(Cluster cluster, long bound, String when) {
        SimWorld world = cluster.world();
        long end = world.now() + bound;
        int whole = 0;
        while (world.violation().isEmpty() && whole < WHOLE_SECONDS) {
            if (world.now() >= end) {
                world.violate(
                        "the cluster isn't whole "
                                + bound / SimWorld.SECOND
                                + " s "
                                + when
                                + ": "
                                + cluster.ailment().orElse("it flaps"));
            }
            world.runUntil(world.now() + SimWorld.SECOND);
            whole = cluster.ailment().isEmpty() ? whole + 1 : 0;
        }
    }
}
