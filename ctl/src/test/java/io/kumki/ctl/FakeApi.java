package io.kumki.ctl;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** Stands in for the REST API of all members: gives prepared answers, keeps what it was asked. */
public final class FakeApi implements AutoCloseable {

    /** What was asked. */
    public record Asked(
            String request, String body, Optional<String> authorization, boolean contentType) {}

    private record Answer(int status, String body) {}

    private final HttpServer server;
    private final Map<String, Answer> answers = new ConcurrentHashMap<>();
    private final List<Asked> asked = new CopyOnWriteArrayList<>();

    public FakeApi() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::answer);
        server.start();
    }

    public String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    /**
     * @param request such as {@code POST /restart}
     */
    public FakeApi answers(String request, int status, String body) {
        answers.put(request, new Answer(status, body));
        return this;
    }

    /** Requests with their bodies, in order. */
    public List<String> requests() {
        List<String> texts = new ArrayList<>();
        asked.forEach(one -> texts.add((one.request() + " " + one.body()).strip()));
        return texts;
    }

    public List<Asked> asked() {
        return asked;
    }

    private void answer(HttpExchange exchange) throws IOException {
        String request = exchange.getRequestMethod() + " " + exchange.getRequestURI().getPath();
        String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        asked.add(
                new Asked(
                        request,
                        body,
                        Optional.ofNullable(exchange.getRequestHeaders().getFirst("Authorization")),
                        exchange.getRequestHeaders().containsKey("Content-Type")));
        Answer answer = answers.getOrDefault(request, new Answer(501, "no answer prepared"));
        byte[] bytes = answer.body().getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(answer.status(), bytes.length == 0 ? -1 : bytes.length);
        try (OutputStream out = exchange.getResponseBody()) {
            out.write(bytes);
        }
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
