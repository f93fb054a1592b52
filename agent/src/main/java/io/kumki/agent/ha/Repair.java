package io.kumki.agent.ha;

import java.time.Duration;
import java.util.Optional;

/**
 * The rungs of {@link RejoinRules}' ladder that change a data directory whose log doesn't fit the
 * leader's: rewind it, else replace it by a copy, which only a setting allows.
 */
final class Repair {

    private static final Duration SOON = Duration.ofMillis(200);

    private Repair() {}

    /** Rewind, else clone; empty if neither is possible and allowed. */
    static Optional<Decision> rewindOrClone(Situation s, Upstream leader, String why) {
        int failures = s.memory().rejoin().rewindFailures();
        if (!s.reached(s.memory().rejoin().retryAtNanos())) {
            return Optional.of(
                    Decision.of("rejoin.waits-to-retry", why, s.memory())
                            .after(Duration.ofMillis(500)));
        }
        if (rewindIsNext(s)) {
            boolean checkpointDue =
                    s.cluster()
                            .leaderMember()
                            .filter(member -> member.status().checkpointAfterPromoteDue())
                            .isPresent();
            return Optional.of(
                    checkpointDue
                            ? Decision.of(
                                            "rejoin.waits-for-checkpoint",
                                            "the leader hasn't completed a checkpoint on its timeline yet",
                                            s.memory())
                                    .after(SOON)
                            : Decision.of(
                                    "rejoin.rewinds",
                                    Rung.REWIND.because(why + tried(failures)),
                                    Lineage.copies(s, s.memory(), Optional.of(leader)),
                                    new Action.Start(new Operation.Rewind(leader))));
        }
        return clone(
                s, why + (failures > 0 ? "; pg_rewind didn't help" : "; pg_rewind can't be used"));
    }

    /** pg_rewind compares numbers only: with the leader's number it would change nothing. */
    static boolean rewindIsNext(Situation s) {
        boolean sameNumber =
                Comparison.ownTimeline(s)
                        == Comparison.leaderTimeline(s); // a remote's isn't known here
        return s.self().rejoin().canRewind()
                && s.memory().rejoin().rewindFailures() < RejoinRules.REWIND_TRIES
                && !sameNumber;
    }

    private static String tried(int failures) {
        return failures > 0
                ? "; nothing streamed after the last try, this is number "
                        + (failures + 1)
                        + " of "
                        + RejoinRules.REWIND_TRIES
                : "";
    }

    /** A fresh copy in place of the data directory, where that is allowed. */
    static Optional<Decision> clone(Situation s, String why) {
        Self.RejoinPolicy policy = s.self().rejoin();
        boolean mayClone =
                !s.paused()
                        && !s.iHoldKey()
                        && (policy.cloneWhenDiverged() && !s.followsRemote()
                                || policy.cloneAfterFailedRewind()
                                        && s.memory().rejoin().rewindFailures() > 0);
        if (mayClone && SyncLeave.named(s)) {
            return Optional.of(
                    Decision.of(
                                    "rejoin.waits-to-leave-duty",
                                    why
                                            + "; until the leader has taken this member off the key \"sync\" a fresh"
                                            + " copy could be let take over",
                                    s.memory())
                            .after(SOON));
        }
        Optional<Upstream> source = DataDirectoryRules.cloneSource(s);
        return mayClone
                ? Optional.of(
                        Decision.of(
                                "rejoin.clones",
                                Rung.CLONE.because(why),
                                Lineage.copies(s, s.memory(), source),
                                new Action.Start(
                                        new Operation.Clone(
                                                source,
                                                DataDirectoryRules.follows(s),
                                                false,
                                                false))))
                : Optional.empty();
    }
}
