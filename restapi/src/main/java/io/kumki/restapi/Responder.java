package io.kumki.restapi;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Map;
import org.jspecify.annotations.Nullable;

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

    /** For the few that are asked for at the same time. */
    private final @Nullable Prepared[] prepared = new Prepared[4];

    private int oldest;

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
                headers(response.headers(), document, config);
                boolean cutOff = document.status() == 413 || document.status() == 408;
                yield cutOff
                        ? endAndClose(request, document.body())
                        : response.end(document.body());
            }
            case Answer.Stream stream -> {
                common(response.headers(), config);
                stream.headers().forEach(response::putHeader);
                response.putHeader(HttpHeaders.CONTENT_TYPE, stream.contentType());
                extra(response.headers(), config);
                response.setChunked(true);
                stream.body().accept(request);
                yield Future.succeededFuture();
            }
            case Answer.Page page -> {
                common(response.headers(), config);
                page.reason().ifPresent(response::setStatusMessage);
                response.putHeader(HttpHeaders.CONTENT_TYPE, "text/html;charset=utf-8");
                yield endAndClose(request, html(page, response.getStatusMessage()));
            }
        };
    }

    /**
     * An answer to HTTP/1.1 on a connection that stays open. As long as the same is said within the
     * same second it is the same bytes: to be duplicated, not to be kept.
     */
    ByteBuf bytes(Answer.Document document, RestConfig config) {
        CharSequence now = date();
        for (Prepared one : prepared) {
            if (one != null && one.is(document, config, now)) {
                return one.bytes();
            }
        }
        Prepared made = new Prepared(document, config, now, written(document, config));
        Prepared before = prepared[oldest];
        if (before != null) {
            before.bytes().release();
        }
        prepared[oldest] = made;
        oldest = (oldest + 1) % prepared.length;
        return made.bytes();
    }

    private ByteBuf written(Answer.Document document, RestConfig config) {
        MultiMap headers = HttpHeaders.headers();
        headers(headers, document, config);
        headers.set(HttpHeaders.CONTENT_LENGTH, Integer.toString(document.body().length()));
        StringBuilder head = new StringBuilder(256);
        head.append("HTTP/1.1 ").append(HttpResponseStatus.valueOf(document.status()));
        headers.forEach(header ->
                head.append("\r\n").append(header.getKey()).append(": ").append(header.getValue()));
        head.append("\r\n\r\n");
        byte[] first = head.toString().getBytes(StandardCharsets.ISO_8859_1);
        // outside the heap: a socket takes it from there without copying it first
        return Unpooled.directBuffer(first.length + document.body().length())
                .writeBytes(first)
                .writeBytes(document.body().getBytes());
    }

    private record Prepared(
            Answer.Document answer, RestConfig config, CharSequence date, ByteBuf bytes) {

        /** Bodies that say the same are kept by who makes them, and comparing them is slow. */
        @SuppressWarnings("ReferenceEquality")
        boolean is(Answer.Document other, RestConfig otherConfig, CharSequence now) {
            return answer.body() == other.body()
                    && answer.status() == other.status()
                    && answer.contentType().equals(other.contentType())
                    && answer.headers().equals(other.headers())
                    && config == otherConfig
                    && date == now;
        }
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

    private void headers(MultiMap headers, Answer.Document document, RestConfig config) {
        common(headers, config);
        document.headers().forEach(headers::set);
        headers.set(
                HttpHeaders.CONTENT_TYPE,
                document.contentType().equals(Answer.JSON) ? JSON : document.contentType());
        extra(headers, config);
    }

    private void common(MultiMap headers, RestConfig config) {
        headers.set(HttpHeaders.SERVER, server(config.appearance().serverTokens()));
        headers.set(HttpHeaders.DATE, date());
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

    private static void extra(MultiMap headers, RestConfig config) {
        RestConfig.Appearance appearance = config.appearance();
        boolean tls = config.tls().isPresent();
        for (Map.Entry<String, String> header : appearance.httpHeaders().entrySet()) {
            if (!tls || !names(appearance.httpsHeaders(), header.getKey())) {
                headers.add(header.getKey(), header.getValue());
            }
        }
        if (tls) {
            appearance.httpsHeaders().forEach(headers::add);
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
