package io.kumki.agent.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.kumki.dcs.FreePort;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/**
 * Debian's HAProxy with the usual checks sends writes to the leader, whoever that is, and reads to
 * the replicas.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HaproxyIT {

    private static final Path HAPROXY = Path.of("/usr/sbin/haproxy");

    private final int writePort = FreePort.next();
    private final int readPort = FreePort.next();
    private TestCluster cluster;
    private Process haproxy;

    @BeforeAll
    void start() throws Exception {
        assumeTrue(Files.isExecutable(HAPROXY), "package haproxy isn't installed");
        cluster = TestCluster.start(3, TestCluster.Settings.USUAL.withTtl(5));
        haproxy = proxy();
    }

    @AfterAll
    void end() throws Exception {
        if (haproxy != null) {
            haproxy.destroyForcibly().waitFor();
        }
        if (cluster != null) {
            cluster.close();
        }
    }

    @BeforeEach
    void healthy() {
        cluster.nodes.stream().filter(node -> !node.agentLives()).forEach(TestNode::start);
        cluster.awaitHealthy();
        awaitWritesGoTo(cluster, writePort);
    }

    @Test
    @Timeout(240)
    void writesFollowTheLeaderThroughSwitchoverAndFailover() throws Exception {
        TestNode old = cluster.leader().orElseThrow();
        TestNode candidate = cluster.others(old).getFirst();
        assertThat(
                        old.send(
                                        "POST",
                                        "/switchover",
                                        "{\"leader\":\"%s\",\"candidate\":\"%s\"}"
                                                .formatted(old.name, candidate.name))
                                .orElseThrow()
                                .statusCode())
                .isEqualTo(200);
        awaitWritesGoTo(cluster, writePort);
        cluster.awaitHealthy();
        TestNode second = cluster.leader().orElseThrow();
        second.killAll();
        cluster.awaitLeaderOtherThan(second, Duration.ofSeconds(40));
        awaitWritesGoTo(cluster, writePort);
    }

    /** The recipe of docs/read-your-writes.md. */
    @Test
    @Timeout(180)
    void tenThousandReadsOfReplicasSeeTheWriteBeforeThem() throws Exception {
        cluster.leader()
                .orElseThrow()
                .execute(
                        "CREATE TABLE read_back (id int PRIMARY KEY, value int NOT NULL);"
                                + "INSERT INTO read_back SELECT i, 0 FROM generate_series(1, 4) i");
        Await.until(
                "both replicas behind the read port",
                Duration.ofSeconds(30),
                () -> {
                    int one = serverBehind(readPort);
                    int other = serverBehind(readPort);
                    int leader = cluster.leader().orElseThrow().pgPort;
                    return one != other && one != leader && other != leader;
                },
                cluster::describe);
        List<ReadBack> clients = new ArrayList<>();
        List<CompletableFuture<Void>> done = new ArrayList<>();
        try {
            for (int id = 1; id <= 4; id++) {
                ReadBack client = new ReadBack(cluster, id, writePort, readPort);
                clients.add(client);
                done.add(client.start(2_500));
            }
            for (CompletableFuture<Void> one : done) {
                one.get(150, TimeUnit.SECONDS);
            }
        } finally {
            clients.forEach(ReadBack::close);
        }
        assertThat(clients.stream().mapToInt(client -> client.fromReplica.get()).sum())
                .as("reads from replicas, the others from the primary")
                .isGreaterThan(9_000);
        assertThat(clients).allMatch(client -> client.replicas() == 2);
    }

    private static void awaitWritesGoTo(TestCluster cluster, int port) {
        Await.until(
                "writes through HAProxy to reach the leader",
                Duration.ofSeconds(30),
                () -> {
                    Optional<TestNode> leader = cluster.leader();
                    return leader.isPresent()
                            && serverBehind(port) == leader.get().pgPort
                            && writes(port);
                },
                cluster::describe);
    }

    static Connection connect(int port) throws Exception {
        return DriverManager.getConnection(
                "jdbc:postgresql://127.0.0.1:"
                        + port
                        + "/postgres?connectTimeout=2&socketTimeout=5",
                "postgres",
                TestNode.PASSWORD);
    }

    private static int serverBehind(int port) throws Exception {
        try (Connection connection = connect(port);
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SHOW port")) {
            rows.next();
            return rows.getInt(1);
        }
    }

    private static boolean writes(int port) throws Exception {
        try (Connection connection = connect(port);
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE IF NOT EXISTS through_proxy (id int)");
            return statement.executeUpdate("INSERT INTO through_proxy VALUES (1)") == 1;
        }
    }

    private Process proxy() throws IOException {
        StringBuilder config =
                new StringBuilder(
                        """
                        global
                          maxconn 100
                        defaults
                          mode tcp
                          timeout connect 2s
                          timeout client 30s
                          timeout server 30s
                          timeout check 2s
                        listen write
                          bind 127.0.0.1:%d
                          option httpchk OPTIONS /primary
                          http-check expect status 200
                          default-server inter 500ms fall 2 rise 1 on-marked-down shutdown-sessions
                        """
                                .formatted(writePort));
        servers(config);
        config.append(
                """
                listen read
                  bind 127.0.0.1:%d
                  balance roundrobin
                  option httpchk OPTIONS /replica
                  http-check expect status 200
                  default-server inter 500ms fall 2 rise 1 on-marked-down shutdown-sessions
                """
                        .formatted(readPort));
        servers(config);
        Path file = cluster.home().resolve("haproxy.cfg");
        Files.writeString(file, config);
        return new ProcessBuilder(List.of(HAPROXY.toString(), "-db", "-f", file.toString()))
                .redirectErrorStream(true)
                .redirectOutput(cluster.home().resolve("haproxy.log").toFile())
                .start();
    }

    private void servers(StringBuilder config) {
        for (TestNode node : cluster.nodes) {
            config.append(
                    "  server %s 127.0.0.1:%d maxconn 100 check port %d%n"
                            .formatted(node.name, node.pgPort, node.restPort));
        }
    }
}
