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
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Debian's HAProxy with the usual checks sends writes to the leader, whoever that is. */
class HaproxyIT {

    private static final Path HAPROXY = Path.of("/usr/sbin/haproxy");

    @Test
    @Timeout(240)
    void writesFollowTheLeaderThroughSwitchoverAndFailover() throws Exception {
        assumeTrue(Files.isExecutable(HAPROXY), "package haproxy isn't installed");
        try (TestCluster cluster = TestCluster.start(3, TestCluster.Settings.USUAL.withTtl(5))) {
            int port = FreePort.next();
            Process haproxy = start(cluster, port);
            try {
                awaitWritesGoTo(cluster, port);
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
                awaitWritesGoTo(cluster, port);
                cluster.awaitHealthy();
                TestNode second = cluster.leader().orElseThrow();
                second.killAll();
                cluster.awaitLeaderOtherThan(second, Duration.ofSeconds(40));
                awaitWritesGoTo(cluster, port);
            } finally {
                haproxy.destroyForcibly().waitFor();
            }
        }
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

    private static Connection connect(int port) throws Exception {
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

    private static Process start(TestCluster cluster, int port) throws IOException {
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
                                .formatted(port));
        for (TestNode node : cluster.nodes) {
            config.append(
                    "  server %s 127.0.0.1:%d maxconn 100 check port %d%n"
                            .formatted(node.name, node.pgPort, node.restPort));
        }
        Path file = cluster.home().resolve("haproxy.cfg");
        Files.writeString(file, config);
        return new ProcessBuilder(List.of(HAPROXY.toString(), "-db", "-f", file.toString()))
                .redirectErrorStream(true)
                .redirectOutput(cluster.home().resolve("haproxy.log").toFile())
                .start();
    }
}
