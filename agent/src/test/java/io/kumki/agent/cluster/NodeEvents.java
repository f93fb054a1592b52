package io.kumki.agent.cluster;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;

/** What a node tells its subscribers. */
final class NodeEvents implements AutoCloseable {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<String> TOLD =
            List.of("role", "state", "leader", "operation", "outcome", "rule", "reason", "percent");

    private final HttpClient client = HttpClient.newHttpClient();
    final List<String> seen = new CopyOnWriteArrayList<>();
    final List<String> ids = new CopyOnWriteArrayList<>();

    private NodeEvents(TestNode node, String lastEventId) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(node.url("/events")));
        if (!lastEventId.isEmpty()) {
            request.header("Last-Event-ID", lastEventId);
        }
        HttpResponse<Stream<String>> response =
                client.send(request.build(), HttpResponse.BodyHandlers.ofLines());
        Thread.startVirtualThread(() -> {
            try (Stream<String> lines = response.body()) {
                lines.forEach(this::line);
            } catch (UncheckedIOException e) {
                seen.add("end");
            }
        });
    }

    static NodeEvents of(TestNode node) throws Exception {
        return new NodeEvents(node, "");
    }

    static NodeEvents after(TestNode node, String lastEventId) throws Exception {
        return new NodeEvents(node, lastEventId);
    }

    private void line(String line) {
        if (line.startsWith("id: ")) {
            ids.add(line.substring(4));
        } else if (line.startsWith("event: ")) {
            seen.add(line.substring(7));
        } else if (line.startsWith("data: ")) {
            seen.set(seen.size() - 1, seen.getLast() + told(line.substring(6)));
        }
    }

    /** Such as {@code leader leader=null}. */
    private static String told(String data) {
        try {
            JsonNode json = JSON.readTree(data);
            StringBuilder text = new StringBuilder();
            TOLD.stream()
                    .filter(json::has)
                    .forEach(name ->
                            text.append(' ')
                                    .append(name)
                                    .append('=')
                                    .append(json.path(name).asText()));
            return text.toString();
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(new IOException("no JSON: " + data, e));
        }
    }

    /** Waits for all of these, in this order. */
    void await(java.time.Duration limit, String... inOrder) {
        Await.until(
                "events " + List.of(inOrder),
                limit,
                () -> {
                    int found = 0;
                    for (String event : seen) {
                        if (found < inOrder.length && event.startsWith(inOrder[found])) {
                            found++;
                        }
                    }
                    return found == inOrder.length;
                },
                () -> String.join("\n", seen));
    }

    @Override
    public void close() {
        client.shutdownNow();
    }
}
