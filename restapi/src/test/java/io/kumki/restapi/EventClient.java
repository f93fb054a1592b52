package io.kumki.restapi;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A subscriber of {@code /events}, over a real socket. */
final class EventClient implements AutoCloseable {

    private static final int PATIENCE_SECONDS = 20;

    private final HttpClient client = HttpClient.newHttpClient();
    private final HttpResponse<Stream<String>> response;
    private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();
    final AtomicInteger comments = new AtomicInteger();
    volatile boolean ended;

    /** As it came over the wire. */
    record Event(String id, String type, Map<String, @Nullable Object> data) {}

    private EventClient(HttpRequest request) {
        try {
            response = client.send(request, BodyHandlers.ofLines());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
        Thread.startVirtualThread(this::read);
    }

    static EventClient open(Api api) {
        return open(api, "");
    }

    static EventClient open(Api api, String lastEventId) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(
                        URI.create("http://127.0.0.1:" + api.server.port() + "/events"));
        if (!lastEventId.isEmpty()) {
            request.header("Last-Event-ID", lastEventId);
        }
        return new EventClient(request.build());
    }

    int status() {
        return response.statusCode();
    }

    String header(String name) {
        return response.headers().firstValue(name).orElse("");
    }

    private void read() {
        List<String> lines = new ArrayList<>();
        try (Stream<String> body = response.body()) {
            body.forEach(line -> {
                if (line.startsWith(":")) {
                    comments.incrementAndGet();
                } else if (!line.isEmpty()) {
                    lines.add(line);
                } else if (!lines.isEmpty()) {
                    add(List.copyOf(lines));
                    lines.clear();
                }
            });
        } catch (UncheckedIOException e) {
            // the connection was cut, as some tests want it
        } finally {
            ended = true;
        }
    }

    private void add(List<String> lines) {
        if (lines.size() == 3) {
            events.add(
                    new Event(
                            value(lines.get(0), "id"),
                            value(lines.get(1), "event"),
                            Json.object(
                                            io.vertx.core.buffer.Buffer.buffer(
                                                    value(lines.get(2), "data")))
                                    .orElseThrow()));
        }
    }

    private static String value(String line, String field) {
        if (!line.startsWith(field + ": ")) {
            throw new AssertionError("no " + field + ": " + line);
        }
        return line.substring(field.length() + 2);
    }

    /** The next event; fails if none comes. */
    Event next() {
        try {
            Event event = events.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
            if (event == null) {
                throw new AssertionError("no event within " + PATIENCE_SECONDS + " s");
            }
            return event;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** None has come yet. */
    boolean quiet() {
        return events.isEmpty();
    }

    @Override
    public void close() {
        client.shutdownNow();
    }
}
