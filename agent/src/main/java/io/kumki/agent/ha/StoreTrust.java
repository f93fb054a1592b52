package io.kumki.agent.ha;

import io.kumki.dcs.cluster.ClusterSettings.SynchronousMode;
import io.kumki.dcs.cluster.FailoverRequest;
import io.kumki.dcs.cluster.Leadership;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.dcs.cluster.SyncState;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Whether the store may say what was true long ago. Revisions only grow (etcd: "API guarantees"),
 * so one that is smaller than what this member has seen comes from an etcd that was restored from a
 * backup, or that lost its data: its leader key may name anybody, and its sync key somebody who
 * lacks acknowledged commits.
 *
 * @param revision the last one seen
 * @param syncRevision the sync key's last one seen; 0 without such a key
 * @param doubt what is not to be believed
 */
public record StoreTrust(long revision, long syncRevision, Optional<Doubt> doubt) {

    /** No member has this name. */
    static final MemberName NOBODY = new MemberName("(etcd was set back)");

    static final StoreTrust FRESH = new StoreTrust(0, 0, Optional.empty());

    /**
     * @param upTo keys that were written later are to be believed again
     * @param known who was a member before
     * @param commitsWaited whether commits waited for standbys then
     */
    public record Doubt(long upTo, SortedMap<MemberName, Member> known, boolean commitsWaited) {
        public Doubt {
            known = Collections.unmodifiableSortedMap(new TreeMap<>(known));
        }
    }

    static StoreTrust refresh(Situation s) {
        StoreTrust before = s.memory().storeTrust();
        long revision = s.cluster().revision();
        if (s.etcdSilent() || revision == 0) {
            return before;
        }
        long sync = s.cluster().sync().modRevision();
        boolean wentBack = revision < before.revision || sync != 0 && sync < before.syncRevision;
        Optional<Doubt> doubt =
                wentBack
                        ? Optional.of(doubt(s, before, revision))
                        : before.doubt.filter(now -> !isOver(s, now));
        return new StoreTrust(revision, sync, doubt);
    }

    private static Doubt doubt(Situation s, StoreTrust before, long revision) {
        SortedMap<MemberName, Member> known = new TreeMap<>();
        s.memory().lastLocked().ifPresent(last -> known.putAll(last.members()));
        before.doubt.ifPresent(earlier -> known.putAll(earlier.known));
        boolean waited =
                before.syncRevision != 0 || before.doubt.filter(Doubt::commitsWaited).isPresent();
        return new Doubt(revision, known, waited);
    }

    /** Only who leads writes the sync key; where there is none, a new lead shows it. */
    private static boolean isOver(Situation s, Doubt doubt) {
        SyncState sync = s.cluster().sync();
        return sync.modRevision() == 0
                ? s.cluster().leadership() instanceof Leadership.Held held
                        && held.createRevision() > doubt.upTo
                : sync.modRevision() > doubt.upTo && !isMarked(sync);
    }

    /** Whether nobody can tell by the sync key who has every acknowledged commit. */
    static boolean commitsInDoubt(Situation s) {
        boolean waited =
                s.memory()
                        .storeTrust()
                        .doubt
                        .filter(doubt ->
                                doubt.commitsWaited || s.synchronousMode() != SynchronousMode.OFF)
                        .isPresent();
        return waited || isMarked(s.cluster().sync());
    }

    /**
     * The sync key in which nobody may take over, for those who can't know: agents that are started
     * later, and members that slept. Empty if it is written, or this member leads and will write
     * the key itself.
     */
    static Optional<Action> mark(Situation s) {
        boolean leads = s.iHoldKey() && s.server().primary();
        if (leads || !commitsInDoubt(s) || isMarked(s.cluster().sync())) {
            return Optional.empty();
        }
        return Optional.of(
                new Action.WriteSync(
                        new SyncState(Optional.of(NOBODY), 0, List.of(), 0),
                        s.cluster().sync().modRevision()));
    }

    private static boolean isMarked(SyncState sync) {
        return sync.leader().equals(Optional.of(NOBODY));
    }

    /** Whether the leader key, which names this member, is one that it has not taken itself. */
    static boolean leadIsOld(Situation s) {
        return s.cluster().leadership() instanceof Leadership.Held held
                && isOld(s, held.createRevision());
    }

    static boolean isOld(Situation s, FailoverRequest request) {
        return request.present() && isOld(s, request.modRevision());
    }

    private static boolean isOld(Situation s, long revision) {
        return s.memory().storeTrust().doubt.filter(doubt -> revision <= doubt.upTo).isPresent();
    }
}
