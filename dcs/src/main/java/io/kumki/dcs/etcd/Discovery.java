package io.kumki.dcs.etcd;

import io.etcd.jetcd.api.Member;
import io.etcd.jetcd.api.MemberListRequest;
import io.kumki.dcs.etcd.EtcdCalls.Repeat;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.List;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the list of endpoints in step with etcd's member list: at the start, every five minutes,
 * and when no endpoint answered. Store's context only.
 */
final class Discovery {

    private static final Logger LOG = LoggerFactory.getLogger(Discovery.class);
    private static final Duration INTERVAL = Duration.ofMinutes(5);
    private static final Duration SHORTEST_INTERVAL = Duration.ofSeconds(5);

    private final Vertx vertx;
    private final EtcdCalls calls;
    private final Endpoints endpoints;
    private final LongSupplier nanoClock;
    private long timer = -1;
    private long lastStartNanos;
    private boolean running;
    private boolean failedBefore;

    Discovery(Vertx vertx, EtcdCalls calls, Endpoints endpoints, LongSupplier nanoClock) {
        this.vertx = vertx;
        this.calls = calls;
        this.endpoints = endpoints;
        this.nanoClock = nanoClock;
    }

    void start() {
        timer = vertx.setPeriodic(INTERVAL.toMillis(), _ -> refresh());
        refresh();
    }

    /** A round of calls got no answer: perhaps etcd has moved. */
    void afterLostRound() {
        if (nanoClock.getAsLong() - lastStartNanos >= SHORTEST_INTERVAL.toNanos()) {
            refresh();
        }
    }

    void close() {
        if (timer >= 0) {
            vertx.cancelTimer(timer);
        }
    }

    private void refresh() {
        if (running) {
            return;
        }
        running = true;
        lastStartNanos = nanoClock.getAsLong();
        calls.call(
                        EtcdApi.MEMBERS,
                        MemberListRequest.getDefaultInstance(),
                        Repeat.FREELY,
                        calls.deadlineNanos())
                .onSuccess(answer -> {
                    failedBefore = false;
                    List<String> urls =
                            answer.message().getMembersList().stream()
                                    .map(Member::getClientURLsList)
                                    .flatMap(List::stream)
                                    .toList();
                    endpoints.discovered(urls);
                })
                .onFailure(failure -> {
                    if (!failedBefore) {
                        failedBefore = true;
                        LOG.atInfo()
                                .addKeyValue("error", EtcdCalls.text(failure))
                                .log("cannot read etcd's member list; endpoints stay as they are");
                    }
                })
                .onComplete(_ -> running = false);
    }
}
