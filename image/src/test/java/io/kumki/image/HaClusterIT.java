package io.kumki.image;

import static io.kumki.image.Docker.docker;
import static io.kumki.image.Docker.iptables;
import static io.kumki.image.Docker.psql;
import static io.kumki.image.Docker.tryDocker;
import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.image.Programs.Result;
import java.io.IOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * {@code compose/ha.yml} as users start it: what happens to containers, their network and their
 * volumes loses no acknowledged row, and the cluster is whole again after each.
 */
class HaClusterIT {

    private static final List<String> NODES = List.of("node1", "node2", "node3");

    /** The smallest lease there is: it bounds how long a lost leader is waited for. */
    private static final Duration TTL = Duration.ofSeconds(20);

    private static final Duration FAILOVER = TTL.plusSeconds(15);
    private static final Duration REJOIN = Duration.ofSeconds(60);

    private final ComposeProject cluster = new ComposeProject("ha", "ha.yml");
    private final ProxyWriter writer = new ProxyWriter();

    @BeforeAll
    static void engine() {
        Docker.assumeEngine();
    }

    @Test
    @Timeout(480)
    void whatHappensToContainersLosesNoRow() throws Exception {
        try (cluster) {
            cluster.compose("up", "-d");
            awaitWhole("three nodes", "node1");
            docker(
                    "exec",
                    container("node1"),
                    "kumkictl",
                    "edit-config",
                    "--force",
                    "-s",
                    "ttl=" + TTL.toSeconds(),
                    "-s",
                    "loop_wait=2",
                    "-s",
                    "retry_timeout=5",
                    "-s",
                    "synchronous_mode=true");
            // before the leader has named one, nobody could take over
            Await.until(
                    "a synchronous standby",
                    REJOIN,
                    () ->
                            Members.seenFrom(rest("node1"))
                                    .all
                                    .containsValue("sync_standby streaming"),
                    () -> seen("node1"));
            createTable();
            try {
                writes();
                aStoppedPrimaryHandsOverFirst();
                writesGoOnAfterTheDeathOfThePrimary();
                aPrimaryWithoutNetworkTakesNoWrites();
                containersMadeAnewAreTheSameCluster();
                aFourthNodeJoins();
                readsGoToTheStandbys();
            } catch (AssertionError | Exception e) {
                System.out.println(cluster.lastLogs(60));
                throw e;
            } finally {
                writer.stop();
            }
            assertThat(writer.missing(writePort())).as("acknowledged rows that are gone").isEmpty();
            cluster.compose("--profile", "four", "down", "-v");
            assertThat(cluster.left()).as("after down -v").isEmpty();
        }
    }

    private void createTable() {
        Await.until(
                "a table through the write port",
                Duration.ofSeconds(20),
                () -> {
                    try (Connection connection = ProxyWriter.connect(writePort());
                            Statement statement = connection.createStatement()) {
                        statement.execute("CREATE TABLE rows (id bigint PRIMARY KEY)");
                        return true;
                    }
                },
                () -> "no table");
    }

    private void writes() {
        writer.start(writePort());
        awaitMoreRows("the first rows", Duration.ofSeconds(20));
    }

    private void aStoppedPrimaryHandsOverFirst() throws IOException {
        String old = leader(NODES.getFirst());
        String witness = otherThan(old);
        long begin = System.nanoTime();
        docker("stop", "-t", "60", container(old));
        Duration stop = Duration.ofNanos(System.nanoTime() - begin);
        assertThat(stop).as("docker stop").isLessThan(Duration.ofSeconds(30));
        assertThat(docker("inspect", "-f", "{{.State.ExitCode}}", container(old))).isEqualTo("0");
        awaitMoreRows("writes after the stop of " + old, Duration.ofSeconds(15));
        assertThat(writer.longestGapSince(begin))
                .as("without waiting for the lease's end")
                .isLessThan(Duration.ofSeconds(10));
        String next = leader(witness);
        assertThat(next).isNotEqualTo(old);
        report("docker stop of the primary", stop, begin);
        docker("start", container(old));
        awaitWhole(old + " started again", witness);
        assertThat(leader(witness)).isEqualTo(next);
    }

    private void writesGoOnAfterTheDeathOfThePrimary() throws IOException {
        String old = leader(NODES.getFirst());
        String witness = otherThan(old);
        docker("kill", container(old));
        long begin = System.nanoTime();
        awaitMoreRows("writes after the kill of " + old, FAILOVER);
        String next = leader(witness);
        assertThat(next).isNotEqualTo(old);
        report("docker kill of the primary", Duration.ZERO, begin);
        docker("start", container(old));
        awaitWhole(old + " started again", witness);
        assertThat(leader(witness)).isEqualTo(next);
    }

