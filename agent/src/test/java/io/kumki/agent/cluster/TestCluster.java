package io.kumki.agent.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import io.kumki.dcs.etcd.EtcdProcess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A real cluster on loopback: etcd, agents and servers as processes; all of them end with it. */
final class TestCluster implements AutoCloseable {

    static final Duration HEALTHY = Duration.ofSeconds(90);

    final EtcdProcess etcd;
    final List<TestNode> nodes = new ArrayList<>();
    private final Path home;
    private final Settings settings;

    /** What differs from the usual: {@code ttl: 20, loop_wait: 2, retry_timeout: 5}. */
    record Settings(int ttl, int loopWait, int retryTimeout, String extraDcs, String tags) {
        static final Settings USUAL = new Settings(20, 2, 5, "", "");

        Settings withTtl(int seconds) {
            return new Settings(seconds, 1, 3, extraDcs, tags);
        }
    }

    private TestCluster(EtcdProcess etcd, Path home, Settings settings) {
        this.etcd = etcd;
        this.home = home;
        this.settings = settings;
    }

    static TestCluster prepare(int nodes, Settings settings) {
        return prepare(nodes, settings, EtcdProcess.single());
    }

    static TestCluster prepare(int nodes, Settings settings, EtcdProcess etcd) {
        try {
            Path home = Files.createTempDirectory("kumki-it");
            TestCluster cluster = new TestCluster(etcd, home, settings);
            for (int i = 1; i <= nodes; i++) {
                cluster.addNode("n" + i);
            }
            return cluster;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static TestCluster start(int nodes, Settings settings) {
        return start(nodes, settings, EtcdProcess.single());
    }

    static TestCluster start(int nodes, Settings settings, EtcdProcess etcd) {
        TestCluster cluster = prepare(nodes, settings, etcd);
        try {
            cluster.nodes.forEach(TestNode::start);
            cluster.awaitHealthy();
            return cluster;
        } catch (Throwable failure) {
            cluster.close();
            throw failure;
        }
    }

    TestNode addNode(String name) {
        TestNode node = new TestNode(name, home);
        node.writeConfig(yaml(node));
        nodes.add(node);
        return node;
    }

    String yaml(TestNode node) {
        return """
        scope: it
        name: %1$s
        restapi:
          listen: 127.0.0.1:%2$d
          connect_address: 127.0.0.1:%2$d
        etcd3:
          hosts: %3$s
        bootstrap:
          dcs:
            ttl: %4$d
            loop_wait: %5$d
            retry_timeout: %6$d
        %7$s
            postgresql:
              use_pg_rewind: true
              remove_data_directory_on_rewind_failure: true
              remove_data_directory_on_diverged_timelines: true
              parameters:
                max_connections: 50
          initdb:
            - encoding: UTF8
            - data-checksums
            - no-sync
        postgresql:
          listen: 127.0.0.1:%8$d
          connect_address: 127.0.0.1:%8$d
          data_dir: %9$s
          bin_dir: /usr/lib/postgresql/15/bin
          pgpass: %10$s
          authentication:
            superuser: {username: postgres, password: %11$s}
            replication: {username: replicator, password: %11$s}
            rewind: {username: rewinder, password: %11$s}
          pg_hba:
            - host all all 127.0.0.1/32 scram-sha-256
            - host replication replicator 127.0.0.1/32 scram-sha-256
          parameters:
            unix_socket_directories: ''
            fsync: "off"
            shared_buffers: 16MB
        %12$s
        """
                .formatted(
                        node.name,
                        node.restPort,
                        etcdHosts(),
                        settings.ttl(),
                        settings.loopWait(),
                        settings.retryTimeout(),
                        settings.extraDcs().indent(4).stripTrailing(),
                        node.pgPort,
                        node.data(),
                        node.dir.resolve("pgpass"),
                        TestNode.PASSWORD,
                        settings.tags());
    }

    String etcdHosts() {
        return etcd.endpoints().stream()
                .map(uri -> uri.getHost() + ":" + uri.getPort())
                .collect(Collectors.joining(","));
    }

    Path home() {
        return home;
    }

    /** One leads, and all others stream from it. */
    void awaitHealthy() {
        Await.until("a healthy cluster", HEALTHY, this::healthy, this::describe);
    }

    boolean healthy() {
        Optional<TestNode> leader = leader();
        if (leader.isEmpty()) {
            return false;
        }
        Map<String, String> states = states();
        long streaming =
                states.values().stream().filter(text -> text.endsWith("streaming")).count();
        return states.size() == nodes.size()
                && states.getOrDefault(leader.get().name, "").equals("leader running")
                && streaming == nodes.size() - 1;
    }

    /** Member name to role and state, as the first node that answers says. */
    Map<String, String> states() {
        Map<String, String> states = new TreeMap<>();
        for (TestNode node : nodes) {
            if (node.agentLives() && node.status("/cluster") == 200) {
                for (JsonNode member : node.json("/cluster").path("members")) {
                    states.put(
                            member.path("name").asText(),
                            member.path("role").asText() + " " + member.path("state").asText());
                }
                if (!states.isEmpty()) {
                    return states;
                }
            }
        }
        return states;
    }

    Optional<TestNode> leader() {
        return leaderOtherThan(null);
    }

    /** One that doesn't answer, because it is frozen, isn't asked. */
    private Optional<TestNode> leaderOtherThan(TestNode old) {
        return nodes.stream()
                .filter(node -> node != old)
                .filter(TestNode::agentLives)
                .filter(TestNode::leads)
                .findFirst();
    }

    /** The leader, once there is one. */
    TestNode awaitLeader(Duration limit) {
        return awaitLeaderOtherThan(null, limit);
    }

    TestNode awaitLeaderOtherThan(TestNode old, Duration limit) {
        Await.until(
                "a new leader that takes writes",
                limit,
                () -> {
                    Optional<TestNode> leader = leaderOtherThan(old);
                    return leader.isPresent()
                            && leader.get().query("SELECT pg_is_in_recovery()").equals("f");
                },
                this::describe);
        return leaderOtherThan(old).orElseThrow();
    }

    List<TestNode> others(TestNode node) {
        return nodes.stream().filter(other -> other != node).toList();
    }

    String describe() {
        StringBuilder text = new StringBuilder(states().toString());
        nodes.forEach(node -> text.append('\n').append(node.logTail()));
        return text.toString();
    }

    @Override
    public void close() {
        nodes.forEach(TestNode::end);
        etcd.close();
        if (Boolean.getBoolean("kumki.it.keep")) {
            return;
        }
        try (Stream<Path> files = Files.walk(home)) {
            files.sorted(Comparator.reverseOrder()).forEach(TestCluster::delete);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void delete(Path path) {
        try {
            Files.deleteIfExists(path);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
