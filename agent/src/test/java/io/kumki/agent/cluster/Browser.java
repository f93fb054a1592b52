package io.kumki.agent.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.kumki.dcs.FreePort;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Debian's Chromium without a screen, driven over W3C WebDriver. */
final class Browser implements AutoCloseable {

    static final Path PROGRAM = Path.of("/usr/bin/chromium");
    static final Path DRIVER = Path.of("/usr/bin/chromedriver");

    static final String TAB = "\uE004";
    static final String ENTER = "\uE007";
    static final String ESCAPE = "\uE00C";

    private static final ObjectMapper JSON = new ObjectMapper();

    private final HttpClient http = HttpClient.newHttpClient();
    private final Process driver;
    private final URI server;
    private final String session;

    /**
     * @param home an empty directory for what the two write
     */
    Browser(Path home) {
        int port = FreePort.next();
        server = URI.create("http://127.0.0.1:" + port);
        try {
            ProcessBuilder builder =
                    new ProcessBuilder(DRIVER.toString(), "--port=" + port)
                            .redirectErrorStream(true)
                            .redirectOutput(home.resolve("chromedriver.log").toFile());
            builder.environment().put("HOME", home.toString());
            builder.environment().put("TMPDIR", home.toString());
            driver = builder.start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        try {
            Await.until(
                    "chromedriver to be ready",
                    Duration.ofSeconds(20),
                    () -> call("GET", "/status", Map.of()).path("ready").asBoolean(),
                    () -> "nothing");
            session = "/session/" + begin(home);
        } catch (Throwable failure) {
            end();
            throw failure;
        }
    }

    private String begin(Path home) {
        List<String> arguments =
                List.of(
                        "--headless=new",
                        "--no-sandbox",
                        "--disable-gpu",
                        "--disable-dev-shm-usage",
                        "--no-first-run",
                        "--lang=en",
                        "--user-data-dir=" + home.resolve("profile"),
                        "--window-size=1200,900");
        Map<String, Object> options =
                Map.of(
                        "browserName",
                        "chrome",
                        "goog:loggingPrefs",
                        Map.of("browser", "ALL"),
                        "goog:chromeOptions",
                        Map.of("binary", PROGRAM.toString(), "args", arguments));
        return call("POST", "/session", Map.of("capabilities", Map.of("alwaysMatch", options)))
                .path("sessionId")
                .asText();
    }

    void open(String url) {
        call("POST", session + "/url", Map.of("url", url));
    }

    /** Runs the body of a function in the page. */
    JsonNode run(String script, Object... arguments) {
        return call(
                "POST",
                session + "/execute/sync",
                Map.of("script", script, "args", List.of(arguments)));
    }

    /** What somebody sees of the element with this id. */
    String text(String id) {
        return run("return document.getElementById(arguments[0]).innerText", id).asText();
    }

    /** Id of the element that has the focus; of an element without one its tag. */
    String focused() {
        return run("return document.activeElement.id || document.activeElement.tagName").asText();
    }

    /** Presses and releases each of these keys. */
    void type(String keys) {
        List<Map<String, String>> strokes = new ArrayList<>();
        for (String key : keys.split("", -1)) {
            if (!key.isEmpty()) {
                strokes.add(Map.of("type", "keyDown", "value", key));
                strokes.add(Map.of("type", "keyUp", "value", key));
            }
        }
        Map<String, Object> keyboard = Map.of("type", "key", "id", "keyboard", "actions", strokes);
        call("POST", session + "/actions", Map.of("actions", List.of(keyboard)));
    }

    /** Tab until the element with this id has the focus. */
    void tabTo(String id) {
        List<String> passed = new ArrayList<>();
        while (!focused().equals(id)) {
            passed.add(focused());
            if (passed.size() > 40) {
                throw new AssertionError(id + " isn't reached by Tab, only " + passed);
            }
            type(TAB);
        }
    }

    void colours(String scheme) {
        command(
                "Emulation.setEmulatedMedia",
                Map.of(
                        "features",
                        List.of(Map.of("name", "prefers-color-scheme", "value", scheme))));
    }

    /** As on a phone of this width. */
    void phone(int width) {
        command(
                "Emulation.setDeviceMetricsOverride",
                Map.of("width", width, "height", 700, "deviceScaleFactor", 1, "mobile", true));
    }

    /** The window's own size again. */
    void desktop() {
        command("Emulation.clearDeviceMetricsOverride", Map.of());
    }

    /** Errors and warnings of the console since the last call. */
    List<String> complaints() {
        List<String> said = new ArrayList<>();
        call("POST", session + "/se/log", Map.of("type", "browser"))
                .forEach(line -> said.add(line.path("message").asText()));
        return said;
    }

    void screenshot(Path file) {
        // a dialog and what is behind it fill the window, and no more
        boolean whole = run("return document.querySelector('dialog[open]') === null").asBoolean();
        String data =
                command("Page.captureScreenshot", Map.of("captureBeyondViewport", whole))
                        .path("data")
                        .asText();
        try {
            Files.createDirectories(file.getParent());
            Files.write(file, Base64.getDecoder().decode(data));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private JsonNode command(String name, Map<String, Object> parameters) {
        return call(
                "POST", session + "/goog/cdp/execute", Map.of("cmd", name, "params", parameters));
    }

    private JsonNode call(String method, String path, Map<String, ?> body) {
        try {
            HttpRequest.BodyPublisher content =
                    method.equals("POST")
                            ? HttpRequest.BodyPublishers.ofByteArray(JSON.writeValueAsBytes(body))
                            : HttpRequest.BodyPublishers.noBody();
            HttpRequest request =
                    HttpRequest.newBuilder(server.resolve(path))
                            .timeout(Duration.ofSeconds(60))
                            .method(method, content)
                            .build();
            HttpResponse<byte[]> answer =
                    http.send(request, HttpResponse.BodyHandlers.ofByteArray());
            JsonNode value = JSON.readTree(answer.body()).path("value");
            if (answer.statusCode() != 200) {
                throw new AssertionError(method + " " + path + " " + body + ": " + value);
            }
            return value;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        }
    }

    @Override
    public void close() {
        try {
            call("DELETE", session, Map.of());
        } finally {
            end();
        }
    }

    private void end() {
        List<ProcessHandle> all = new ArrayList<>(driver.descendants().toList());
        all.add(driver.toHandle());
        all.forEach(ProcessHandle::destroyForcibly);
        try {
            driver.waitFor(10, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
