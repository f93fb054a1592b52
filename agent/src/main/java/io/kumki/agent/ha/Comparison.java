package io.kumki.agent.ha;

import io.kumki.agent.ha.LocalServer.ControlData;
import io.kumki.agent.ha.Memory.Rejoin;
import java.util.Optional;

/** What the last comparison of the own log with the leader's says, and whether it still counts. */
final class Comparison {

    /**
     * Comparisons without an answer, four minutes in all, before a standby follows without: nothing
     * but a timeline number given twice would make that wrong, and a standby that is missing for
     * good is worse. Who can't be asked for a moment can't be streamed from either, so it waits.
     */
    private static final int COMPARISONS_BEFORE_FOLLOWING = 12;

    private Comparison() {}

    /** The running server's timeline, else that of its last checkpoint. */
    static int ownTimeline(Situation s) {
        return s.timeline() != 0
                ? s.timeline()
                : s.server().control().map(ControlData::timeline).orElse(0);
    }

    /** Of a stopped server: its last checkpoint may be on an earlier one than its log ends on. */
    static int newestTimeline(Situation s) {
        return s.server()
                .control()
                .map(control -> Math.max(control.timeline(), control.minRecoveryEndTimeline()))
                .orElse(0);
    }

    /** The last comparison, if it was with this leader on this timeline. */
    static Optional<Divergence> verdict(Situation s) {
        Rejoin rejoin = s.memory().rejoin();
        boolean current =
                rejoin.verdictLeader()
                        .filter(known ->
                                known.leader()
                                                .equals(
                                                        s.followsRemote()
                                                                ? Optional.empty()
                                                                : s.cluster().leader())
                                        && known.timeline() == leaderTimeline(s))
                        .isPresent();
        return current ? rejoin.verdict() : Optional.empty();
    }

    /** The last comparison with this leader found the own log to be a part of its. */
    static boolean fits(Situation s) {
        return verdict(s)
                .filter(verdict ->
                        verdict instanceof Divergence.None
                                || verdict instanceof Divergence.Stranded)
                .isPresent();
    }

    static boolean diverged(Situation s) {
        return verdict(s).filter(Divergence.Diverged.class::isInstance).isPresent();
    }

    /** 0 for a remote's. */
    static int leaderTimeline(Situation s) {
        return s.followsRemote()
                ? 0
                : s.cluster().leaderMember().map(member -> member.wal().timeline()).orElse(0);
    }

    /** The pause after the last comparison counts for the same leader only. */
    static boolean mayCompare(Situation s) {
        Rejoin rejoin = s.memory().rejoin();
        boolean another = verdict(s).isEmpty() && !s.followsRemote();
        return s.reached(rejoin.retryAtNanos()) && (another || s.reached(rejoin.compareAtNanos()));
    }

    /** Nothing speaks against the log but that it couldn't be looked at. */
    static boolean cantBeCompared(Situation s) {
        int own = s.timeline() != 0 ? s.timeline() : newestTimeline(s);
        return verdict(s).orElse(null) instanceof Divergence.Unknown unknown
                && (unknown.refused() || unknown.times() >= COMPARISONS_BEFORE_FOLLOWING)
                && !Lineage.suspected(s, own);
    }

    /** For people: why a server follows that wasn't compared. */
    static String uncompared(Situation s) {
        return cantBeCompared(s) ? verdict(s).map(Comparison::whyUnknown).orElse("") : "";
    }

    static String whyUnknown(Divergence verdict) {
        return verdict instanceof Divergence.Unknown(String why, int times, _)
                ? "; " + times + " comparisons of the logs failed, the last by: " + why
                : "";
    }
}
