package io.kumki.restapi;

import io.kumki.dcs.WriteOutcome;
import io.kumki.dcs.cluster.ClusterSettings;
import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.FailoverRequest;
import io.kumki.dcs.cluster.MemberName;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code /switchover} and {@code /failover}: checks the wish, writes it, wakes the loop, and
 * watches the store until somebody else leads.
 */
final class FailoverHandler {

    private static final Logger LOG = LoggerFactory.getLogger(FailoverHandler.class);

    private final Vertx vertx;
    private final NodeView view;
    private final NodeControl control;
    private final InstantSource clock;
    private final CandidateCheck candidates;

    FailoverHandler(Vertx vertx, NodeView view, NodeControl control, InstantSource clock) {
        this.vertx = vertx;
        this.view = view;
        this.control = control;
        this.clock = clock;
        this.candidates = new CandidateCheck(control);
    }

    Future<Answer> switchover(Endpoint.Call call) {
        return handle(FailoverWish.parse(call.body()), false);
    }

    Future<Answer> failover(Endpoint.Call call) {
        return handle(FailoverWish.parse(call.body()), true);
    }

    private Future<Answer> handle(FailoverWish wish, boolean failover) {
        LOG.atInfo()
                .addKeyValue("action", failover ? "failover" : "switchover")
                .addKeyValue("leader", LogText.of(wish.leader().orElse("")))
                .addKeyValue("candidate", LogText.of(wish.candidate().orElse("")))
                .addKeyValue("scheduledAt", LogText.of(wish.scheduledAt()))
                .log("change of leader requested");
        return control.readCluster()
                .compose(cluster -> {
                    ClusterSettings settings = settings(cluster);
                    Optional<String> at = wish.check(failover, settings.pause(), clock.instant());
                    boolean switchover = wish.leader().isPresent();
                    if (at.isPresent()) {
                        return write(wish, at).map(_ -> Answer.text(202, "Switchover scheduled"));
                    }
                    return candidates
                            .check(wish, cluster, settings)
                            .compose(_ -> write(wish, at))
                            .compose(_ -> outcome(wish, switchover, cluster, settings));
                });
    }

    private ClusterSettings settings(ClusterView cluster) {
        return cluster.config().map(ClusterSettings::of).orElse(view.snapshot().settings());
    }

    private Future<Void> write(FailoverWish wish, Optional<String> at) {
        FailoverRequest request =
                new FailoverRequest(wish.leaderName(), wish.candidateName(), at, 0);
        return control.requestFailover(request, OptionalLong.empty())
                .map(outcome -> {
                    switch (outcome) {
                        case WriteOutcome.Applied _ -> control.wake();
                        case WriteOutcome.Rejected _ ->
                                throw Refusal.text(503, "failed to write failover key into DCS");
                        case WriteOutcome.Unknown _ -> {
                            control.wake(); // if it was written, it is done
                            throw Refusal.text(
                                    503,
                                    (wish.leader().isPresent() ? "Switchover" : "Failover")
                                            + " status unknown: the store gave no answer to the"
                                            + " write, the request may stand there; look at"
                                            + " /cluster before the next try");
                        }
                    }
                    return null;
                });
    }

    /** Looks often at first, because a switchover is over within a second or two. */
    private Future<Answer> outcome(
            FailoverWish wish, boolean switchover, ClusterView before, ClusterSettings settings) {
        long seconds = 2 * Math.max(10, settings.timing().loopWait().toSeconds());
        Watch watch =
                new Watch(
                        wish,
                        switchover,
                        before.leader(),
                        view.nowNanos(),
                        Duration.ofSeconds(seconds).toNanos(),
                        Promise.promise());
        look(watch);
        return watch.answer().future();
    }

    private record Watch(
            FailoverWish wish,
            boolean switchover,
            Optional<MemberName> oldLeader,
            long startedNanos,
            long limitNanos,
            Promise<Answer> answer) {

        /** Empty as long as nothing is decided. */
        Optional<Answer> judge(ClusterView seen) {
            Optional<MemberName> leader = seen.leader();
            if (leader.isPresent() && !leader.equals(oldLeader)) {
                return Optional.of(changed(leader.get()));
            }
            return seen.failover().present()
                    ? Optional.empty()
                    : Optional.of(Answer.text(503, name() + " failed"));
        }

        private Answer changed(MemberName leader) {
            Optional<MemberName> wanted = wish.candidateName();
            String done = switchover ? "switched" : "failed";
            if (wanted.isEmpty() || wanted.get().equals(leader)) {
                return Answer.text(200, "Successfully " + done + " over to \"" + leader + "\"");
            }
            return Answer.text(
                    200,
                    (switchover ? "Switched" : "Failed")
                            + " over to \""
                            + leader
                            + "\" instead of \""
                            + wanted.get()
                            + "\"");
        }

        String name() {
            return switchover ? "Switchover" : "Failover";
        }
    }

    private void look(Watch watch) {
        long spent = view.nowNanos() - watch.startedNanos();
        if (spent > watch.limitNanos()) {
            watch.answer().complete(Answer.text(503, watch.name() + " status unknown"));
            return;
        }
        long pauseMillis = spent < 5_000_000_000L ? 100 : 500;
        vertx.setTimer(
                pauseMillis,
                _ ->
                        control.readCluster()
                                .map(watch::judge)
                                .otherwise(Optional.empty()) // no answer: this look is used up
                                .onSuccess(answer ->
                                        answer.ifPresentOrElse(
                                                watch.answer()::complete, () -> look(watch))));
    }

    Future<Answer> deleteSwitchover(Endpoint.Call call) {
        return control.readCluster()
                .compose(cluster -> {
                    FailoverRequest request = cluster.failover();
                    if (!request.present() || request.scheduledAt().isEmpty()) {
                        return Future.succeededFuture(
                                Answer.text(404, "no switchover is scheduled"));
                    }
                    return control.requestFailover(
                                    FailoverRequest.NONE, OptionalLong.of(request.modRevision()))
                            .map(FailoverHandler::deleted);
                });
    }

    private static Answer deleted(WriteOutcome outcome) {
        return switch (outcome) {
            case WriteOutcome.Applied _ -> Answer.text(200, "scheduled switchover deleted");
            case WriteOutcome.Rejected _ ->
                    Answer.page(409, "the request was changed by somebody else just now");
            case WriteOutcome.Unknown _ ->
                    Answer.text(
                            503,
                            "the store gave no answer to the write: the scheduled switchover may"
                                    + " have been deleted; look before the next try");
        };
    }

    static Optional<String> string(Map<String, @Nullable Object> body, String field) {
        return switch (body.get(field)) {
            case null -> Optional.empty();
            case String text when text.isEmpty() -> Optional.empty();
            case String text -> Optional.of(text);
            default -> throw Refusal.text(400, "\"" + field + "\" must be a string");
        };
    }
}
