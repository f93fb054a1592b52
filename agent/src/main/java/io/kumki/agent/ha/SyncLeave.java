package io.kumki.agent.ha;

import io.kumki.dcs.cluster.ClusterSettings.SynchronousMode;
import io.kumki.dcs.cluster.SyncState;
import io.kumki.dcs.cluster.Tags;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;

/**
 * A synchronous standby that is about to go tells the leader first, or each commit would wait for
 * it until it is back or missed.
 *
 * @param sinceNanos when it began to say so
 * @param freeNanos since when the sync key doesn't name it; empty while it does
 */
public record SyncLeave(long sinceNanos, OptionalLong freeNanos) {

    /** The leader hears of a changed member within this. */
    private static final Duration SOON = Duration.ofMillis(200);

    /**
     * The key lets go first, the leader's server after it, and only the first can be seen here: a
     * turn of the leader that follows at once, and a reload.
     */
    static final Duration SERVER_FOLLOWS = Duration.ofSeconds(1);

    /**
     * Waits until the sync key doesn't name this member, and the leader's server doesn't either.
     *
     * @param why what it goes for
     * @return empty when it may go: also if the leader takes too long, or nothing is known of it
     */
    static Optional<Decision> first(Situation s, String why) {
        SyncState key = s.cluster().sync();
        Optional<SyncLeave> begun = s.memory().leavesSync();
        boolean inDuty =
                s.synchronousMode() != SynchronousMode.OFF
                        && s.server().standby()
                        && s.otherLeads()
                        && key.leader().equals(s.cluster().leader())
                        && !s.self().tags().nosync();
        boolean named = key.namesStandby(s.me());
        if (!inDuty || !named && begun.isEmpty()) {
            return Optional.empty();
        }
        long since = begun.map(SyncLeave::sinceNanos).orElse(s.nowNanos());
        long free =
                begun.map(SyncLeave::freeNanos)
                        .filter(OptionalLong::isPresent)
                        .map(OptionalLong::getAsLong)
                        .orElse(s.nowNanos());
        Duration limit = s.settings().timing().loopWait().multipliedBy(2).plus(SERVER_FOLLOWS);
        boolean released = !named && s.since(free).compareTo(SERVER_FOLLOWS) >= 0;
        if (released || s.since(since).compareTo(limit) >= 0) {
            return Optional.empty();
        }
        SyncLeave leave =
                new SyncLeave(since, named ? OptionalLong.empty() : OptionalLong.of(free));
        return Optional.of(
                Decision.of(
                                "sync.leaves-duty",
                                why
                                        + ", and commits wait for this standby until the leader takes"
                                        + " it off the key \"sync\" and its server has followed",
                                s.memory().withLeavesSync(Optional.of(leave)))
                        .after(SOON));
    }

    /**
     * Whether the sync key still lets this member take over. A copy of data that is older than what
     * was acknowledged mustn't be made under such a name.
     */
    static boolean named(Situation s) {
        return Candidates.syncActive(s) && s.cluster().sync().names(s.me());
    }

    /** It goes, or has gone and is back. */
    static Memory ended(Situation s, Memory memory) {
        return s.command().isEmpty() && s.ongoing().isEmpty()
                ? memory.withLeavesSync(Optional.empty())
                : memory;
    }

    /** The tags that this member publishes. */
    static Tags tags(Situation s) {
        Tags own = s.self().tags();
        if (s.memory().leavesSync().isEmpty()) {
            return own;
        }
        TreeMap<String, Object> leaving = new TreeMap<>(own.values());
        leaving.put("nosync", true);
        leaving.put("sync_priority", 0);
        return new Tags(leaving);
    }
}
