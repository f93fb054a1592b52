package io.kumki.agent.node;

import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.dcs.cluster.ScheduledRestart;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The restart that waits for its time, if one does: kept here and in the own member key, from which
 * a new agent takes it over. It is tried once; a server that was started anew since, and a time
 * that passed unnoticed, void it. Used on the loop's context.
 */
final class RestartSchedule {

    private static final Logger LOG = LoggerFactory.getLogger(RestartSchedule.class);

    private final MemberName me;
    private Optional<ScheduledRestart> waiting = Optional.empty();

    RestartSchedule(MemberName me) {
        this.me = me;
    }

    Optional<ScheduledRestart> waiting() {
        return waiting;
    }

    /** One restart may wait; false if one does. */
    boolean add(ScheduledRestart restart) {
        if (waiting.isPresent()) {
            return false;
        }
        waiting = Optional.of(restart);
        return true;
    }

    /** False if none waits. */
    boolean remove() {
        boolean was = waiting.isPresent();
        waiting = Optional.empty();
        return was;
    }

    /**
     * Takes over what the agent before this one had noted.
     *
     * @param first the first view that the store gave: the member key is still that agent's
     */
    void takeOver(ClusterView first) {
        if (waiting.isPresent()) {
            return;
        }
        waiting = first.member(me).flatMap(member -> member.status().scheduledRestart());
        waiting.ifPresent(restart ->
                LOG.atInfo()
                        .addKeyValue("member", me)
                        .addKeyValue("schedule", restart.schedule())
                        .log("scheduled restart taken over from the member key"));
    }

    /**
     * The restart that is due now, which then waits no more.
     *
     * @param postmasterStartTime of the running server; empty if that isn't known
     */
    Optional<ScheduledRestart> takeDue(
            Optional<String> postmasterStartTime, Instant now, Duration loopWait) {
        if (waiting.isEmpty()) {
            return Optional.empty();
        }
        ScheduledRestart restart = waiting.get();
        Optional<Instant> at = time(restart);
        if (at.isEmpty()) {
            return drop("its time can't be read");
        }
        if (anotherServer(restart, postmasterStartTime)) {
            return drop("the server was started anew since it was scheduled");
        }
        if (now.isBefore(at.get())) {
            return Optional.empty();
        }
        Duration late = Duration.between(at.get(), now);
        if (late.toSeconds() > loopWait.toSeconds() * 3 / 2) {
            return drop("it was due " + late.toSeconds() + " s ago");
        }
        waiting = Optional.empty();
        return Optional.of(restart);
    }

    private Optional<ScheduledRestart> drop(String why) {
        LOG.atWarn()
                .addKeyValue("member", me)
                .addKeyValue("schedule", waiting.orElseThrow().schedule())
                .addKeyValue("reason", why)
                .log("scheduled restart dropped");
        waiting = Optional.empty();
        return Optional.empty();
    }

    /** How long the loop may wait for it. */
    Optional<Duration> untilDue(Instant now) {
        return waiting.flatMap(RestartSchedule::time)
                .map(at -> Duration.between(now, at))
                .filter(left -> !left.isNegative());
    }

    private static boolean anotherServer(ScheduledRestart restart, Optional<String> started) {
        return restart.postmasterStartTime().isPresent()
                && started.isPresent()
                && !joined(restart.postmasterStartTime().get()).equals(joined(started.get()));
    }

    /** Members write it with a blank; REST callers also see it with a T. */
    private static String joined(String time) {
        return time.replace(' ', 'T');
    }

    private static Optional<Instant> time(ScheduledRestart restart) {
        try {
            return Optional.of(OffsetDateTime.parse(joined(restart.schedule())).toInstant());
        } catch (DateTimeException _) {
            return Optional.empty();
        }
    }
}
