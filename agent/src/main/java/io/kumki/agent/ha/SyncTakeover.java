package io.kumki.agent.ha;

import io.kumki.dcs.cluster.ClusterSettings.SynchronousMode;
import io.kumki.dcs.cluster.FailoverRequest;
import io.kumki.dcs.cluster.SyncState;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What a new leader does about synchronous replication before its server is promoted.
 *
 * <p>The old leader may still be writing to the key, and what it wrote last decides: a standby that
 * it took off the key may lack what it acknowledged since. So the new leader first writes the key
 * itself, comparing with the revision that it was elected by. From then on the old one's writes
 * fail, and it lets go of nobody whom it couldn't take off. If the old one was faster the new one's
 * write fails, and it looks again.
 *
 * <p>The new key names nobody but the new leader: no standby has confirmed anything to it yet.
 */
final class SyncTakeover {

    private SyncTakeover() {}

    /** Why this member may not be promoted although it has the leader key; empty if it may. */
    static Optional<String> barred(Situation s) {
        SyncState sync = s.cluster().sync();
        if (askedForByHand(s) || StoreTrust.commitsInDoubt(s) && onElectedKey(s)) {
            return Optional.empty();
        }
        if (StoreTrust.commitsInDoubt(s)) {
            return Optional.of(
                    "etcd was set back, and not all have shown that this member has every commit");
        }
        if (!Candidates.syncActive(s)) {
            return Optional.empty();
        }
        boolean leads = sync.leader().filter(s.me()::equals).isPresent();
        boolean alone = sync.syncQuorum() == 0 && sync.namesStandby(s.me());
        boolean elected =
                (Candidates.votesCount(s) || sync.namesStandby(s.me())) && onElectedKey(s);
        return leads || alone || elected
                ? Optional.empty()
                : Optional.of(
                        "the key \"sync\" doesn't let this member take over: it may lack"
                                + " acknowledged commits");
    }

    private static boolean onElectedKey(Situation s) {
        return s.memory().electedOn().equals(OptionalLong.of(s.cluster().sync().modRevision()));
    }

    /** A failover by hand may lose something, by the operator's will. */
    static boolean askedForByHand(Situation s) {
        FailoverRequest request = s.cluster().failover();
        return request.present()
                && !StoreTrust.isOld(s, request)
                && request.leader().isEmpty()
                && request.candidate().filter(s.me()::equals).isPresent();
    }

    /** In this order, before the promotion; each must succeed. */
    static List<Action> steps(Situation s) {
        List<Action> steps = new ArrayList<>();
        SyncState sync = s.cluster().sync();
        if (s.synchronousMode() == SynchronousMode.OFF) {
            if (sync.modRevision() != 0) {
                steps.add(new Action.DeleteSync(sync.modRevision()));
            }
        } else if (!onlyMine(s, sync)) {
            steps.add(SyncPlan.claim(s));
        }
        steps.add(new Action.SetSyncNames(SyncPlan.namesBeforePromotion(s)));
        return steps;
    }

    private static boolean onlyMine(Situation s, SyncState sync) {
        return sync.leader().filter(s.me()::equals).isPresent()
                && sync.standbys().isEmpty()
                && sync.syncQuorum() == 0;
    }
}
