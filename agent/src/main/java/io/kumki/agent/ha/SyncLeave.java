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
 */
final class SyncLeave {

    /** The leader hears of a changed member within this. */
    private static final Duration SOON = Duration.ofMillis(200);

    private SyncLeave() {}

    /**
     * Waits until the sync key doesn't name this member.
     *
     * @param why what it goes for
     * @return empty when it may go: also if the leader takes too long, or nothing is known of it
     */
    static Optional<Decision> first(Situation s, String why) {
        SyncState key = s.cluster().sync();
        boolean waitedFor =
                s.synchronousMode() != SynchronousMode.OFF
                        && s.server().standby()
                        && s.otherLeads()
                        && key.leader().equals(s.cluster().leader())
                        && key.namesStandby(s.me())
                        && !s.self().tags().nosync();
        if (!waitedFor) {
            return Optional.empty();
        }
        long since = s.memory().leavesSyncNanos().orElse(s.nowNanos());
        Duration limit = s.settings().timing().loopWait().multipliedBy(2);
        return s.since(since).compareTo(limit) >= 0
                ? Optional.empty()
                : Optional.of(
                        Decision.of(
                                        "sync.leaves-duty",
                                        why
                                                + ", and commits wait for this standby until the"
                                                + " leader takes it off the key \"sync\"",
                                        s.memory().withLeavesSync(OptionalLong.of(since)))
                                .after(SOON));
    }

    /** It goes, or has gone and is back. */
    static Memory ended(Situation s, Memory memory) {
        return s.command().isEmpty() && s.ongoing().isEmpty()
                ? memory.withLeavesSync(OptionalLong.empty())
                : memory;
    }

    /** The tags that this member publishes. */
    static Tags tags(Situation s) {
        Tags own = s.self().tags();
        if (s.memory().leavesSyncNanos().isEmpty()) {
            return own;
        }
        TreeMap<String, Object> leaving = new TreeMap<>(own.values());
        leaving.put("nosync", true);
        leaving.put("sync_priority", 0);
        return new Tags(leaving);
    }
}
