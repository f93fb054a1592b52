package io.kumki.dcs.etcd;

import io.grpc.Attributes;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientStreamTracer;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One request on one channel with a deadline, and at most one answer: unary calls, and a keep-alive
 * as a stream of one message (half-closed at once, so that nothing of it stays behind in etcd).
 *
 * @param <A> the answer
 */
final class OneShot<A> extends ClientCall.Listener<A> {

    /** Told exactly once, on a gRPC thread: hand over, don't work here. */
    interface Outcome<A> {
        void answered(A answer);

        /**
         * @param sent whether the request may have left this process
         */
        void failed(Status status, boolean sent);
    }

    static final Metadata.Key<String> TOKEN =
            Metadata.Key.of("token", Metadata.ASCII_STRING_MARSHALLER);
    static final Metadata.Key<String> HAS_LEADER =
            Metadata.Key.of("hasleader", Metadata.ASCII_STRING_MARSHALLER);

    private final Outcome<A> outcome;
    private final Departure departure = new Departure();
    private @Nullable A answer;

    private OneShot(Outcome<A> outcome) {
        this.outcome = outcome;
    }

    static <Q, A> void send(
            Channel channel,
            MethodDescriptor<Q, A> method,
            Q request,
            Optional<String> token,
            Duration deadline,
            Outcome<A> outcome) {
        OneShot<A> shot = new OneShot<>(outcome);
        CallOptions options =
                CallOptions.DEFAULT
                        .withDeadlineAfter(deadline.toNanos(), TimeUnit.NANOSECONDS)
                        .withStreamTracerFactory(shot.departure);
        ClientCall<Q, A> call = channel.newCall(method, options);
        call.start(shot, headers(token));
        call.request(2);
        call.sendMessage(request);
        call.halfClose();
    }

    /** What every request carries: the token, and the wish for "no leader" as a quick answer. */
    static Metadata headers(Optional<String> token) {
        Metadata headers = new Metadata();
        headers.put(HAS_LEADER, "true");
        token.ifPresent(text -> headers.put(TOKEN, text));
        return headers;
    }

    @Override
    public void onMessage(A message) {
        answer = message;
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
        A message = answer;
        if (message != null) {
            outcome.answered(message);
        } else if (status.isOk()) {
            outcome.failed(Status.INTERNAL.withDescription("closed without an answer"), true);
        } else {
            outcome.failed(status, departure.departed);
        }
    }

    /**
     * Notes whether the call ever got onto a connection: before that nothing can have been sent.
     */
    private static final class Departure extends ClientStreamTracer.Factory {

        private volatile boolean departed;

        @Override
        public ClientStreamTracer newClientStreamTracer(
                ClientStreamTracer.StreamInfo info, Metadata headers) {
            return new ClientStreamTracer() {
                @Override
                public void streamCreated(Attributes transport, Metadata metadata) {
                    departed = true;
                }
            };
        }
    }
}
