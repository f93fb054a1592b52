package io.kumki.restapi;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Reads request bodies: JSON objects of limited size, within limited time. */
final class BodyReader {

    /** No configuration is nearly as long. */
    static final int MAX_BYTES = 1 << 20;

    private static final Duration TIME = Duration.ofSeconds(5);

    private final Vertx vertx;

    BodyReader(Vertx vertx) {
        this.vertx = vertx;
    }

    /**
     * The request must be paused. Fails with a {@link Refusal}; the request then still flows, into
     * nothing.
     */
    Future<Map<String, @Nullable Object>> read(HttpServerRequest request, Endpoint.Body need) {
        if (need == Endpoint.Body.NONE) {
            discard(request);
            return Future.succeededFuture(Map.of());
        }
        if (!hasBody(request)) {
            discard(request);
            return need == Endpoint.Body.OPTIONAL
                    ? Future.succeededFuture(Map.of())
                    : Future.failedFuture(
                            Refusal.page(411, "a Content-Length header is needed here"));
        }
        if (announced(request) > MAX_BYTES) {
            discard(request);
            return Future.failedFuture(tooLarge());
        }
        return collect(request).map(body -> object(body, need));
    }

    private static boolean hasBody(HttpServerRequest request) {
        return request.headers().contains("Content-Length")
                || request.headers().contains("Transfer-Encoding");
    }

    private static long announced(HttpServerRequest request) {
        String length = request.getHeader("Content-Length");
        try {
            return length == null ? 0 : Long.parseLong(length.strip());
        } catch (NumberFormatException e) {
            throw Refusal.page(400, "Content-Length is no number");
        }
    }

    private Future<Buffer> collect(HttpServerRequest request) {
        Promise<Buffer> promise = Promise.promise();
        Buffer body = Buffer.buffer();
        long timer =
                vertx.setTimer(
                        TIME.toMillis(),
                        _ ->
                                promise.tryFail(
                                        Refusal.text(
                                                408,
                                                "the request body didn't arrive within "
                                                        + TIME.toSeconds()
                                                        + " s")));
        request.handler(part -> {
            if (promise.future().isComplete()) {
                return;
            }
            if (body.length() + part.length() > MAX_BYTES) {
                promise.tryFail(tooLarge());
            } else {
                body.appendBuffer(part);
            }
        });
        request.endHandler(_ -> promise.tryComplete(body));
        // a client that leaves isn't our failure, and fills no log
        request.exceptionHandler(
                _ -> promise.tryFail(Refusal.page(400, "the request ended before its body did")));
        request.resume();
        return promise.future().onComplete(_ -> vertx.cancelTimer(timer));
    }

    private static Map<String, @Nullable Object> object(Buffer body, Endpoint.Body need) {
        if (body.length() == 0 && need == Endpoint.Body.OPTIONAL) {
            return Map.of();
        }
        Optional<Map<String, @Nullable Object>> object = Json.object(body);
        if (object.isEmpty()) {
            throw Refusal.page(400, "the request body must be a JSON object");
        }
        if (object.get().isEmpty() && need == Endpoint.Body.REQUIRED) {
            throw Refusal.page(400, "the request body must be a JSON object with some content");
        }
        return object.get();
    }

    /** Lets what still comes go by, so that the client gets round to reading the answer. */
    static void discard(HttpServerRequest request) {
        if (!request.isEnded()) {
            request.handler(_ -> {});
            request.resume();
        }
    }

    private static Refusal tooLarge() {
        return Refusal.text(413, "the request body is larger than " + MAX_BYTES + " bytes");
    }
}
