package io.kumki.agent.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What an agent does with bad input, as a process: a clear message, no stack trace as the answer,
 * no data touched.
 */
@Timeout(150)
class BadInputIT {

    private static final Duration LIMIT = Duration.ofSeconds(60);

    @Test
    void unusableConfigurationNamesEveryMistakeAndTouchesNothing() throws Exception {
        try (TestCluster cluster = TestCluster.prepare(1, TestCluster.Settings.USUAL)) {
            TestNode node = cluster.nodes.getFirst();
            node.writeConfig("scope: [unclosed\nname: x\n");
            assertThat(failsToStart(node)).contains("node.yml").contains("line");
            node.writeConfig(
                    cluster.yaml(node)
                            .replace("name: n1", "name: ''")
                            .replace("listen: 127.0.0.1:" + node.restPort, "listen: nowhere"));
            String log = failsToStart(node);
            assertThat(log).contains("restapi.listen").contains("nowhere").contains("name");
            assertThat(log).doesNotContain("\tat ");
            assertThat(node.data()).doesNotExist();
        }
    }

    /** Read-only and full volumes need a mount, which an ordinary user can't make. */
    @Test
    void aDataDirectoryThatWillNotDoIsNamedWithTheRemedy() throws Exception {
        try (TestCluster cluster = TestCluster.prepare(1, TestCluster.Settings.USUAL)) {
            TestNode node = cluster.nodes.getFirst();
            String yaml = cluster.yaml(node);
            String own = node.data().toString();
            node.writeConfig(yaml.replace("data_dir: " + own, "data_dir: /kumki-it/data"));
            assertThat(failsToStart(node))
                    .contains("can't be made in /, which belongs to root", "install -d -o");
            node.writeConfig(yaml.replace("data_dir: " + own, "data_dir: /usr"));
            assertThat(failsToStart(node)).contains("it belongs to root", "chown -R");
            node.writeConfig(yaml.replace("data_dir: " + own, "data_dir: /etc/passwd/data"));
            assertThat(failsToStart(node)).contains("/etc/passwd is no directory");
            node.writeConfig(yaml);
            Files.createDirectories(node.data());
            Files.writeString(node.data().resolve("PG_VERSION"), "13\n");
            assertThat(failsToStart(node))
                    .contains("holds a cluster of PostgreSQL 13, but the program is PostgreSQL 15")
                    .contains("postgresql.bin_dir", "pg_upgrade")
                    .doesNotContain("\tat ");
            assertThat(cluster.etcd.ctl("get", "--prefix", "--keys-only", "/service/"))
                    .as("the store is as it was")
                    .isBlank();
        }
    }

    @Test
    void occupiedPortOfTheApiEndsTheAgent() throws Exception {
        try (TestCluster cluster = TestCluster.prepare(1, TestCluster.Settings.USUAL);
                ServerSocket taken = new ServerSocket()) {
            TestNode node = cluster.nodes.getFirst();
            taken.bind(
                    new java.net.InetSocketAddress(
                            InetAddress.getLoopbackAddress(), node.restPort));
            assertThat(failsToStart(node))
                    .contains("Couldn't start a service on '127.0.0.1:" + node.restPort)
                    .contains("restapi.listen");
            assertThat(node.data()).doesNotExist();
        }
    }

    /** Nothing renews its lease any more: the server must not outlive it as a primary. */
    @Test
    void agentThatCannotStartStopsThePrimaryItWouldHaveAdopted() throws Exception {
        try (TestCluster cluster = TestCluster.prepare(1, TestCluster.Settings.USUAL);
                ServerSocket taken = new ServerSocket()) {
            TestNode node = cluster.nodes.getFirst();
            node.start();
            cluster.awaitLeader(LIMIT);
            node.killAgent();
            assertThat(node.postmaster()).isPresent();
            taken.bind(
                    new java.net.InetSocketAddress(
                            InetAddress.getLoopbackAddress(), node.restPort));
            assertThat(failsToStart(node))
                    .contains("Couldn't start a service on '127.0.0.1:" + node.restPort);
            assertThat(node.postmaster()).isEmpty();
        }
    }

    @Test
    void silentEtcdAtStartIsNamedAndWaitedFor() throws Exception {
        try (TestCluster cluster = TestCluster.prepare(1, TestCluster.Settings.USUAL)) {
            TestNode node = cluster.nodes.getFirst();
            cluster.etcd.kill(0);
            node.start();
            awaitLog(node, "etcd can't be reached");
            assertThat(node.logTail()).contains(cluster.etcdHosts());
            assertThat(node.data()).doesNotExist();
            assertThat(node.status("/liveness")).isZero();
            cluster.etcd.restart(0);
            cluster.awaitLeader(LIMIT);
        }
    }

