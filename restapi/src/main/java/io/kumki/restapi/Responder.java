package io.kumki.restapi;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Map;

/** Turns answers into bytes. Used on one event loop. */
final class Responder {

    /** How long a client that is still sending may take to see why it's being cut off. */
    private static final long LINGER_MILLIS = 2_000;

    /** Bytes already: they go out with each answer. */
    private static final CharSequence ORIGINAL =
            HttpHeaders.createOptimized("Kumki/" + Versions.own());

    private static final CharSequence MINIMAL =
            HttpHeaders.createOptimized("Patroni/" + Versions.WIRE);
    private static final CharSequence PRODUCT = HttpHeaders.createOptimized("Patroni");
    private static final CharSequence JSON = HttpHeaders.createOptimized(Answer.JSON);

    private final Vertx vertx;
    private final InstantSource clock;
    private long dateSecond = -1;
    private CharSequence date = "";

    Responder(Vertx vertx, InstantSource clock) {
        this.vertx = vertx;
        this.clock = clock;
    }

    /** Completes when the answer is handed to the network, or can't be any more. */
    Future<Void> send(HttpServerRequest request, Answer answer, RestConfig config) {
        HttpServerResponse response = request.response();
        if (response.ended() || response.closed()) {
            return Future.succeededFuture();
        }
        response.setStatusCode(answer.status());
        return switch (answer) {
            case Answer.Bare _ -> response.end();
            case Answer.Document document -> {
                common(response, config);
                document.headers().forEach(response::putHeader);
                response.putHeader(
                        HttpHeaders.CONTENT_TYPE,
                        document.contentType().equals(Answer.JSON) ? JSON : document.contentType());
                extra(response, config);
                boolean cutOff = document.status() == 413 || document.status() == 408;
                yield cutOff
                        ? endAndClose(request, document.body())
                        : response.end(document.body());
            }
            case Answer.Stream stream -> {
                common(response, config);
                stream.headers().forEach(response::putHeader);
                response.putHeader(HttpHeaders.CONTENT_TYPE, stream.contentType());
                extra(response, config);
                response.setChunked(true);
                stream.body().accept(request);
                yield Future.succeededFuture();
            }
            case Answer.Page page -> {
                common(response, config);
                page.reason().ifPresent(response::setStatusMessage);
                response.putHeader(HttpHeaders.CONTENT_TYPE, "text/html;charset=utf-8");
                yield endAndClose(request, html(page, response.getStatusMessage()));
            }
        };
    }

    private Future<Void> endAndClose(HttpServerRequest request, Buffer body) {
        HttpServerResponse response = request.response();
        response.putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
        return response.end(body)
                .onComplete(_ -> {
                    if (request.isEnded()) {
                        request.connection().close();
                    } else {
                        vertx.setTimer(LINGER_MILLIS, _ -> request.connection().close());
                    }
                });
    }

    private void common(HttpServerResponse response, RestConfig config) {
        response.putHeader(HttpHeaders.SERVER, server(config.appearance().serverTokens()));
        response.putHeader(HttpHeaders.DATE, date());
    }

    private static CharSequence server(RestConfig.ServerTokens tokens) {
        return switch (tokens) {
            case ORIGINAL -> ORIGINAL;
            case MINIMAL -> MINIMAL;
            case PRODUCTONLY -> PRODUCT;
        };
    }

    private CharSequence date() {
        long second = clock.millis() / 1000;
        if (second != dateSecond) {
            dateSecond = second;
            date =
                    HttpHeaders.createOptimized(
                            DateTimeFormatter.RFC_1123_DATE_TIME.format(
                                    clock.instant().atOffset(ZoneOffset.UTC)));
        }
        return date;
    }

    private static void extra(HttpServerResponse response, RestConfig config) {
        RestConfig.Appearance appearance = config.appearance();
        boolean tls = config.tls().isPresent();
        for (Map.Entry<String, String> header : appearance.httpHeaders().entrySet()) {
            if (!tls || !names(appearance.httpsHeaders(), header.getKey())) {
                response.headers().add(header.getKey(), header.getValue());
            }
        }
        if (tls) {
            appearance.httpsHeaders().forEach(response.headers()::add);
        }
    }

    private static boolean names(Map<String, String> headers, String name) {
        return headers.keySet().stream().anyMatch(name::equalsIgnoreCase);
    }

    private static Buffer html(Answer.Page page, String reason) {
        return Buffer.buffer(
                """
                <!DOCTYPE html>
                <html><head><meta charset="utf-8"><title>Error response</title></head>
                <body><h1>Error response</h1><p>Error code: %d</p><p>Message: %s.</p>
                <p>Error code explanation: %s.</p></body></html>
                """
                        .formatted(
                                page.status(),
                                Answer.shown(reason),
                                Answer.shown(page.explanation())));
    }
}
