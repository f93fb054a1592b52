package io.kumki.agent.node;

import io.kumki.agent.ha.Situation;
import java.util.OptionalLong;

/** What the guard of this member's lease is told. */
final class GuardDuty {

    private GuardDuty() {}

    /**
     * The deadline is on file before anything that it covers. While the store is silent nobody is
     * promoted, so a server that doesn't write needs no guard then.
     */
    static void tell(Guard guard, Situation s) {
        OptionalLong until = s.lease().leaderUntilNanos();
        guard.timing(s.settings().timing());
        if (s.paused()
                || !s.couldWrite() && (until.isEmpty() || s.etcdSilent() || guard.failing())) {
            guard.idle();
        } else if (until.isPresent()) {
            if (s.couldWrite() || s.settings().standbyCluster().isEmpty()) {
                guard.armed(until.getAsLong(), s.settings().timing());
            } else {
                guard.armedAsReader(until.getAsLong(), s.settings().timing());
            }
        }
    }

    /** The agent ends in good order: a server that may still write keeps its guard. */
    static void end(Guard guard, Situation s) {
        if (s.paused() || !s.couldWrite()) {
            guard.end();
        }
    }
}