    private void aPrimaryWithoutNetworkTakesNoWrites() throws IOException {
        String old = leader(NODES.getFirst());
        String witness = otherThan(old);
        String container = container(old);
        iptables(container, "-A", "INPUT", "!", "-i", "lo", "-j", "DROP");
        long begin = System.nanoTime();
        try {
            Await.until(
                    "another leader than " + old,
                    FAILOVER,
                    () -> !old.equals(Members.seenFrom(rest(witness)).leader().orElse(old)),
                    () -> "leader of " + witness);
            // nothing but its own end of the lease keeps it from committing: the client wants no
            // standby's word
            Result written =
                    psql(container, "SET synchronous_commit = local; INSERT INTO rows VALUES (-1)");
            assertThat(written.exitCode())
                    .as("a write on the old primary: %s", written.output())
                    .isNotZero();
            awaitMoreRows("writes without " + old, FAILOVER);
            assertThat(psql(container, "SELECT pg_is_in_recovery()").output())
                    .as("what the old primary says")
                    .isNotEqualTo("f");
        } finally {
            iptables(container, "-F", "INPUT");
        }
        report("the primary's network cut", Duration.ZERO, begin);
        String next = leader(witness);
        awaitWhole(old + " with its network back", witness);
        assertThat(leader(witness)).isEqualTo(next);
        assertThat(psql(container, "SELECT count(*) FROM rows WHERE id < 0").output())
                .isEqualTo("0");
    }

    private void containersMadeAnewAreTheSameCluster() throws Exception {
        writer.stop();
        assertThat(writer.missing(writePort())).as("acknowledged rows that are gone").isEmpty();
        Map<String, String> before = identities();
        Map<String, String> containers = new LinkedHashMap<>();
        NODES.forEach(node -> containers.put(node, container(node)));
        cluster.compose("down", "-t", "60");
        assertThat(NODES).allSatisfy(node -> assertThat(container(node)).isEmpty());
        cluster.compose("up", "-d");
        NODES.forEach(node -> assertThat(container(node)).isNotEqualTo(containers.get(node)));
        awaitWhole("containers made anew", "node1");
        assertThat(identities()).isEqualTo(before);
        writes();
    }

    private void aFourthNodeJoins() {
        cluster.compose("--profile", "four", "up", "-d", "node4");
        Await.until(
                "node4 streams",
                REJOIN,
                () -> Members.seenFrom(rest("node1")).streaming().contains("node4"),
                () -> seen("node1"));
    }

    /** HAProxy is healthy for Docker as long as it has a leader; its page names all nodes. */
    private void readsGoToTheStandbys() throws Exception {
        Await.until("a healthy HAProxy", REJOIN, () -> healthy("haproxy"), () -> seen("node1"));
        Set<String> standbys = new TreeSet<>();
        Await.until(
                "reads on each standby",
                Duration.ofSeconds(20),
                () -> {
                    try (Connection connection =
                                    ProxyWriter.connect(cluster.port("haproxy", 5001));
                            Statement statement = connection.createStatement();
                            ResultSet row =
                                    statement.executeQuery(
                                            "SELECT pg_is_in_recovery(), inet_server_addr()")) {
                        row.next();
                        assertThat(row.getBoolean(1)).as("read on a standby").isTrue();
                        standbys.add(row.getString(2));
                        return standbys.size() == NODES.size();
                    }
                },
                standbys::toString);
        assertThat(Members.text(cluster.port("haproxy", 7000), "/;csv"))
                .contains("write,node1,", "standbys,node4,")
                .containsPattern("(?m)^write,BACKEND,.*,UP,");
    }

    /** Name and system identifier of each member, as it says itself. */
    private Map<String, String> identities() throws IOException {
        Map<String, String> identities = new LinkedHashMap<>();
        for (String node : NODES) {
            var status = Members.get(rest(node), "/patroni");
            String name = status.path("patroni").path("name").asText();
            identities.put(name, status.path("database_system_identifier").asText());
        }
        assertThat(identities).containsOnlyKeys(NODES);
        return identities;
    }

    /** A leader that runs, two standbys that stream, all three healthy for Docker. */
    private void awaitWhole(String what, String witness) {
        Await.until(
                what + ": one leads, two stream, all are healthy",
                REJOIN,
                () -> {
                    Members members = Members.seenFrom(rest(witness));
                    return members.leader().isPresent()
                            && members.streaming().size() == 2
                            && members.all.size() == NODES.size()
                            && NODES.stream().allMatch(this::healthy);
                },
                () -> seen(witness));
    }

    private String seen(String witness) {
        try {
            return Members.seenFrom(rest(witness))
                    + "\n"
                    + tryDocker("ps", "-a", "--filter", "name=" + Docker.RUN).output();
        } catch (IOException e) {
            return e.toString();
        }
    }

    private boolean healthy(String node) {
        return docker("inspect", "-f", "{{.State.Health.Status}}", container(node))
                .equals("healthy");
    }

    private void awaitMoreRows(String what, Duration limit) {
        int before = writer.count();
        Await.until(what, limit, () -> writer.count() > before + 5, writer::seen);
    }

    private String leader(String witness) throws IOException {
        Members members = Members.seenFrom(rest(witness));
        return members.leader().orElseThrow(() -> new AssertionError("no leader in " + members));
    }

    private static String otherThan(String node) {
        return NODES.stream().filter(other -> !other.equals(node)).findFirst().orElseThrow();
    }

    private String container(String service) {
        return cluster.container(service);
    }

    private int rest(String node) {
        return cluster.port(node, 8008);
    }

    private int writePort() {
        return cluster.port("haproxy", 5000);
    }

    private void report(String what, Duration took, long begin) {
        System.out.printf(
                "%s: %d ms, longest pause between two rows %d ms%n",
                what, took.toMillis(), writer.longestGapSince(begin).toMillis());
    }
}
