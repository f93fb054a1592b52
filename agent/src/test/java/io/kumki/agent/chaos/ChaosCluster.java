package io.kumki.agent.chaos;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.kumki.agent.chaos.Checker.Row;
import io.kumki.agent.chaos.Checker.Table;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** Three nodes and three etcd members, each on its host. */
final class ChaosCluster {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration PROBE = Duration.ofSeconds(1);

    final Hosts hosts;
    final List<ChaosNode> nodes = new ArrayList<>();
    final List<ChaosEtcd> etcd = new ArrayList<>();

    ChaosCluster(int slot, Path home, Path distribution, Mode mode) {
        hosts = new Hosts(slot);
        ChaosEtcd.NAMES.forEach(name -> etcd.add(new ChaosEtcd(name, hosts, home)));
        for (String name : List.of("n1", "n2", "n3")) {
            nodes.add(new ChaosNode(name, hosts, distribution, home, mode));
        }
        Hosts.giveToPostgres(home);
    }

    void start() {
        etcd.forEach(ChaosEtcd::start);
        require(
                "an etcd leader",
                Duration.ofSeconds(30),
                () -> etcd.stream().anyMatch(ChaosEtcd::leads));
        nodes.forEach(ChaosNode::start);
        require("a leader and two streaming standbys", Duration.ofSeconds(90), this::healthy);
    }

    private static void require(String what, Duration limit, BooleanSupplier condition) {
        if (!await(limit, condition)) {
            throw new IllegalStateException("not within " + limit.toSeconds() + " s: " + what);
        }
    }

    /** Whether the condition was reached within the limit. */
    static boolean await(Duration limit, BooleanSupplier condition) {
        long deadline = System.nanoTime() + limit.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - deadline > 0) {
                return false;
            }
            try {
                TimeUnit.MILLISECONDS.sleep(100); // polling pause of the awaiting itself
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return false;
            }
        }
        return true;
    }

    Optional<ChaosNode> leader() {
        return nodes.stream().filter(node -> node.status("/primary", PROBE) == 200).findFirst();
    }

    List<ChaosNode> others(ChaosNode node) {
        return nodes.stream().filter(other -> other != node).toList();
    }

    /** One leads, the two others stream from it. */
    boolean healthy() {
        Optional<ChaosNode> leader = leader();
        return leader.isPresent()
                && states(leader.get()).values().stream()
                                .filter(state -> state.equals("streaming"))
                                .count()
                        == nodes.size() - 1;
    }

    /** Member to state, as that node says. */
    private static Map<String, String> states(ChaosNode node) {
        Map<String, String> states = new HashMap<>();
        try {
            for (JsonNode member : JSON.readTree(node.body("/cluster")).path("members")) {
                states.put(member.path("name").asText(), member.path("state").asText());
            }
        } catch (IOException _) {
            states.clear(); // half an answer of one that is ending
        }
        return states;
    }

    /** What each node says of the cluster. */
    String describe() {
        StringBuilder text = new StringBuilder();
        for (ChaosNode node : nodes) {
            text.append("  ").append(node.name).append(": ").append(node.body("/cluster"));
            text.append('\n');
        }
        return text.toString();
    }

    /** All rows of a node, read from the table itself and not from its index. */
    static Table table(ChaosNode node) throws SQLException {
        try (Connection connection = node.connect();
                Statement statement = connection.createStatement()) {
            statement.execute(
                    "SET enable_indexscan = off; SET enable_indexonlyscan = off; SET"
                            + " enable_bitmapscan = off");
            Map<Long, Row> rows = new HashMap<>();
            List<Long> duplicates = new ArrayList<>();
            try (ResultSet found = statement.executeQuery("SELECT id, server, mark FROM chaos")) {
                while (found.next()) {
                    long id = found.getLong(1);
                    if (rows.put(id, new Row(found.getString(2), found.getString(3))) != null) {
                        duplicates.add(id);
                    }
                }
            }
            return new Table(rows, duplicates);
        }
    }

    static String query(ChaosNode node, String sql) throws SQLException {
        try (Connection connection = node.connect();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            return rows.next() ? String.valueOf(rows.getString(1)) : "";
        }
    }

    static void execute(ChaosNode node, String sql) throws SQLException {
        try (Connection connection = node.connect();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
