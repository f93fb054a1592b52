package io.kumki.restapi;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/** What a handler says, before it becomes bytes. The contract knows three shapes. */
sealed interface Answer {

    String JSON = "application/json";

    int status();

    /** Only a status: {@code HEAD}, {@code OPTIONS}, {@code /liveness}, {@code /readiness}. */
    record Bare(int status) implements Answer {
        static final Bare OK = new Bare(200);
        static final Bare UNAVAILABLE = new Bare(503);
    }

    /**
     * A body of ours, with the configured extra headers.
     *
     * @param headers special headers of this answer
     */
    record Document(int status, String contentType, Buffer body, Map<String, String> headers)
            implements Answer {}

    /**
     * A body that never ends: its connection isn't cut for being silent.
     *
     * @param body told when the head is set; writes to the response, chunked
     */
    record Stream(String contentType, Map<String, String> headers, Consumer<HttpServerRequest> body)
            implements Answer {
        @Override
        public int status() {
            return 200;
        }
    }

    /**
     * An error page, after which the connection is closed.
     *
     * @param reason in place of the status code's own phrase
     */
    record Page(int status, Optional<String> reason, String explanation) implements Answer {}

    static Answer json(int status, Object value) {
        return json(status, Json.write(value));
    }

    static Answer json(int status, Buffer body) {
        return new Document(status, JSON, body, Map.of());
    }

    static Answer text(int status, String text) {
        return text(status, text, Map.of());
    }

    static Answer text(int status, String text, Map<String, String> headers) {
        return new Document(status, "text/html", Buffer.buffer(text), headers);
    }

    /** What a client sent, for a text that goes out as HTML. */
    static String shown(String given) {
        return given.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }

    static Answer page(int status, String explanation) {
        return new Page(status, Optional.empty(), explanation);
    }

    /** A request that asks for something which no handler and no probe serves. */
    static Answer unsupportedMethod(String method) {
        String shown = method.matches("[A-Za-z]{1,20}") ? method : "?";
        return new Page(
                501,
                Optional.of("Unsupported method ('" + shown + "')"),
                "Server does not support this operation");
    }
}
