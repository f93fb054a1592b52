package io.kumki.agent.ha;

import io.kumki.dcs.cluster.ClusterSettings.SynchronousMode;
import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.DynamicConfig;
import io.kumki.dcs.cluster.FailoverRequest;
import io.kumki.dcs.cluster.Leadership;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.dcs.cluster.SyncState;
import java.time.Duration;
import java.util.Collections;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Whether the store may say what was true long ago. Revisions only grow (etcd: "API guarantees"),
 * so one that is smaller than what this member has seen comes from an etcd that was restored from a
 * backup, or that lost its data: its leader key may name anybody, and its sync key somebody who
 * lacks acknowledged commits. Each key's own revision is looked at, too: {@code etcdutl snapshot
 * restore --bump-revision} lets the store's go on.
 *
 * @param seen what the store said last
 * @param ttl that was in force then
 * @param doubt what is not to be believed
 */
public record StoreTrust(ClusterView seen, Duration ttl, Optional<Doubt> doubt) {

    static final StoreTrust FRESH =
            new StoreTrust(ClusterView.EMPTY, Duration.ZERO, Optional.empty());

    /**
     * @param upTo keys that were written later are to be believed again
     * @param sinceNanos when it arose
     * @param ttl so long who led by the lost store may go on leading
     * @param known who was a member before
     * @param commitsWaited whether commits waited for standbys then
     */
    public record Doubt(
            long upTo,
            long sinceNanos,
            Duration ttl,
            SortedMap<MemberName, Member> known,
            boolean commitsWaited) {
        public Doubt {
            known = Collections.unmodifiableSortedMap(new TreeMap<>(known));
        }
    }

    static StoreTrust refresh(Situation s) {
        StoreTrust before = s.memory().storeTrust();
        ClusterView now = s.cluster();
        if (s.etcdSilent() || now.revision() == 0) {
            return before;
        }
        Optional<Doubt> doubt =
                before.wentBack(now)
                        ? Optional.of(before.doubt(s))
                        : before.doubt.filter(known -> !isOver(s, known));
        return new StoreTrust(now, s.settings().timing().ttl(), doubt);
    }

    private boolean wentBack(ClusterView now) {
        return now.revision() < seen.revision()
                || isOlder(now.sync().modRevision(), seen.sync().modRevision())
                || isOlder(created(now), created(seen))
                || isOlder(written(now), written(seen));
    }

    /** A key that isn't there may have been deleted. */
    private static boolean isOlder(long revision, long before) {
        return revision != 0 && revision < before;
    }

    private static long created(ClusterView view) {
        return view.leadership() instanceof Leadership.Held held ? held.createRevision() : 0;
    }

    private static long written(ClusterView view) {
        return view.config().map(DynamicConfig::modRevision).orElse(0L);
    }

    private Doubt doubt(Situation s) {
        SortedMap<MemberName, Member> known = new TreeMap<>();
        SetBackMark.voters(seen.sync()).forEach(name -> known.put(name, Member.nameOnly(name)));
        doubt.ifPresent(earlier -> known.putAll(earlier.known));
        s.memory().lastLocked().ifPresent(last -> known.putAll(last.members()));
        known.putAll(seen.members());
        boolean waited = seen.sync().active() || doubt.filter(Doubt::commitsWaited).isPresent();
        return new Doubt(
                s.cluster().revision(),
                s.nowNanos(),
                Durations.longer(ttl, s.settings().timing().ttl()),
                known,
                waited);
    }

    /**
     * Only who leads writes the sync key. Where there is none, a new lead shows it, or one that
     * lasts: the key of somebody who doesn't lead is gone after a ttl.
     */
    private static boolean isOver(Situation s, Doubt doubt) {
        SyncState sync = s.cluster().sync();
        if (sync.modRevision() != 0) {
            return sync.modRevision() > doubt.upTo && !SetBackMark.is(sync);
        }
        return s.cluster().leadership() instanceof Leadership.Held held
                && (held.createRevision() > doubt.upTo
                        || s.since(doubt.sinceNanos).compareTo(doubt.ttl.multipliedBy(2)) > 0);
    }

    /**
     * Whether nobody can tell by the sync key who has every acknowledged commit. In a standby
     * cluster nothing is acknowledged.
     */
    static boolean commitsInDoubt(Situation s) {
        if (s.followsRemote()) {
            return false;
        }
        return SetBackMark.is(s.cluster().sync())
                || s.memory()
                        .storeTrust()
                        .doubt
                        .filter(doubt ->
                                doubt.commitsWaited || s.synchronousMode() != SynchronousMode.OFF)
                        .isPresent();
    }

    /**
     * How long somebody may still lead by a lease of the lost store, which this one doesn't know.
     */
    static Duration lostLeaseLeft(Situation s) {
        return s.memory()
                .storeTrust()
                .doubt
                .map(doubt -> doubt.ttl.minus(s.since(doubt.sinceNanos)))
                .filter(left -> !left.isNegative() && !s.followsRemote())
                .orElse(Duration.ZERO);
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
