import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
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
import java.time.LocalTime;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/** A three-node cluster with one etcd on loopback, out of the distribution; for the demonstration and the benchmarks. */
final class LocalCluster implements AutoCloseable {

    static final Duration HEALTHY_LIMIT = Duration.ofSeconds(120);
    static final Duration STOP_LIMIT = Duration.ofSeconds(20);
    static final String PASSWORD = "demo";

    final Path distribution;
    final Path home;
    final List<Node> nodes = new ArrayList<>();
    private final List<String> asUser;
    private final HttpClient http =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(1)).build();
    private final ObjectMapper json = new ObjectMapper();
    private Process etcd;
    int etcdPort;

    record Node(String name, int restPort, int pgPort, Path dir, Process[] agent) {
        Path data() {
            return dir.resolve("data");
        }

        String rest() {
            return "http://127.0.0.1:" + restPort;
        }

        Path config() {
            return dir.resolve("node.yml");
        }
    }

    /**
     * @param asUser command prefix that drops root; empty for an ordinary user
     */
    LocalCluster(Path distribution, Path home, List<String> asUser) {
        this.distribution = distribution;
        this.home = home;
        this.asUser = asUser;
    }

    /** Starts etcd and three nodes and waits until the cluster is healthy. */
    void start() throws IOException {
        startEtcd();
        for (int i = 1; i <= 3; i++) {
            nodes.add(startNode("n" + i, 8007 + i, 5431 + i));
        }
        await("a healthy cluster", HEALTHY_LIMIT, this::healthy);
    }

    /** Starts a node's agent (again). */
    void startAgent(Node node) throws IOException {
        node.agent()[0] =
                run(
                        node.dir().resolve("agent.log"),
                        List.of(
                                distribution.resolve("bin/kumki").toString(),
                                node.config().toString()));
    }

    /** As if the machine died: agent and server at once. */
    void killNode(Node node) {
        Optional<Long> postmaster = postmaster(node);
        node.agent()[0].destroyForcibly();
        postmaster.ifPresent(pid -> kill("-KILL", pid));
    }

    private void startEtcd() throws IOException {
        etcdPort = port(2379);
        int peerPort = port(2380);
        Path dir = home.resolve("etcd");
        Files.createDirectories(dir);
        own(dir);
        String client = "http://127.0.0.1:" + etcdPort;
        String peer = "http://127.0.0.1:" + peerPort;
        etcd =
                run(
                        dir.resolve("etcd.log"),
                        List.of(
                                "etcd",
                                "--name=demo",
                                "--data-dir=" + dir.resolve("data"),
                                "--listen-client-urls=" + client,
                                "--advertise-client-urls=" + client,
                                "--listen-peer-urls=" + peer,
                                "--initial-advertise-peer-urls=" + peer,
                                "--initial-cluster=demo=" + peer));
        await("etcd", Duration.ofSeconds(20), () -> status(client + "/health") == 200);
    }

    private Node startNode(String name, int preferredRest, int preferredPg) throws IOException {
        Path dir = home.resolve(name);
        Files.createDirectories(dir);
        Node node = new Node(name, port(preferredRest), port(preferredPg), dir, new Process[1]);
        Files.writeString(node.config(), config(node));
        own(dir);
        startAgent(node);
        return node;
    }

    private String config(Node node) {
        return """
        scope: demo
        name: %1$s
        restapi:
          listen: 127.0.0.1:%2$d
          connect_address: 127.0.0.1:%2$d
        etcd3:
          hosts: 127.0.0.1:%3$d
        bootstrap:
          dcs:
            ttl: 20
            loop_wait: 2
            retry_timeout: 5
            postgresql:
              use_pg_rewind: true
              remove_data_directory_on_rewind_failure: true
              remove_data_directory_on_diverged_timelines: true
          initdb:
            - encoding: UTF8
            - data-checksums
        postgresql:
          listen: 127.0.0.1:%4$d
          connect_address: 127.0.0.1:%4$d
          data_dir: %5$s
          bin_dir: %6$s
          pgpass: %7$s
          authentication:
            superuser: {username: postgres, password: %8$s}
            replication: {username: replicator, password: %8$s}
            rewind: {username: rewinder, password: %8$s}
          pg_hba:
            - host all all 127.0.0.1/32 scram-sha-256
            - host replication replicator 127.0.0.1/32 scram-sha-256
          parameters:
            unix_socket_directories: ''
        """
                .formatted(
                        node.name(),
                        node.restPort(),
                        etcdPort,
                        node.pgPort(),
                        node.data(),
                        binDir(),
                        node.dir().resolve("pgpass"),
                        PASSWORD);
    }

    /** The newest PostgreSQL that Debian has installed. */
    private static Path binDir() {
        try (Stream<Path> majors = Files.list(Path.of("/usr/lib/postgresql"))) {
            return majors.map(major -> major.resolve("bin"))
                    .filter(bin -> Files.isExecutable(bin.resolve("postgres")))
                    .max(Comparator.comparingInt(bin -> major(bin.getParent())))
                    .orElseThrow(() -> new IllegalStateException("no PostgreSQL server below /usr/lib/postgresql"));
        } catch (IOException e) {
            throw new IllegalStateException("no PostgreSQL server below /usr/lib/postgresql");
        }
    }

    private static int major(Path dir) {
        String name = dir.getFileName().toString();
        return name.matches("[0-9]+") ? Integer.parseInt(name) : 0;
    }

    // ---- watching ------------------------------------------------------------------------------------------------------

    boolean healthy() {
        Map<String, String> members = members();
        return members.size() == nodes.size()
                && members.values().stream().filter(text -> text.startsWith("leader running")).count()
                        == 1
                && members.values().stream().filter(text -> text.contains("streaming")).count()
                        == nodes.size() - 1
                && leader().isPresent();
    }

    /** Member name to {@code role state, timeline}; empty if no node answers. */
    Map<String, String> members() {
        for (Node node : nodes) {
            Optional<JsonNode> cluster = get(node.rest() + "/cluster");
            if (cluster.isPresent()) {
                Map<String, String> members = new LinkedHashMap<>();
                for (JsonNode member : cluster.get().path("members")) {
                    members.put(
                            member.path("name").asText(),
                            member.path("role").asText()
                                    + " "
                                    + member.path("state").asText()
                                    + ", timeline "
                                    + member.path("timeline").asText("unknown"));
                }
                return members;
            }
        }
        return Map.of();
    }

    Optional<Node> leader() {
        return nodes.stream().filter(node -> status(node.rest() + "/primary") == 200).findFirst();
    }

    void execute(Node node, String sql) throws SQLException {
        try (Connection connection = connect(node);
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    Connection connect(Node node) throws SQLException {
        return DriverManager.getConnection(
                "jdbc:postgresql://127.0.0.1:"
                        + node.pgPort()
                        + "/postgres?connectTimeout=2&socketTimeout=5&loginTimeout=3",
                "postgres",
                PASSWORD);
    }

    // ---- ending --------------------------------------------------------------------------------------------------------

    /** Ends everything that was started; may be called twice. */
    @Override
    public synchronized void close() {
        if (etcd == null) {
            return;
        }
        for (Node node : nodes) {
            terminate(node.agent()[0]);
        }
        for (Node node : nodes) {
            if (!waitFor(node.agent()[0], STOP_LIMIT)) {
                node.agent()[0].destroyForcibly();
            }
            postmaster(node).ifPresent(pid -> kill("-QUIT", pid));
        }
        terminate(etcd);
        if (!waitFor(etcd, STOP_LIMIT)) {
            etcd.destroyForcibly();
        }
        etcd = null;
    }

    private static void terminate(Process process) {
        if (process != null) {
            process.destroy();
        }
    }

    /** The server's process, if it lives and works in the node's data directory. */
    static Optional<Long> postmaster(Node node) {
        try {
            long pid = Long.parseLong(Files.readAllLines(node.data().resolve("postmaster.pid")).getFirst().strip());
            Path cwd = Files.readSymbolicLink(Path.of("/proc/" + pid + "/cwd"));
            return cwd.equals(node.data().toRealPath()) ? Optional.of(pid) : Optional.empty();
        } catch (IOException | NumberFormatException e) {
            return Optional.empty();
        }
    }

    static void kill(String signal, long pid) {
        try {
            waitFor(new ProcessBuilder("kill", signal, Long.toString(pid)).start(), Duration.ofSeconds(5));
        } catch (IOException e) {
            System.err.println("demo: can't signal process " + pid + ": " + e.getMessage());
        }
    }

    private static boolean waitFor(Process process, Duration limit) {
        try {
            return process == null || process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    // ---- tools ---------------------------------------------------------------------------------------------------------

    /** In a session of its own: Ctrl-C in the terminal is for the demo, which then ends everything in order. */
    private Process run(Path log, List<String> command) throws IOException {
        List<String> whole = new ArrayList<>(List.of("setsid"));
        whole.addAll(asUser);
        whole.addAll(command);
        return new ProcessBuilder(whole)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .directory(home.toFile())
                .start();
    }

    /** Gives a directory to the user that the servers run as. */
    private void own(Path dir) throws IOException {
        if (!asUser.isEmpty()) {
            waitFor(
                    new ProcessBuilder("chown", "-R", "postgres:postgres", dir.toString()).start(),
                    Duration.ofSeconds(10));
        }
    }

    /** The preferred port if nobody has it, else any free one. */
    private static int port(int preferred) {
        for (int candidate : new int[] {preferred, 0}) {
            try (ServerSocket socket =
                    new ServerSocket(candidate, 1, InetAddress.getLoopbackAddress())) {
                return socket.getLocalPort();
            } catch (IOException taken) {
                if (candidate == 0) {
                    throw new IllegalStateException("no free port on loopback");
                }
            }
        }
        throw new IllegalStateException("no free port on loopback");
    }

    Optional<JsonNode> get(String url) {
        try {
            HttpResponse<String> response = http.send(request(url), HttpResponse.BodyHandlers.ofString());
            return response.statusCode() == 200
                    ? Optional.of(json.readTree(response.body()))
                    : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }

    int status(String url) {
        try {
            return http.send(request(url), HttpResponse.BodyHandlers.discarding()).statusCode();
        } catch (IOException e) {
            return 0;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return 0;
        }
    }

    private static HttpRequest request(String url) {
        return HttpRequest.newBuilder(URI.create(url)).timeout(Duration.ofSeconds(3)).build();
    }

    void await(String what, Duration limit, BooleanSupplier reached) {
        long deadline = System.nanoTime() + limit.toNanos();
        while (!reached.getAsBoolean()) {
            if (System.nanoTime() - deadline > 0) {
                throw new IllegalStateException(
                        "no " + what + " within " + limit.toSeconds() + " s; members: " + members());
            }
            try {
                Thread.sleep(50);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted");
            }
        }
    }
}
