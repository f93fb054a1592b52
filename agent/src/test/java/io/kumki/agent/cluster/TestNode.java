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
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;

/** One node of a test cluster: a real agent as a process of its own, with its server. */
final class TestNode {

    static final String PASSWORD = "test-Passw0rd";
    private static final HttpClient HTTP =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(2)).build();
    private static final ObjectMapper JSON = new ObjectMapper();

    final String name;
    private HttpClient http = HTTP;
    private String scheme = "http";
    final int restPort = FreePort.next();
    final int pgPort = FreePort.next();
    final Path dir;
    private final Path config;

    /** Added to the URL of the test's own connections. */
    String jdbcOptions = "";

    private Process agent;
    private Path runtime;
    private Map<String, String> environment = Map.of();

    TestNode(String name, Path home) {
        this.name = name;
        this.dir = home.resolve(name);
        this.config = dir.resolve("node.yml");
        this.runtime = dir;
    }

    /** As if both agents ran on one machine. */
    void runtimeDirectory(Path shared) {
        runtime = shared;
    }

    /** Variables that its agent gets besides the inherited ones. */
    void environment(Map<String, String> variables) {
        environment = variables;
    }

    Path data() {
        return dir.resolve("data");
    }

    Path config() {
        return config;
    }

    void writeConfig(String yaml) {
        try {
            Files.createDirectories(dir);
            Files.writeString(config, yaml);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void start() {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(
                List.of(
                        "-XX:+UseSerialGC",
                        "-Xmx48m",
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+ExitOnOutOfMemoryError",
                        "--sun-misc-unsafe-memory-access=allow",
                        "--enable-native-access=ALL-UNNAMED",
                        "-Dkumki.lease-guard=" + LeaseGuardProgram.PATH,
                        "-Dkumki.runtime-directory=" + runtime,
                        "-cp",
                        System.getProperty("java.class.path"),
                        "io.kumki.agent.Main",
                        config.toString()));
        start(command);
    }

    /** Starts another program as this node's agent, such as a peer's daemon. */
    void start(List<String> command) {
        try {
            ProcessBuilder builder =
                    new ProcessBuilder(command)
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.appendTo(log().toFile()))
                            .directory(dir.toFile());
            builder.environment().putAll(environment);
            agent = builder.start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Path log() {
        return dir.resolve("agent.log");
    }

    boolean agentLives() {
        return agent != null && agent.isAlive();
    }

    int exitCode() {
        return agent.exitValue();
    }

    long agentPid() {
        return agent.pid();
    }

    /** SIGTERM, and the exit code. */
    int stop() {
        agent.destroy();
        try {
            if (!agent.waitFor(60, TimeUnit.SECONDS)) {
                throw new AssertionError(name + " didn't end within 60 s of SIGTERM\n" + logTail());
            }
            return agent.exitValue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        }
    }

    void killAgent() {
        agent.destroyForcibly();
        try {
            agent.waitFor(10, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    void killPostmaster() {
        postmaster().ifPresent(pid -> signal("KILL", pid));
    }

    /** As if the machine died: agent and server at once. */
    void killAll() {
        Optional<Long> pid = postmaster();
        agent.destroyForcibly();
        guard().ifPresent(value -> signal("KILL", value));
        pid.ifPresent(value -> signal("KILL", value));
        killAgent();
    }

    /** The process of the lease guard that last gave a sign of life. */
    Optional<Long> guard() {
        try (Stream<Path> files = Files.list(dir)) {
            for (Path directory : files.filter(Files::isDirectory).toList()) {
                Path sign = directory.resolve("guard");
                if (Files.isReadable(sign)) {
                    long pid = Long.parseLong(Files.readString(sign).strip().split(" +", 2)[0]);
                    return ProcessHandle.of(pid).filter(ProcessHandle::isAlive).map(_ -> pid);
                }
            }
            return Optional.empty();
        } catch (IOException | NumberFormatException _) {
            return Optional.empty();
        }
    }

    void freezeAgent() {
        signal("STOP", agent.pid());
    }

    void thawAgent() {
        signal("CONT", agent.pid());
    }

    static void signal(String signal, long pid) {
        try {
            new ProcessBuilder("kill", "-" + signal, Long.toString(pid)).start().waitFor();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** The server's process, if it lives and works in this node's data directory. */
    Optional<Long> postmaster() {
        try {
            String line = Files.readAllLines(data().resolve("postmaster.pid")).getFirst();
            long pid = Long.parseLong(line.strip());
            Path cwd = Files.readSymbolicLink(Path.of("/proc/" + pid + "/cwd"));
            return cwd.equals(data().toRealPath()) ? Optional.of(pid) : Optional.empty();
        } catch (IOException | NumberFormatException | java.util.NoSuchElementException _) {
            return Optional.empty();
        }
    }

    /** Ends whatever still runs of this node. */
    void end() {
        if (agentLives()) {
            thawAgent();
            killAgent();
        }
        guard().ifPresent(pid -> signal("KILL", pid));
        postmaster().ifPresent(pid -> signal("QUIT", pid));
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(5);
        while (postmaster().isPresent() && System.nanoTime() - deadline < 0) {
            Thread.onSpinWait();
        }
        postmaster().ifPresent(pid -> signal("KILL", pid));
    }

    // ---- REST
    // ----------------------------------------------------------------------------------------------------------

    /** From here on the REST API is asked over TLS, and shown a certificate. */
    void asksOverTls(SSLContext context) {
        scheme = "https";
        http =
                HttpClient.newBuilder()
                        .connectTimeout(Duration.ofSeconds(2))
                        .sslContext(context)
                        .build();
    }

    String url(String path) {
        return scheme + "://127.0.0.1:" + restPort + path;
    }

    /** Status code, 0 if nobody answers. */
    int status(String path) {
        return send("GET", path, "").map(HttpResponse::statusCode).orElse(0);
    }

    JsonNode json(String path) {
        try {
            return JSON.readTree(send("GET", path, "").map(HttpResponse::body).orElse("{}"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Optional<HttpResponse<String>> send(String method, String path, String body) {
        try {
            HttpRequest.Builder request =
                    HttpRequest.newBuilder(URI.create(url(path))).timeout(Duration.ofSeconds(70));
            request.method(
                    method,
                    body.isEmpty()
                            ? HttpRequest.BodyPublishers.noBody()
                            : HttpRequest.BodyPublishers.ofString(body));
            return Optional.of(http.send(request.build(), HttpResponse.BodyHandlers.ofString()));
        } catch (IOException e) {
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }

    /** How many the loop has had since its start. */
    long turns() {
        return send("GET", "/metrics", "")
                .orElseThrow()
                .body()
                .lines()
                .filter(line -> line.startsWith("kumki_loop_turns_total{"))
                .mapToLong(line -> Long.parseLong(line.substring(line.indexOf(' ') + 1)))
                .sum();
    }

    /** By the port: it is another one of the same host. */
    boolean streamsFrom(TestNode other) throws SQLException {
        return query("SELECT sender_port FROM pg_stat_wal_receiver WHERE status = 'streaming'")
                .equals(Integer.toString(other.pgPort));
    }

    boolean leads() {
        return status("/primary") == 200;
    }

    // ---- SQL
    // -----------------------------------------------------------------------------------------------------------

    Connection connect() throws SQLException {
        return connect("postgres", PASSWORD);
    }

    Connection connect(String role, String password) throws SQLException {
        return DriverManager.getConnection(
                "jdbc:postgresql://127.0.0.1:"
                        + pgPort
                        + "/postgres?connectTimeout=2&socketTimeout=5&loginTimeout=3"
                        + jdbcOptions,
                role,
                password);
    }

    void execute(String sql) throws SQLException {
        try (Connection connection = connect();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    String query(String sql) throws SQLException {
        try (Connection connection = connect();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            return rows.next() ? String.valueOf(rows.getString(1)) : "";
        }
    }

    String logText() {
        try {
            return Files.readString(log());
        } catch (IOException e) {
            return name + ": no log: " + e.getMessage();
        }
    }

    /** A row writer tries each node, and the server of a standby complains of each row. */
    private static boolean ofWriter(String line) {
        return line.contains("cannot execute INSERT in a read-only")
                || line.contains("STATEMENT:  INSERT INTO rows");
    }

    String logTail() {
        try {
            List<String> lines =
                    Files.readAllLines(log()).stream().filter(line -> !ofWriter(line)).toList();
            int from = Math.max(0, lines.size() - 60);
            return "---- "
                    + name
                    + " ----\n"
                    + String.join("\n", lines.subList(from, lines.size()));
        } catch (IOException e) {
            return name + ": no log: " + e.getMessage();
        }
    }
}
