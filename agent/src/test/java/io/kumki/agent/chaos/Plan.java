package io.kumki.agent.chaos;

import io.kumki.agent.chaos.Hosts.Direction;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * One fault as drawn from the seed, before it is known who leads when its turn comes.
 *
 * @param atPrimary whether the primary's host is meant; else the one that {@code pick} chooses
 * @param pick chooses a host where several come into question
 */
record Plan(Kind kind, boolean atPrimary, int pick, Direction direction, Duration hold) {

    /** What can happen; the number says how often, compared with the others. */
    enum Kind {
        CUT_FROM_ETCD(10),
        CUT_FROM_REPLICAS(10),
        CUT_FROM_BOTH(10),
        UNPLUG(5),
        LOSE_PACKETS(4),
        CUT_ETCD_MEMBER(3),
        FREEZE_AGENT(8),
        FREEZE_POSTMASTER(5),
        FREEZE_ETCD(3),
        FREEZE_HOST(5),
        KILL_AGENT(6),
        KILL_POSTMASTER(6),
        KILL_BACKEND(3),
        KILL_GUARD(3),
        KILL_ETCD(3),
        KILL_ALL_ETCD(2),
        POWER_OFF(7),
        RESTART_AGENT(4),
        RESTART_POSTMASTER(4),
        RESTART_ETCD(2),
        SWITCHOVER(5);

        final int weight;

        Kind(int weight) {
            this.weight = weight;
        }

        /** Whether nothing is left to end: the next fault needn't wait long. */
        boolean momentary() {
            return switch (this) {
                case KILL_POSTMASTER, KILL_BACKEND, KILL_GUARD, RESTART_POSTMASTER, SWITCHOVER ->
                        true;
                case CUT_FROM_ETCD,
                        CUT_FROM_REPLICAS,
                        CUT_FROM_BOTH,
                        UNPLUG,
                        LOSE_PACKETS,
                        CUT_ETCD_MEMBER,
                        FREEZE_AGENT,
                        FREEZE_POSTMASTER,
                        FREEZE_ETCD,
                        FREEZE_HOST,
                        KILL_AGENT,
                        KILL_ETCD,
                        KILL_ALL_ETCD,
                        POWER_OFF,
                        RESTART_AGENT,
                        RESTART_ETCD ->
                        false;
            };
        }
    }

    private static final List<Direction> DIRECTIONS = List.of(Direction.values());

    /** How often the primary's host is meant. */
    private static final double AT_PRIMARY = 0.7;

    /** How often two faults come at once. */
    private static final double PAIR = 0.25;

    /**
     * The faults of one round: one, sometimes two at once.
     *
     * @param mode a frozen host is no fault of the asynchronous mode: nothing on it can know, when
     *     it wakes, that its time is over before a client's request that lay in the socket is
     *     answered; only a watchdog or a standby's missing confirmation help there
     */
    static List<Plan> draw(Random random, Mode mode) {
        List<Plan> plans = new ArrayList<>();
        plans.add(one(random, mode));
        if (random.nextDouble() < PAIR) {
            plans.add(one(random, mode));
        }
        return plans;
    }

    private static Plan one(Random random, Mode mode) {
        Kind kind = kind(random);
        while (mode == Mode.ASYNC && kind == Kind.FREEZE_HOST) {
            kind = kind(random);
        }
        Direction direction = DIRECTIONS.get(random.nextInt(DIRECTIONS.size()));
        return new Plan(
                kind,
                random.nextDouble() < AT_PRIMARY,
                random.nextInt(Integer.MAX_VALUE),
                direction,
                hold(random, kind.momentary()));
    }

    private static Kind kind(Random random) {
        int total = 0;
        for (Kind kind : Kind.values()) {
            total += kind.weight;
        }
        int left = random.nextInt(total);
        for (Kind kind : Kind.values()) {
            left -= kind.weight;
            if (left < 0) {
                return kind;
            }
        }
        throw new IllegalStateException("weights don't add up");
    }

    /** Below a loop's turn, below the lease's length of 10 s, and above it. */
    private static Duration hold(Random random, boolean momentary) {
        double kind = random.nextDouble();
        double part = random.nextDouble();
        double seconds;
        if (momentary) {
            seconds = 0.1 + 3 * part;
        } else if (kind < 0.25) {
            seconds = 0.1 + 2 * part;
        } else if (kind < 0.7) {
            seconds = 2 + 8 * part;
        } else {
            seconds = 10 + 12 * part;
        }
        return Duration.ofMillis((long) (seconds * 1000));
    }
}
