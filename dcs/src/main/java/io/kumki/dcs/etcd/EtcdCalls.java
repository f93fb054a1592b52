package io.kumki.dcs.etcd;

import com.google.protobuf.MessageOrBuilder;
import io.etcd.jetcd.api.ResponseHeader;
import io.grpc.Channel;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.kumki.dcs.cluster.ClusterSettings.Timing;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends requests to etcd until one endpoint answers or the budget is used up.
 *
 * <p>Steps of one call: take the endpoints, best first; ask each in turn with a deadline of its
 * own; after a round pause, and ask all again. What a failed try means is said by {@link Trouble}:
 * a request that may not be repeated ends with the first try that is in doubt. The property kept: a
 * request sent {@link Repeat#ONCE} is applied at most once.
 *
 * <p>All state belongs to one context; gRPC's threads only hand over to it.
 */
final class EtcdCalls {

    private static final Logger LOG = LoggerFactory.getLogger(EtcdCalls.class);

    /** A fresh token that is refused twice isn't out of date: the user lacks the right. */
    private static final int MAX_AUTHENTICATIONS = 2;

    private static final int MAX_JITTER_MILLIS = 100;

    /** Whether a request may be sent again after a try that may have been applied. */
    enum Repeat {
        ONCE,
        FREELY
    }

    /** One method of etcd's API. */
    record Method<Q extends MessageOrBuilder, A extends MessageOrBuilder>(
            MethodDescriptor<Q, A> grpc, Function<A, ResponseHeader> header) {}

    /**
     * @param sentAtNanos just before the request that was answered was sent
     * @param inDoubtBefore whether an earlier try may have been applied as well
     */
    record Answered<A>(A message, long sentAtNanos, boolean inDoubtBefore) {}

    private final Vertx vertx;
    private final Context context;
    private final Endpoints endpoints;
    private final Tokens tokens;
    private final LongSupplier nanoClock;
    private final Consumer<Endpoint> suspicion;
    private Timing timing = Timing.DEFAULT;
    private Runnable roundLost = () -> {};
    private boolean outage;
    private boolean closed;
    private volatile String lastError = "";

    /**
     * @param suspicion told of each endpoint that failed, so that others who rely on it look as
     *     well
     */
    EtcdCalls(
            Vertx vertx,
            Context context,
            Endpoints endpoints,
            Tokens tokens,
            LongSupplier nanoClock,
            Consumer<Endpoint> suspicion) {
        this.vertx = vertx;
        this.context = context;
        this.endpoints = endpoints;
        this.tokens = tokens;
        this.nanoClock = nanoClock;
        this.suspicion = suspicion;
    }

    void configure(Timing newTiming) {
        timing = newTiming;
    }

    Timing timing() {
        return timing;
    }

    long deadlineNanos() {
        return nanoClock.getAsLong() + timing.retryTimeout().toNanos();
    }

    /** Called whenever a whole round got no answer: the list of endpoints may be out of date. */
    void onRoundLost(Runnable action) {
        roundLost = action;
    }

    String lastError() {
        return lastError;
    }

    void close() {
        closed = true;
    }

    /**
     * Sends a request; on the store's context. Fails with {@link EtcdCallException}.
     *
     * @param deadlineNanos monotonic instant by which the future is complete
     */
    <Q extends MessageOrBuilder, A extends MessageOrBuilder> Future<Answered<A>> call(
            Method<Q, A> method, Q request, Repeat repeat, long deadlineNanos) {
        Call<Q, A> call = new Call<>(method, request, repeat, deadlineNanos);
        call.nextEndpoint();
        return call.promise.future();
    }

    private final class Call<Q extends MessageOrBuilder, A extends MessageOrBuilder> {

        private final Method<Q, A> method;
        private final Q request;
        private final Repeat repeat;
        private final long startNanos = nanoClock.getAsLong();
        private final long deadlineNanos;
        private final Promise<Answered<A>> promise = Promise.promise();
        private Deque<Endpoint> round = new ArrayDeque<>(endpoints.inOrder());
        private int rounds;
        private int authentications;
        private boolean inDoubt;
        private Trouble last = new Trouble(Trouble.Kind.NOT_APPLIED, "not tried");

        Call(Method<Q, A> method, Q request, Repeat repeat, long deadlineNanos) {
            this.method = method;
            this.request = request;
            this.repeat = repeat;
            this.deadlineNanos = deadlineNanos;
        }

        private Duration left() {
            return Duration.ofNanos(deadlineNanos - nanoClock.getAsLong());
        }

        void nextEndpoint() {
            if (closed || left().compareTo(CallTimes.MINIMUM) < 0) {
                giveUp();
                return;
            }
            Endpoint endpoint = round.poll();
            if (endpoint != null) {
                ask(endpoint);
                return;
            }
            rounds++;
            roundLost.run();
            long pause =
                    CallTimes.pauseBefore(rounds).toMillis()
                            + ThreadLocalRandom.current().nextInt(MAX_JITTER_MILLIS);
            if (pause >= left().toMillis()) {
                giveUp();
                return;
            }
            vertx.setTimer(
                    pause,
                    _ -> {
                        round = new ArrayDeque<>(endpoints.inOrder());
                        nextEndpoint();
                    });
        }

        private void ask(Endpoint endpoint) {
            if (closed) {
                giveUp();
                return;
            }
            if (!tokens.needed()) {
                send(endpoint, Optional.empty());
                return;
            }
            Future<String> token;
            try {
                token = tokens.token(endpoint, tryTime(endpoint));
            } catch (RuntimeException e) {
                failed(endpoint, unusable(e));
                return;
            }
            token.onSuccess(text -> send(endpoint, Optional.of(text).filter(it -> !it.isEmpty())))
                    .onFailure(failure ->
                            failed(
                                    endpoint,
                                    failure instanceof EtcdCallException known
                                            ? notApplied(known.trouble())
                                            : unusable(failure)));
        }

        /** No channel could be made to it, such as for want of a TLS file: others may do. */
        private Trouble unusable(Throwable failure) {
            return new Trouble(Trouble.Kind.NOT_APPLIED, text(failure));
        }

        /** Trouble with authenticating leaves the request itself unsent. */
        private Trouble notApplied(Trouble trouble) {
            return trouble.kind() == Trouble.Kind.IN_DOUBT
                    ? new Trouble(Trouble.Kind.NOT_APPLIED, trouble.text())
                    : trouble;
        }

        private Duration tryTime(Endpoint endpoint) {
            return CallTimes.tryTime(timing, rounds, endpoint.answered(), round.size(), left());
        }

        private void send(Endpoint endpoint, Optional<String> token) {
            if (closed || left().compareTo(CallTimes.MINIMUM) < 0) {
                giveUp();
                return;
            }
            Duration tryTime = tryTime(endpoint);
            long sentAtNanos = nanoClock.getAsLong();
            Channel channel;
            try {
                channel = endpoint.channel();
            } catch (RuntimeException e) {
                failed(endpoint, unusable(e));
                return;
            }
            OneShot.send(
                    channel,
                    method.grpc(),
                    request,
                    token,
                    tryTime,
                    new OneShot.Outcome<A>() {
                        @Override
                        public void answered(A answer) {
                            context.runOnContext(_ -> succeeded(endpoint, answer, sentAtNanos));
                        }

                        @Override
                        public void failed(Status status, boolean sent) {
                            Trouble trouble = Trouble.of(status, sent);
                            context.runOnContext(_ -> Call.this.failed(endpoint, trouble));
                        }
                    });
        }

        private void succeeded(Endpoint endpoint, A answer, long sentAtNanos) {
            boolean upToDate = endpoints.upToDate(endpoint, method.header().apply(answer));
            if (!upToDate && repeat == Repeat.FREELY) {
                failed(
                        endpoint,
                        new Trouble(
                                Trouble.Kind.IN_DOUBT,
                                "its raft term is behind the cluster's: it is cut off"));
                return;
            }
            endpoints.answered(endpoint);
            if (outage) {
                outage = false;
                LOG.atInfo().addKeyValue("endpoint", endpoint).log("etcd answers again");
            }
            promise.complete(new Answered<>(answer, sentAtNanos, inDoubt));
        }

        private void failed(Endpoint endpoint, Trouble trouble) {
            last = trouble;
            lastError = endpoint + ": " + trouble.text();
            switch (trouble.kind()) {
                case AUTHENTICATION -> authenticateAgain(endpoint, trouble);
                case REFUSED -> refused(endpoint, trouble);
                case NOT_APPLIED -> {
                    distrust(endpoint);
                    nextEndpoint();
                }
                case IN_DOUBT -> {
                    inDoubt = true;
                    distrust(endpoint);
                    if (repeat == Repeat.ONCE) {
                        giveUp();
                    } else {
                        nextEndpoint();
                    }
                }
            }
        }

        private void authenticateAgain(Endpoint endpoint, Trouble trouble) {
            if (!tokens.hasCredentials() || authentications == MAX_AUTHENTICATIONS) {
                refused(endpoint, new Trouble(Trouble.Kind.REFUSED, trouble.text()));
                return;
            }
            authentications++;
            tokens.forget();
            ask(endpoint);
        }

        private void refused(Endpoint endpoint, Trouble trouble) {
            Trouble told = inDoubt ? new Trouble(Trouble.Kind.IN_DOUBT, trouble.text()) : trouble;
            promise.fail(
                    new EtcdCallException(
                            told, "etcd at " + endpoint + " refused: " + trouble.text()));
        }

        private void distrust(Endpoint endpoint) {
            endpoints.failed(endpoint);
            suspicion.accept(endpoint);
        }

        private void giveUp() {
            Trouble.Kind kind = inDoubt ? Trouble.Kind.IN_DOUBT : Trouble.Kind.NOT_APPLIED;
            double seconds = (nanoClock.getAsLong() - startNanos) / 1e9;
            String message =
                    closed
                            ? "the connection to etcd has been closed"
                            : "etcd at %s gave no usable answer in %.1f s (last: %s); check that etcd runs and that this host reaches it (\"etcdctl endpoint health\")"
                                    .formatted(endpoints, seconds, lastError);
            if (!closed && !outage && repeat == Repeat.FREELY) {
                outage = true;
                LOG.atWarn()
                        .addKeyValue("endpoints", endpoints)
                        .addKeyValue("error", last.text())
                        .log("etcd gives no usable answer");
            }
            promise.tryFail(new EtcdCallException(new Trouble(kind, last.text()), message));
        }
    }

    /** The message of a failure, without its type. */
    static String text(@Nullable Throwable failure) {
        return failure == null || failure.getMessage() == null
                ? String.valueOf(failure)
                : failure.getMessage();
    }
}
