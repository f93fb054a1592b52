package io.kumki.restapi;

import io.kumki.dcs.cluster.ClusterSettings;
import io.kumki.dcs.cluster.LenientValues;
import io.kumki.dcs.cluster.ScheduledRestart;
import io.kumki.restapi.NodeControl.RestartResult;
import io.vertx.core.Future;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** {@code /restart}: of the local server, now or at a time, if conditions hold. */
final class RestartHandler {

    private static final Logger LOG = LoggerFactory.getLogger(RestartHandler.class);

    private static final List<String> ROLES = List.of("primary", "standby_leader", "replica");

    private final NodeView view;
    private final NodeControl control;
    private final InstantSource clock;

    RestartHandler(NodeView view, NodeControl control, InstantSource clock) {
        this.view = view;
        this.control = control;
        this.clock = clock;
    }

    Future<Answer> post(Endpoint.Call call) {
        // The pause may be newer than our last look. And without the store the loop takes up no
        // wishes: the restart would come when the store is back, and nobody expects it any more.
        return control.readCluster()
                .compose(cluster ->
                        call.body().containsKey("schedule")
                                ? schedule(
                                        call.body(),
                                        cluster.config()
                                                .map(ClusterSettings::of)
                                                .orElse(view.snapshot().settings())
                                                .pause())
                                : restart(call.body()));
    }

    private Future<Answer> restart(Map<String, @Nullable Object> body) {
        ScheduledRestart restart = parse(body);
        return control.restart(restart.conditions())
                .map(RestartHandler::answer)
                .otherwise(failure -> {
                    LOG.atError().addKeyValue("error", failure).log("restart failed");
                    return Answer.text(400, "restart failed");
                });
    }

    private Future<Answer> schedule(Map<String, @Nullable Object> body, boolean paused) {
        if (paused) {
            throw Refusal.text(500, "Can't schedule restart in the paused state");
        }
        return control.scheduleRestart(parse(body))
                .map(taken ->
                        taken
                                ? Answer.text(202, "Restart scheduled")
                                : Answer.text(409, "Another restart is already scheduled"));
    }

    private static Answer answer(RestartResult result) {
        return switch (result) {
            case RestartResult.Restarted _ -> Answer.text(200, "restarted successfully");
            case RestartResult.ConditionsNotMet _ ->
                    Answer.text(503, "restart conditions are not satisfied");
            case RestartResult.Busy(String what) -> Answer.text(503, what + " already in progress");
            case RestartResult.StillStarting _ -> Answer.text(503, "postgres is still starting");
            case RestartResult.Failed(String reason) -> {
                LOG.atWarn().addKeyValue("reason", reason).log("restart failed");
                yield Answer.text(503, "restart failed");
            }
        };
    }

    Future<Answer> delete(Endpoint.Call call) {
        return control.deleteScheduledRestart()
                .map(deleted ->
                        deleted
                                ? Answer.text(200, "scheduled restart deleted")
                                : Answer.text(404, "no restarts are scheduled"));
    }

    /** Keys are looked at in the order of the body; the first bad one answers. */
    private ScheduledRestart parse(Map<String, @Nullable Object> body) {
        String schedule = "";
        Optional<String> role = Optional.empty();
        Optional<String> version = Optional.empty();
        OptionalInt timeout = OptionalInt.empty();
        boolean pending = false;
        for (Map.Entry<String, @Nullable Object> entry : body.entrySet()) {
            Object value = entry.getValue();
            switch (entry.getKey()) {
                case "schedule" ->
                        schedule = FailoverWish.schedule(value, "restart", clock.instant());
                case "role" -> role = Optional.of(role(value));
                case "postgres_version" -> version = Optional.of(version(value));
                case "timeout" -> timeout = OptionalInt.of(timeout(value));
                case "restart_pending" -> pending = LenientValues.bool(value).orElse(true);
                default ->
                        throw Refusal.text(
                                400,
                                "Unknown filter for the scheduled restart: "
                                        + Answer.shown(entry.getKey()));
            }
        }
        return new ScheduledRestart(
                schedule,
                view.snapshot()
                        .server()
                        .answer()
                        .map(answer -> WireTime.withBlank(answer.postmasterStartTime())),
                new ScheduledRestart.Conditions(role, version, timeout, pending));
    }

    private static String role(@Nullable Object value) {
        if (value instanceof String role && ROLES.contains(role)) {
            return role;
        }
        throw Refusal.text(
                400, "PostgreSQL role should be either primary, standby_leader, or replica");
    }

    private static String version(@Nullable Object value) {
        if (!(value instanceof String text) || !text.matches("[0-9]{1,6}(\\.[0-9]{1,6})*")) {
            throw Refusal.text(
                    400, "Invalid PostgreSQL version: " + Answer.shown(String.valueOf(value)));
        }
        String[] parts = text.split("\\.", -1);
        boolean twoOfNew = parts.length == 2 && Integer.parseInt(parts[0]) >= 10;
        if (!twoOfNew && parts.length != 3) {
            throw Refusal.text(
                    400, "Invalid PostgreSQL version format: X.Y or X.Y.Z is accepted: " + text);
        }
        return text;
    }

    private static int timeout(@Nullable Object value) {
        long seconds =
                LenientValues.seconds(value)
                        .map(duration -> Math.round(duration.toMillis() / 1000.0))
                        .orElse(0L);
        if (seconds <= 0 || seconds > Integer.MAX_VALUE) {
            throw Refusal.text(400, "Timeout should be a positive number of seconds");
        }
        return (int) seconds;
    }
}
