package io.kumki.agent.node;

import io.kumki.agent.ha.Action;
import io.kumki.agent.ha.Decision;
import io.kumki.agent.ha.Situation;
import io.kumki.dcs.cluster.Leadership;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;

/**
 * Whether an idle follower's turn may look at the view of the turn before in place of reading etcd
 * again. Three members that do nothing would otherwise be most of etcd's load.
 *
 * <ol>
 *   <li>Only for one who follows another's lead: a leader, or who sees none, reads every turn.
 *   <li>Only until the watch tells of any key, anybody wakes the loop, or the turn does something.
 *   <li>Only for a third of the {@code ttl}, for a watch that is silently broken: as often as a
 *       follower refreshes its own lease.
 * </ol>
 *
 * Nothing is ever done on such a view: when the rules want more than to go on, the loop reads first
 * and lets them decide again. Loop's context only.
 */
final class QuietView {

    private OptionalLong askedNanos = OptionalLong.empty();
    private OptionalLong readNanos = OptionalLong.empty();

    /** A read of the store begins. */
    void asks(long nanos) {
        askedNanos = OptionalLong.of(nanos);
        readNanos = OptionalLong.empty();
    }

    /** It was answered. What happened meanwhile may not be in the answer: then it doesn't count. */
    void answered() {
        readNanos = askedNanos;
    }

    /** Something happened, or may have: the next turn reads. */
    void disturbed() {
        askedNanos = OptionalLong.empty();
        readNanos = OptionalLong.empty();
    }

    /** After a turn: what it did may have changed keys, or calls for another look. */
    void turnDid(List<Action> upkeep) {
        if (!upkeep.stream().allMatch(Action.RefreshLease.class::isInstance)) {
            disturbed();
        }
    }

    /** Whether the turn that begins now may go on with the view it has. */
    boolean serves(Situation s) {
        Duration limit = s.settings().timing().ttl().dividedBy(3);
        return readNanos.isPresent()
                && s.since(readNanos.getAsLong()).compareTo(limit) < 0
                && s.cluster().leadership() instanceof Leadership.Held
                && !s.iHoldKey()
                && !s.server().primary()
                && s.ongoing().isEmpty();
    }

    /** Whether a decision only goes on as before. */
    static boolean isIdle(Decision decision) {
        return decision.actions().isEmpty()
                && decision.questions().isEmpty()
                && decision.next() instanceof Decision.Next.LoopWait;
    }
}
