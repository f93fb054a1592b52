package io.kumki.image;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;

/** The cluster's members as one of them tells. */
final class Members {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration LIMIT = Duration.ofSeconds(3);
    private static final HttpClient CLIENT = HttpClient.newBuilder().connectTimeout(LIMIT).build();

    /** Role and state by the member's name. */
    final SortedMap<String, String> all = new TreeMap<>();

    private Members() {}

    static Members seenFrom(int restPort) throws IOException {
        Members members = new Members();
        for (JsonNode member : get(restPort, "/cluster").path("members")) {
            members.all.put(
                    member.path("name").asText(),
                    member.path("role").asText() + " " + member.path("state").asText());
        }
        return members;
    }

    static JsonNode get(int restPort, String path) throws IOException {
        return JSON.readTree(text(restPort, path));
    }

    /** The body of an answer. */
    static String text(int restPort, String path) throws IOException {
        URI uri = URI.create("http://127.0.0.1:" + restPort + path);
        try {
            return CLIENT.send(
                            HttpRequest.newBuilder(uri).timeout(LIMIT).build(),
                            HttpResponse.BodyHandlers.ofString())
                    .body();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        }
    }

    Optional<String> leader() {
        return named(role -> role.startsWith("leader running")).stream().findFirst();
    }

    List<String> streaming() {
        return named(role -> role.endsWith(" streaming"));
    }

    private List<String> named(Predicate<String> wanted) {
        return all.entrySet().stream()
                .filter(member -> wanted.test(member.getValue()))
                .map(java.util.Map.Entry::getKey)
                .toList();
    }

    @Override
    public String toString() {
        return all.toString();
    }
}