    @Test
    void foreignDataDirectoryIsLeftAlone() throws Exception {
        try (TestCluster cluster = TestCluster.prepare(2, TestCluster.Settings.USUAL)) {
            TestNode first = cluster.nodes.getFirst();
            first.start();
            cluster.awaitLeader(LIMIT);
            TestNode foreign = cluster.nodes.getLast();
            Programs.Result initdb =
                    Programs.run(
                            LIMIT,
                            List.of(
                                    "/usr/lib/postgresql/15/bin/initdb",
                                    "--no-sync",
                                    "-D",
                                    foreign.data().toString()));
            assertThat(initdb.exitCode()).as(initdb.output()).isZero();
            Map<String, Long> before = sizes(foreign.data());
            assertThat(failsToStart(foreign)).contains("belongs to another cluster");
            assertThat(sizes(foreign.data())).isEqualTo(before);
            assertThat(first.leads()).isTrue();
        }
    }

    @Test
    void secondNodeOfOneNameEndsItself() throws Exception {
        try (TestCluster cluster = TestCluster.prepare(2, TestCluster.Settings.USUAL)) {
            TestNode first = cluster.nodes.getFirst();
            first.start();
            cluster.awaitLeader(LIMIT);
            TestNode twin = cluster.nodes.getLast();
            twin.writeConfig(cluster.yaml(twin).replace("name: n2", "name: n1"));
            assertThat(failsToStart(twin))
                    .contains("Can't start; there is already a node named 'n1' running");
            assertThat(first.leads()).isTrue();
        }
    }

    @Test
    void secondAgentOnOneDataDirectoryEndsItselfAndTouchesNothing() throws Exception {
        try (TestCluster cluster = TestCluster.prepare(2, TestCluster.Settings.USUAL)) {
            TestNode first = cluster.nodes.getFirst();
            first.start();
            cluster.awaitLeader(LIMIT);
            Optional<Long> server = first.postmaster();
            String yaml = Files.readString(first.config());
            TestNode again = cluster.nodes.getLast();
            again.writeConfig(
                    yaml.replace("name: n1", "name: zz")
                            .replace(":" + first.restPort, ":" + again.restPort));
            again.runtimeDirectory(first.dir);
            assertThat(failsToStart(again))
                    .contains("postgresql.data_dir = " + first.data())
                    .contains("another kumki agent");
            assertThat(first.postmaster()).isEqualTo(server);
            assertThat(first.leads()).isTrue();
        }
    }

    @Test
    void garbageInEveryKeyIsNamedAndSurvived() throws Exception {
        try (TestCluster cluster = TestCluster.start(2, TestCluster.Settings.USUAL)) {
            TestNode leader = cluster.leader().orElseThrow();
            TestNode replica = cluster.others(leader).getFirst();
            for (String key :
                    List.of(
                            "config",
                            "status",
                            "sync",
                            "history",
                            "failover",
                            "failsafe",
                            "members/" + replica.name,
                            "members/stranger")) {
                cluster.etcd.ctl("put", "/service/it/" + key, "{\"garbage\": [1,");
            }
            for (String key : List.of("config", "sync", "history", "members/stranger")) {
                awaitLog(leader, key);
            }
            cluster.etcd.ctl("del", "/service/it/members/stranger");
            cluster.awaitHealthy();
            assertThat(cluster.leader()).contains(leader);
            leader.execute("CREATE TABLE after_garbage (id int)");
            for (TestNode node : cluster.nodes) {
                for (String path :
                        List.of("/patroni", "/cluster", "/history", "/config", "/metrics")) {
                    assertThat(node.send("GET", path, "").orElseThrow().body())
                            .as(path)
                            .doesNotContain("Exception")
                            .doesNotContain("\tat ");
                }
            }
            assertThat(cluster.etcd.ctl("get", "/service/it/config", "--print-value-only"))
                    .as("the leader writes its own copy over a broken configuration")
                    .contains("\"ttl\":20");
            assertThat(
                            leader.send("PATCH", "/config", "x".repeat(10 << 20))
                                    .map(answer -> answer.statusCode())
                                    .orElse(413))
                    .isEqualTo(413);
            assertThat(leader.leads()).isTrue();
        }
    }

    /** Starts the agent and waits for its end with exit code 1; gives its log. */
    private static String failsToStart(TestNode node) throws IOException {
        Files.deleteIfExists(node.log());
        node.start();
        Await.until(node.name + " to end", LIMIT, () -> !node.agentLives(), node::logTail);
        assertThat(node.exitCode()).as(node.logTail()).isEqualTo(1);
        return Files.readString(node.log());
    }

    private static void awaitLog(TestNode node, String text) {
        Await.until(
                "\"" + text + "\" in the log of " + node.name,
                LIMIT,
                () -> Files.readString(node.log()).contains(text),
                node::logTail);
    }

    private static Map<String, Long> sizes(Path directory) throws IOException {
        Map<String, Long> sizes = new TreeMap<>();
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                sizes.put(
                        directory.relativize(file).toString(),
                        Files.getLastModifiedTime(file).to(TimeUnit.MICROSECONDS));
            }
        }
        return sizes;
    }
}
