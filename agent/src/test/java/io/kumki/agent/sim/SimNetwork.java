package io.kumki.agent.sim;

import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The network between the machines, and between them and the store. A link is one-way and can be
 * cut by several faults at once; messages can be lost or late.
 */
final class SimNetwork {

    /** The store's place. */
    static final String STORE = "etcd";

    private final SimWorld world;
    private final Chance chance;
    private final SortedMap<String, Integer> cuts = new TreeMap<>();
    private final SortedMap<String, Long> changed = new TreeMap<>();
    private double loss;
    private double late;
    private long lastDisturbed = Long.MIN_VALUE / 2;

    SimNetwork(SimWorld world, Chance chance) {
        this.world = world;
        this.chance = chance;
    }

    void cut(String from, String to) {
        cuts.merge(from + ">" + to, 1, Integer::sum);
        touch(from, to);
    }

    void mend(String from, String to) {
        cuts.merge(from + ">" + to, -1, (a, b) -> a + b == 0 ? null : a + b);
        touch(from, to);
    }

    private void touch(String from, String to) {
        changed.put(from + ">" + to, world.now());
        world.trace(() -> "network " + from + " > " + to + (open(from, to) ? " open" : " cut"));
    }

    boolean open(String from, String to) {
        return cuts.isEmpty() || !cuts.containsKey(from + ">" + to);
    }

    boolean openBothWays(String a, String b) {
        return open(a, b) && open(b, a);
    }

    /** Since when the link in both directions is as it is. */
    long stableSince(String a, String b) {
        long there = changed.getOrDefault(a + ">" + b, Long.MIN_VALUE / 2);
        long back = changed.getOrDefault(b + ">" + a, Long.MIN_VALUE / 2);
        return Math.max(lastDisturbed, Math.max(there, back));
    }

    /** Messages are lost, and late, with these probabilities. */
    void disturb(double lossProbability, double lateProbability) {
        loss = lossProbability;
        late = lateProbability;
        lastDisturbed = world.now();
        world.trace(() -> "network loses " + loss + ", delays " + late);
    }

    boolean disturbed() {
        return loss > 0 || late > 0;
    }

    /** Sends a message: {@code arrival} happens, unless the message is lost. */
    void send(String from, String to, SimWorld.Owner receiver, Runnable arrival) {
        long delay = delay();
        boolean lost = loss > 0 && chance.happens(loss);
        if (!lost && open(from, to)) {
            world.after(delay, receiver, arrival);
        }
    }

    private long delay() {
        return late > 0 && chance.happens(late)
                ? chance.millis(200, 6_000)
                : chance.millis(0, 3) + 200_000;
    }
}
