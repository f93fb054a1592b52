package io.kumki.agent.node;

import io.kumki.dcs.cluster.ScheduledRestart;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Optional;

/** When a scheduled restart is due, and when it has become void. */
final class ScheduledRestarts {

    private ScheduledRestarts() {}

    enum Due {
        NOT_YET,
        NOW,
        /** Its time passed unnoticed, or the server was started anew since it was scheduled. */
        VOID
    }

    static Due look(
            ScheduledRestart restart,
            Optional<String> postmasterStartTime,
            Instant now,
            Duration loopWait) {
        Instant at;
        try {
            at = OffsetDateTime.parse(restart.schedule().replace(' ', 'T')).toInstant();
        } catch (DateTimeException _) {
            return Due.VOID;
        }
        boolean restartedSince =
                restart.postmasterStartTime().isPresent()
                        && postmasterStartTime.isPresent()
                        && !restart.postmasterStartTime().equals(postmasterStartTime);
        if (restartedSince) {
            return Due.VOID;
        }
        if (now.isBefore(at)) {
            return Due.NOT_YET;
        }
        Duration late = Duration.between(at, now);
        return late.compareTo(loopWait.multipliedBy(3).dividedBy(2)) > 0 ? Due.VOID : Due.NOW;
    }
}
