package io.kumki.agent.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.dcs.etcd.EtcdProcess;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Every password of a cluster is a word that stands nowhere else, and after a bootstrap, a clone, a
 * rewind, refused and mistaken input, all that others can read is searched for these words.
 */
@Timeout(200)
class SecretsIT {

    private static final String SUPERUSER = "kanari-superuser";
    private static final String REPLICATION = "kanari-replication";
    private static final String REWIND = "kanari-rewind";
    private static final String API = "kanari-restapi";
    private static final String ETCD = "kanari-etcd";
    private static final String WORD = "kanari-";
    private static final String ROOT = "--user=root:pa55";

    private static final Duration SOON = Duration.ofSeconds(60);

    @Test
    void noPasswordIsSeenByOthers() throws Exception {
        EtcdProcess etcd = EtcdProcess.single("--bcrypt-cost=4");
        etcd.ctl("user", "add", "root:pa55");
        etcd.ctl("user", "grant-role", "root", "root");
        etcd.ctl("user", "add", "kumki:" + ETCD);
        etcd.ctl("user", "grant-role", "kumki", "root");
        etcd.ctl("auth", "enable");
        Map<String, String> shown = new TreeMap<>();
        try (TestCluster cluster = TestCluster.prepare(2, TestCluster.Settings.USUAL, etcd);
                CommandLines commandLines = new CommandLines()) {
            for (TestNode node : cluster.nodes) {
                node.writeConfig(withSecrets(cluster.yaml(node)));
            }
            TestNode any = cluster.nodes.getFirst();
            shown.put("--dry-run", agent(any, "--dry-run").output());
            shown.put("--validate-config", agent(any, "--validate-config").output());
            mistakenConfigurations(any, shown);

            cluster.nodes.forEach(TestNode::start);
            Await.until("a leader", SOON, () -> cluster.leader().isPresent(), cluster::describe);
            Await.until("a healthy cluster", SOON, cluster::healthy, cluster::describe);
            TestNode old = cluster.leader().orElseThrow();
            TestNode next = cluster.others(old).getFirst();
            askWithMistakes(old, shown);

            // a rewind, which first can't log in
            old.killAll();
            Await.until("the next leader", SOON, () -> writes(next), cluster::describe);
            execute(next, "ALTER ROLE rewinder PASSWORD 'something else'");
            execute(next, "ALTER ROLE replicator PASSWORD 'something else'");
            TlsIT.diverge(old);
            old.start();
            Await.until(
                    "a refusal",
                    SOON,
                    () -> old.logText().contains("password authentication failed"),
                    cluster::describe);
            execute(next, "ALTER ROLE rewinder PASSWORD '" + REWIND + "'");
            execute(next, "ALTER ROLE replicator PASSWORD '" + REPLICATION + "'");
            Await.until("a healthy cluster", SOON, cluster::healthy, cluster::describe);
            assertThat(old.logText()).contains("pg_rewind");

            for (TestNode node : cluster.nodes) {
                for (String path :
                        List.of(
                                "/patroni",
                                "/cluster",
                                "/config",
                                "/history",
                                "/decisions",
                                "/metrics",
                                "/failsafe")) {
                    shown.put(node.name + path, node.send("GET", path, "").orElseThrow().body());
                }
                shown.put(node.name + " log", node.logText());
            }
            shown.put("etcd", etcd.ctl(ROOT, "get", "--prefix", ""));
            shown.put("command lines", String.join("\n", commandLines.seen));
            assertThat(commandLines.seen)
                    .as("the look at them works")
                    .anyMatch(line -> line.contains("pg_rewind"))
                    .anyMatch(line -> line.contains("pg_basebackup"));
            onlyPrivateFilesHoldThem(cluster);
        }
        assertThat(shown)
                .allSatisfy((where, text) -> {
                    assertThat(text).as(where).isNotEmpty();
                    assertThat(text.lines().filter(line -> line.contains(WORD)))
                            .as(where)
                            .isEmpty();
                });
    }

