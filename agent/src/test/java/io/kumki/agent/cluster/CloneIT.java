package io.kumki.agent.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * How members come to their data: replica methods, reinitialize, bootstraps that fail, adoption.
 */
@Timeout(150)
class CloneIT {

    private static final Duration LIMIT = Duration.ofSeconds(60);

    private static String script(TestCluster cluster, String name, String body) throws IOException {
        Path file = Files.writeString(cluster.home().resolve(name), "#!/bin/sh\n" + body + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
        return file.toString();
    }

    @Test
    void aHangingCloneIsReplacedByAForcedOneWhoseProgressShows() throws Exception {
        try (TestCluster cluster = TestCluster.start(1, TestCluster.Settings.USUAL)) {
            TestNode leader = cluster.nodes.getFirst();
            TestNode node = cluster.addNode("n2");
            Path pid = cluster.home().resolve("pid");
            String hanging =
                    script(cluster, "hang", "echo $$ > " + pid + "; sleep 600; echo never");
            node.writeConfig(
                    cluster.yaml(node)
                            .replace(
                                    "  parameters:\n    unix",
                                    """
                                    create_replica_methods: [hang, basebackup]
                                    hang: {command: %s}
                                    basebackup: [{max-rate: 4M}, {checkpoint: fast}]
                                    parameters:
                                      unix\
                                    """
                                            .formatted(hanging)
                                            .indent(2)
                                            .stripTrailing()));
            node.start();
            Await.until("the hanging method", LIMIT, () -> Files.exists(pid), cluster::describe);

            long hung = Long.parseLong(Files.readString(pid).strip());
            Files.writeString(
                    node.config(), "\ntags: {noloadbalance: true}\n", StandardOpenOption.APPEND);
            TestNode.signal("HUP", node.agentPid());
            Await.until(
                    "a reload beside it, which doesn't end it",
                    LIMIT,
                    () -> node.json("/patroni").at("/tags/noloadbalance").asBoolean(),
                    cluster::describe);
            assertThat(ProcessHandle.of(hung).filter(ProcessHandle::isAlive)).isPresent();

            JsonNode status = node.json("/patroni");
            assertThat(status.path("state").asText()).isEqualTo("creating replica");
            assertThat(status.path("clone").path("method").asText()).isEqualTo("hang");
            assertThat(status.path("clone").path("total_bytes").asLong()).isGreaterThan(1_000_000);
            assertThat(
                            leader.query(
                                    "SELECT restart_lsn IS NOT NULL FROM pg_replication_slots"
                                            + " WHERE slot_name = 'n2'"))
                    .isEqualTo("t");
            HttpResponse<String> refused = node.send("POST", "/reinitialize", "{}").orElseThrow();
            assertThat(refused.statusCode()).isEqualTo(503);
            assertThat(refused.body()).isEqualTo("bootstrap from leader already in progress");
            assertThat(node.send("POST", "/reinitialize", "{nonsense").orElseThrow().statusCode())
                    .isEqualTo(400);

            HttpResponse<String> forced =
                    node.send("POST", "/reinitialize", "{\"force\": true, \"from_leader\": true}")
                            .orElseThrow();

            assertThat(forced.statusCode()).isEqualTo(200);
            assertThat(forced.body()).isEqualTo("reinitialize started");
            assertThat(ProcessHandle.of(hung).filter(ProcessHandle::isAlive)).isEmpty();
            Await.until(
                    "progress in percent",
                    LIMIT,
                    () -> {
                        JsonNode clone = node.json("/patroni").path("clone");
                        return clone.path("method").asText().equals("basebackup")
                                && clone.path("bytes").asLong() > 1_000_000
                                && clone.path("percent").asInt() > 1;
                    },
                    () -> node.json("/patroni") + cluster.describe());
            cluster.awaitHealthy();
            assertThat(node.json("/patroni").has("clone")).isFalse();
        }
    }

    @Test
    void afterAFailedBootstrapItsDirectoryIsSetAsideAndAnotherNodeBootstraps() throws Exception {
        try (TestCluster cluster = TestCluster.prepare(2, TestCluster.Settings.USUAL)) {
            TestNode failing = cluster.nodes.getFirst();
            TestNode other = cluster.nodes.getLast();
            String restore =
                    script(
                            cluster,
                            "restore",
                            "mkdir -p "
                                    + failing.data()
                                    + "/base; head -c 5000000 /dev/zero | tr '\\0' x;"
                                    + " echo the repository is gone >&2; exit 5");
            failing.writeConfig(
                    cluster.yaml(failing)
                            .replace(
                                    "  initdb:\n",
                                    "  method: mine\n  mine: {command: "
                                            + restore
                                            + "}\n  initdb:\n"));
            failing.start();
            Await.until(
                    "the failing agent's end",
                    LIMIT,
                    () -> !failing.agentLives(),
                    failing::logTail);

            assertThat(failing.exitCode()).isNotZero();
            assertThat(failing.logTail()).contains("the repository is gone");
            assertThat(failing.data()).doesNotExist();
            assertThat(failing.dir.resolve("data.failed/base")).isDirectory();

            other.start();

            assertThat(cluster.awaitLeader(LIMIT)).isSameAs(other);
        }
    }

    @Test
    void anExistingDataDirectoryIsAdopted() throws Exception {
        try (TestCluster cluster = TestCluster.prepare(1, TestCluster.Settings.USUAL)) {
            TestNode node = cluster.nodes.getFirst();
            Path password = cluster.home().resolve("password");
            Files.writeString(password, TestNode.PASSWORD);
            Files.createDirectories(node.dir);
            int exit =
                    new ProcessBuilder(
                                    "/usr/lib/postgresql/15/bin/initdb",
                                    "-D",
                                    node.data().toString(),
                                    "-U",
                                    "postgres",
                                    "-A",
                                    "scram-sha-256",
                                    "--no-sync",
                                    "--pwfile=" + password)
                            .redirectErrorStream(true)
                            .redirectOutput(cluster.home().resolve("initdb.log").toFile())
                            .start()
                            .waitFor();
            assertThat(exit).isZero();

            node.start();

            assertThat(cluster.awaitLeader(LIMIT)).isSameAs(node);
            assertThat(node.query("SELECT system_identifier::text FROM pg_control_system()"))
                    .isEqualTo(node.json("/patroni").path("database_system_identifier").asText());
            assertThat(Optional.of(node.logTail())).get().asString().doesNotContain("initdb");
        }
    }
}
