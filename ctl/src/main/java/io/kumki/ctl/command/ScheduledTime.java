package io.kumki.ctl.command;

import io.kumki.ctl.console.CtlException;
import io.kumki.ctl.output.Timestamps;
import io.kumki.ctl.session.Session;
import java.time.OffsetDateTime;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The time of a switchover or restart, as given or asked for. */
final class ScheduledTime {

    private ScheduledTime() {}

    /**
     * @param given the option's value; null if there was none
     * @param action {@code switchover} or {@code restart}
     * @param paused whether nothing can be scheduled
     * @return empty for now
     */
    static Optional<OffsetDateTime> of(
            Session session, @Nullable String given, String action, boolean force, boolean paused) {
        Optional<OffsetDateTime> time = ask(session, given, action, force);
        if (time.isPresent() && paused) {
            throw pausedError(action);
        }
        return time;
    }

    static CtlException pausedError(String action) {
        return new CtlException("Can't schedule " + action + " in the paused state");
    }

    static Optional<OffsetDateTime> ask(
            Session session, @Nullable String given, String action, boolean force) {
        String text = given;
        if (text == null) {
            text =
                    force
                            ? "now"
                            : session.console()
                                    .prompt(
                                            "When should the %s take place (e.g. %s ) "
                                                    .formatted(
                                                            action,
                                                            Timestamps.nextHour(session.clock())),
                                            "now");
        }
        if (text.equals("now") || text.isEmpty()) {
            return Optional.empty();
        }
        Optional<OffsetDateTime> time = Timestamps.parse(text, session.clock());
        if (time.isEmpty()) {
            throw new CtlException(
                    "Unable to parse scheduled timestamp ("
                            + text
                            + "). It should be in an unambiguous format (e.g. ISO 8601)");
        }
        return time;
    }
}
