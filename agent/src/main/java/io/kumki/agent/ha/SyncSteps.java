package io.kumki.agent.ha;

import java.util.Collection;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * From what the sync key promises and what the server demands to what is wanted, one safe step at a
 * time.
 *
 * <p>The key says who may take over: a voter V whom Q other voters (of all V and the leader) tell
 * that they have nothing beyond it. The server demands that n of S confirm a commit. So Q + 1 of V
 * have seen every acknowledged commit between them exactly if any Q + 1 of V and any n of S have
 * one in common, which is: {@code |V ∪ S| < Q + 1 + n}. That the key is <i>backed</i>. (The leader
 * as a voter has everything anyway.) With {@code synchronous_mode: on} n is |S| and Q is 0.
 *
 * <ol>
 *   <li>A key that the server doesn't back is cut down at once.
 *   <li>The server's demand changes only to one that backs the key as it is.
 *   <li>The key changes only to one that is backed by the demand in force. What was acknowledged
 *       before that demand counts too: it must be <i>settled</i>, that is, n of S have everything
 *       written before it came into force. A key that lets fewer take over needs no such proof.
 *   <li>If the next demand doesn't back the key, the key goes first to one that both back.
 * </ol>
 *
 * Each step is taken from what store and server say, never from what was asked for; so a crash
 * between any two of them leaves a backed key.
 */
final class SyncSteps {

    private SyncSteps() {}

    /**
     * The sync key of this leader.
     *
     * @param standbys who may take over beside the leader
     * @param quorum how many other voters must agree
     */
    record Key(int quorum, SortedSet<String> standbys) {
        static final Key EMPTY = new Key(0, set(List.of()));

        Key {
            standbys = set(standbys);
        }

        static Key of(int quorum, Collection<String> standbys) {
            return new Key(quorum, set(standbys));
        }
    }

    /** What to do next. */
    sealed interface Step {
        /** Write the key, if nobody else has. */
        record WriteKey(Key key) implements Step {}

        record Demand(SyncDemand demand) implements Step {}

        /** Nothing before the demand in force is settled. */
        record Settle() implements Step {}

        /** All is as wanted. */
        record Done() implements Step {}
    }

    /**
     * @param key as the store has it
     * @param inForce what the server says that it demands
     * @param settled whether {@code inForce.count()} of its names have everything that was written
     *     before it came into force
     * @param wanted where to go
     */
    static Step next(Key key, SyncDemand inForce, boolean settled, SyncDemand wanted) {
        if (!backs(inForce, key)) {
            return new Step.WriteKey(narrowed(key, inForce));
        }
        SyncDemand stage = stage(inForce, wanted);
        if (stage.equals(inForce)) {
            Key target = Key.of(stage.names().size() - stage.count(), stage.names());
            if (key.equals(target)) {
                return new Step.Done();
            }
            return settled ? new Step.WriteKey(target) : new Step.Settle();
        }
        if (backs(stage, key)) {
            return new Step.Demand(stage);
        }
        if (settled) {
            return new Step.WriteKey(bridge(inForce, stage));
        }
        return canSettle(inForce, wanted)
                ? new Step.Settle()
                : new Step.WriteKey(narrowed(key, inForce, stage));
    }

    /** Whether every group that the key lets take over shares a member with every commit's. */
    static boolean backs(SyncDemand demand, Key key) {
        return key.standbys().isEmpty()
                || key.quorum() + 1 + demand.count() > union(key.standbys(), demand.names()).size();
    }

    /** Who is gone leaves before anybody new comes in: the key stays larger meanwhile. */
    private static SyncDemand stage(SyncDemand inForce, SyncDemand wanted) {
        SortedSet<String> kept = common(inForce.names(), wanted.names());
        if (kept.isEmpty()
                || kept.size() == inForce.names().size()
                || kept.size() == wanted.names().size()) {
            return wanted;
        }
        int count =
                wanted.kind() == SyncDemand.Kind.ANY
                        ? Math.min(wanted.count(), kept.size())
                        : kept.size();
        return SyncDemand.of(wanted.kind(), count, kept);
    }

    /** Those who are wanted on are there, so they will have caught up soon. */
    private static boolean canSettle(SyncDemand inForce, SyncDemand wanted) {
        return inForce.count() > 0
                && common(inForce.names(), wanted.names()).size() >= inForce.count();
    }

    /** The largest key that both back; the demand in force is settled. */
    private static Key bridge(SyncDemand inForce, SyncDemand stage) {
        boolean votes = stage.kind() == SyncDemand.Kind.ANY;
        for (SortedSet<String> voters :
                List.of(stage.names(), common(inForce.names(), stage.names()))) {
            int quorum = Math.max(needed(inForce, voters), needed(stage, voters));
            if (quorum < voters.size() && (votes || quorum == 0)) {
                return new Key(quorum, voters);
            }
        }
        return Key.EMPTY;
    }

    /** At most as many may take over as before, and all these demands back it. */
    private static Key narrowed(Key key, SyncDemand... demands) {
        SortedSet<String> voters = set(key.standbys());
        int quorum = key.quorum();
        for (SyncDemand demand : demands) {
            voters = common(voters, demand.names());
        }
        for (SyncDemand demand : demands) {
            quorum = Math.max(quorum, needed(demand, voters));
        }
        return quorum < voters.size() ? new Key(quorum, voters) : Key.EMPTY;
    }

    private static int needed(SyncDemand demand, SortedSet<String> voters) {
        return Math.max(0, union(voters, demand.names()).size() - demand.count());
    }

    private static SortedSet<String> union(SortedSet<String> a, SortedSet<String> b) {
        SortedSet<String> all = set(a);
        all.addAll(b);
        return all;
    }

    private static SortedSet<String> common(SortedSet<String> a, SortedSet<String> b) {
        SortedSet<String> both = set(a);
        both.removeIf(name -> !b.contains(name));
        return both;
    }

    private static SortedSet<String> set(Collection<String> names) {
        SortedSet<String> all = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
        all.addAll(names);
        return all;
    }
}
