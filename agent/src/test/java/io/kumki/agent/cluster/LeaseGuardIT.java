package io.kumki.agent.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** An agent that doesn't work any more leaves no primary behind its lease. */
class LeaseGuardIT {

    /** Twenty by hand: {@code -Dguard.rounds=20}. */
    private static final int ROUNDS = Integer.getInteger("guard.rounds", 4);

    private static final Duration LIMIT = Duration.ofSeconds(40);
    private static final long MAX_RESIDENT_KB = 3 * 1024;

    /** Half of the rounds freeze the agent, half kill it, under load. */
    @Test
    @Timeout(600)
    void serverIsDownBeforeTheLeaseEnds() throws Exception {
        try (TestCluster cluster = TestCluster.prepare(2, TestCluster.Settings.USUAL.withTtl(5))) {
            renameServer(cluster, cluster.nodes.getFirst());
            cluster.nodes.getFirst().start();
            cluster.awaitLeader(LIMIT);
            cluster.nodes.getLast().start();
            cluster.awaitHealthy();
            cluster.leader().orElseThrow().execute("CREATE TABLE rows (id bigint PRIMARY KEY)");
            try (RowWriter writer = new RowWriter(cluster.nodes)) {
                for (int round = 1; round <= ROUNDS; round++) {
                    boolean freeze = round % 2 == 0;
                    TestNode old = cluster.leader().orElseThrow();
                    int rows = writer.acknowledgedRows();
                    Await.until(
                            "rows in round " + round,
                            LIMIT,
                            () -> writer.acknowledgedRows() > rows + 20,
                            cluster::describe);
                    if (freeze) {
                        old.freezeAgent();
                    } else {
                        old.killAgent();
                    }
                    Await.until(
                            "the server's end in round " + round,
                            LIMIT,
                            () -> old.postmaster().isEmpty(),
                            () -> old.logTail());
                    assertThat(cluster.etcd.ctl("get", "--print-value-only", "/service/it/leader"))
                            .as("holder of the leader key when the server was down, round " + round)
                            .contains(old.name);
                    long down = System.nanoTime();
                    TestNode next = cluster.awaitLeaderOtherThan(old, LIMIT);
                    Await.until(
                            "rows on the next primary in round " + round,
                            LIMIT,
                            () -> writer.lastAckNanos() > down,
                            cluster::describe);
                    assertThat(old.postmaster()).isEmpty();
                    if (freeze) {
                        old.thawAgent();
                    } else {
                        old.start();
                    }
                    cluster.awaitHealthy();
                    assertThat(cluster.leader()).contains(next);
                    assertThat(Files.readString(old.log())).contains("lease guard: the lease ran");
                }
            }
        }
    }

    /** The server's program may have any name ({@code postgresql.bin_name}). */
    private static void renameServer(TestCluster cluster, TestNode node) throws IOException {
        Path named = node.dir.resolve("pg-of-lease-guard-it");
        Files.createSymbolicLink(named, Path.of("/usr/lib/postgresql/15/bin/postgres"));
        String places = "  bin_dir: /usr/lib/postgresql/15/bin\n";
        node.writeConfig(
                cluster.yaml(node)
                        .replace(places, places + "  bin_name: {postgres: " + named + "}\n"));
        assertThat(node.config()).content().contains("bin_name");
    }

    @Test
    @Timeout(180)
    void guardIsSmallComesBackAndIsOffInPause() throws Exception {
        try (TestCluster cluster = TestCluster.prepare(1, TestCluster.Settings.USUAL.withTtl(5))) {
            TestNode node = cluster.nodes.getFirst();
            node.writeConfig(cluster.yaml(node) + "lease_guard: required\n");
            node.start();
            cluster.awaitLeader(LIMIT);
            long first = awaitGuard(node, Optional.empty());
            assertThat(residentKb(first)).isBetween(1L, MAX_RESIDENT_KB);

            TestNode.signal("KILL", first);
            awaitGuard(node, Optional.of(first));
            assertThat(node.leads()).isTrue();

            assertThat(node.send("PATCH", "/config", "{\"pause\": true}")).isPresent();
            Await.until(
                    "pause",
                    LIMIT,
                    () -> deadline(node).startsWith("idle"),
                    () -> deadline(node) + node.logTail());
            node.killAgent();
            Await.until(
                    "the leader key to end",
                    LIMIT,
                    () ->
                            cluster.etcd
                                    .ctl("get", "--print-value-only", "/service/it/leader")
                                    .isBlank(),
                    node::logTail);
            assertThat(node.postmaster()).isPresent();
        }
    }

    @Test
    @Timeout(60)
    void requiredGuardThatIsNotInstalledKeepsTheAgentFromStarting() throws Exception {
        try (TestCluster cluster = TestCluster.prepare(1, TestCluster.Settings.USUAL)) {
            TestNode node = cluster.nodes.getFirst();
            node.writeConfig(cluster.yaml(node) + "lease_guard: required\n");
            node.start(
                    List.of(
                            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                            "-Dkumki.lease-guard=/nowhere/kumki-lease-guard",
                            "-cp",
                            System.getProperty("java.class.path"),
                            "io.kumki.agent.Main",
                            node.config().toString()));
            Await.until("the agent's end", LIMIT, () -> !node.agentLives(), node::logTail);
            assertThat(node.exitCode()).isEqualTo(1);
            assertThat(node.logTail())
                    .contains("lease_guard: required")
                    .contains("/nowhere/kumki-lease-guard");
            assertThat(node.data()).doesNotExist();
        }
    }

    private static long awaitGuard(TestNode node, Optional<Long> other) {
        Await.until(
                "a lease guard other than " + other,
                LIMIT,
                () -> node.guard().isPresent() && !node.guard().equals(other),
                node::logTail);
        return node.guard().orElseThrow();
    }

    private static long residentKb(long pid) throws IOException {
        return Files.readAllLines(Path.of("/proc/" + pid + "/status")).stream()
                .filter(line -> line.startsWith("VmRSS:"))
                .map(line -> line.replaceAll("[^0-9]", ""))
                .mapToLong(Long::parseLong)
                .findFirst()
                .orElseThrow();
    }

    private static String deadline(TestNode node) {
        try (var files = Files.walk(node.dir, 2)) {
            Path file = files.filter(path -> path.endsWith("deadline")).findFirst().orElseThrow();
            return Files.readString(file);
        } catch (IOException e) {
            return e.toString();
        }
    }
}