    private static String withSecrets(String yaml) {
        return yaml.replaceAll(
                        "superuser: \\{.*",
                        "superuser: {username: postgres, password: " + SUPERUSER + "}")
                .replaceAll(
                        "replication: \\{.*",
                        "replication: {username: replicator, password: " + REPLICATION + "}")
                .replaceAll(
                        "rewind: \\{.*", "rewind: {username: rewinder, password: " + REWIND + "}")
                .replace(
                        "restapi:\n",
                        "restapi:\n  authentication: {username: operator, password: " + API + "}\n")
                .replace("etcd3:\n", "etcd3:\n  username: kumki\n  password: " + ETCD + "\n")
                // whatever the server is told to log, statements that hold a password aren't
                .replace(
                        "    shared_buffers: 16MB\n",
                        """
                            shared_buffers: 16MB
                            log_statement: ddl
                            log_replication_commands: true
                            log_connections: true
                        """);
    }

    /** Mistakes just where the secrets stand. */
    private static void mistakenConfigurations(TestNode node, Map<String, String> shown)
            throws IOException {
        String right = Files.readString(node.config());
        Map<String, String> mistakes =
                Map.of(
                        "other types",
                        right.replace(": " + SUPERUSER, ": [" + SUPERUSER + "]")
                                .replace(": " + REPLICATION, ": {x: " + REPLICATION + "}")
                                .replaceAll("rewind: \\{.*", "rewind: " + REWIND)
                                .replace("password: " + API, "passwort: " + API),
                        "no YAML",
                        right.replace(": " + ETCD, ": '" + ETCD));
        for (var mistake : mistakes.entrySet()) {
            node.writeConfig(mistake.getValue());
            shown.put("dry run, " + mistake.getKey(), agent(node, "--dry-run").output());
            shown.put("validation, " + mistake.getKey(), agent(node, "--validate-config").output());
        }
        node.writeConfig(right);
    }

    private static void askWithMistakes(TestNode node, Map<String, String> shown) {
        for (String body :
                List.of("{\"leader\":\"" + node.name + "\",\"candidate\":\"nobody\"}", "{}", "x")) {
            shown.put(
                    "POST /switchover " + body,
                    node.send("POST", "/switchover", body).orElseThrow().body() + " ");
        }
    }

    private static Programs.Result agent(TestNode node, String option) {
        return Programs.run(
                SOON,
                List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx48m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        "io.kumki.agent.Main",
                        option,
                        node.config().toString()));
    }

    private static boolean writes(TestNode node) throws Exception {
        try (var connection = node.connect("postgres", SUPERUSER);
                var statement = connection.createStatement();
                var rows = statement.executeQuery("SELECT pg_is_in_recovery()")) {
            return rows.next() && !rows.getBoolean(1);
        }
    }

    private static void execute(TestNode node, String sql) throws Exception {
        try (var connection = node.connect("postgres", SUPERUSER);
                var statement = connection.createStatement()) {
            statement.execute("SET log_statement = none");
            statement.execute(sql);
        }
    }

    private static void onlyPrivateFilesHoldThem(TestCluster cluster) throws IOException {
        List<Path> holding = new ArrayList<>();
        try (Stream<Path> files = Files.walk(cluster.home())) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                if (new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1)
                        .contains(WORD)) {
                    holding.add(file);
                }
            }
        }
        assertThat(holding)
                .extracting(file -> file.getFileName().toString())
                .containsOnly("node.yml", "pgpass");
        for (Path file : holding) {
            if (file.endsWith("pgpass")) {
                assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                        .isEqualTo("rw-------");
            }
        }
    }

    /** The command lines of all processes of this machine, again and again. */
    private static final class CommandLines implements AutoCloseable {

        final ConcurrentSkipListSet<String> seen = new ConcurrentSkipListSet<>();
        private final AtomicBoolean ends = new AtomicBoolean();
        private final Thread thread = Thread.ofPlatform().start(this::look);

        private void look() {
            while (!ends.get()) {
                try (var processes = Files.newDirectoryStream(Path.of("/proc"), "[1-9]*")) {
                    for (Path process : processes) {
                        add(process);
                    }
                } catch (IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
                LockSupport.parkNanos(5_000_000);
            }
        }

        private void add(Path process) {
            try {
                byte[] line = Files.readAllBytes(process.resolve("cmdline"));
                seen.add(new String(line, StandardCharsets.UTF_8).replace('\0', ' '));
            } catch (IOException gone) {
                // it has ended since
            }
        }

        @Override
        public void close() {
            ends.set(true);
            try {
                thread.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
