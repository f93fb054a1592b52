package io.kumki.image;

import static io.kumki.image.Docker.docker;
import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.image.Programs.Result;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** {@code compose/single.yml}: start, health, children, stop. */
class SingleNodeIT {

    /** Of the goal for a start and for a stop. */
    private static final Duration LIMIT = Duration.ofSeconds(30);

    private static final Duration HEALTHCHECK = Duration.ofSeconds(1);

    @BeforeAll
    static void engine() {
        Docker.assumeEngine();
    }

    @Test
    @Timeout(180)
    void itIsSoonHealthyAndStopsCleanly() throws Exception {
        try (ComposeProject single = new ComposeProject("single", "single.yml")) {
            single.compose("up", "-d");
            String node = single.container("node");
            Await.until(
                    "a healthy node",
                    Duration.ofSeconds(60),
                    () -> state(node, ".Health.Status").equals("healthy"),
                    () -> single.lastLogs(30));
            Duration start =
                    Duration.between(Instant.parse(state(node, ".StartedAt")), Instant.now());
            assertThat(start).as("start to healthy").isLessThan(LIMIT);

            takesWrites(single.port("node", 5432));
            for (String what : new String[] {"postgresql", "cluster", "disk", "all"}) {
                isSoonToldHealthy(node, what);
            }
            leavesNoZombie(node);
            isSoonToldByTls(node);
            aSecondContainerKeepsAwayFromTheVolume(node);
            isSoonToldIll(node);

            long begin = System.nanoTime();
            docker("stop", "-t", "60", node);
            Duration stop = Duration.ofNanos(System.nanoTime() - begin);
            assertThat(stop).as("stop").isLessThan(LIMIT);
            assertThat(state(node, ".ExitCode")).isEqualTo("0");
            assertThat(controlData(node))
                    .contains("Database cluster state:               shut down");
            assertThat(Docker.tryDocker("logs", node).output())
                    .doesNotContain(ComposeProject.PASSWORD);
            System.out.printf(
                    "single node: healthy after %d ms, stopped in %d ms%n",
                    start.toMillis(), stop.toMillis());
        }
    }

    private static String state(String container, String what) {
        return docker("inspect", "-f", "{{.State" + what + "}}", container);
    }

    private static void takesWrites(int port) throws Exception {
        try (Connection connection = ProxyWriter.connect(port);
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE t AS SELECT 1 AS n");
            try (ResultSet row = statement.executeQuery("SHOW data_checksums")) {
                row.next();
                assertThat(row.getString(1)).isEqualTo("on");
            }
        }
    }

    private static String bash(String node, String script) {
        return docker("exec", node, "bash", "-c", script);
    }

    /** The time that it takes inside: what the engine adds isn't the program's. */
    private static void isSoonToldHealthy(String node, String what) {
        String output =
                bash(
                        node,
                        "a=${EPOCHREALTIME/./}; kumki healthcheck "
                                + what
                                + " || exit; echo $((${EPOCHREALTIME/./} - a))");
        String[] lines = output.split("\n", -1);
        assertThat(lines).as(output).hasSize(2);
        assertThat(lines[0]).startsWith("healthy: ");
        assertThat(Duration.ofNanos(1000 * Long.parseLong(lines[1])))
                .as("healthcheck " + what)
                .isLessThan(HEALTHCHECK);
    }

    /** By a server that answers as the agent does: this node has no TLS. */
    private static void isSoonToldByTls(String node) {
        String output =
                bash(
                        node,
                        """
                        mkdir /tmp/tls; cd /tmp/tls
                        openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out cert -subj /CN=x -days 2 2>/dev/null
                        printf 'HTTP/1.0 200 OK\\r\\n\\r\\n{}' >health
                        openssl s_server -accept 9443 -cert cert -key key -HTTP -quiet >/dev/null 2>&1 &
                        until (exec 3<>/dev/tcp/127.0.0.1/9443) 2>/dev/null; do sleep 0.1; done
                        a=${EPOCHREALTIME/./}
                        kumki healthcheck postgresql https://127.0.0.1:9443; code=$?
                        echo $((${EPOCHREALTIME/./} - a)); kill %1; exit $code
                        """);
        assertThat(output).startsWith("healthy: PostgreSQL takes connections\n");
        assertThat(Duration.ofNanos(1000 * Long.parseLong(output.lines().toList().get(1))))
                .as("healthcheck by TLS")
                .isLessThan(Duration.ofMillis(700));
    }

    /** Its third failure counts: as one whose server is down, and stays so in maintenance mode. */
    private static void isSoonToldIll(String node) {
        docker("exec", node, "kumkictl", "pause", "--wait");
        docker("exec", node, "pg_ctl", "stop", "-D", "/var/lib/postgresql/data", "-m", "fast");
        Result told = Docker.tryDocker("exec", node, "kumki", "healthcheck", "postgresql");
        assertThat(told.exitCode()).as(told.output()).isEqualTo(1);
        assertThat(told.output()).startsWith("unhealthy: PostgreSQL takes no connections");
        Await.until(
                "an unhealthy node",
                Duration.ofSeconds(40),
                () -> state(node, ".Health.Status").equals("unhealthy"),
                () -> state(node, ".Health"));
        docker("exec", node, "kumkictl", "resume", "--wait");
        Await.until(
                "a healthy node again",
                Duration.ofSeconds(40),
                () -> state(node, ".Health.Status").equals("healthy"),
                () -> state(node, ".Health"));
    }

    private static void leavesNoZombie(String node) {
        docker("exec", node, "bash", "-c", "(sleep 0.1 &) ; exit 0");
        Await.until(
                "the orphan reaped",
                Duration.ofSeconds(10),
                () -> zombies(node).isEmpty(),
                () -> zombies(node));
    }

    /**
     * It even has the first one's host name, so that it takes the first one's address for its own.
     */
    private static void aSecondContainerKeepsAwayFromTheVolume(String node) {
        Result second =
                Docker.tryDocker(
                        "run",
                        "--rm",
                        "--label",
                        Docker.RUN_LABEL + "=" + Docker.RUN,
                        "--volumes-from",
                        node,
                        "--hostname",
                        "node",
                        "-e",
                        "KUMKI_SCOPE=single",
                        "-e",
                        "KUMKI_ETCD3_HOSTS=127.0.0.1:1",
                        "-e",
                        "POSTGRES_PASSWORD=" + ComposeProject.PASSWORD,
                        "-e",
                        "KUMKI_REPLICATION_PASSWORD=" + ComposeProject.PASSWORD,
                        Docker.IMAGE);
        assertThat(second.exitCode()).as(second.output()).isEqualTo(1);
        assertThat(second.output())
                .contains(
                        "postgresql.data_dir = /var/lib/postgresql/data: another agent works there, in another container",
                        "or give this one a volume of its own");
        assertThat(Docker.psql(node, "INSERT INTO t VALUES (2)").exitCode()).isZero();
    }

    private static String zombies(String node) {
        return docker(
                "exec",
                node,
                "bash",
                "-c",
                "grep -lE '^(State:.Z|Name:.sleep)' /proc/[0-9]*/status || true");
    }

    private static String controlData(String node) {
        return docker(
                "run",
                "--rm",
                "--label",
                Docker.RUN_LABEL + "=" + Docker.RUN,
                "--volumes-from",
                node,
                Docker.IMAGE,
                "pg_controldata",
                "-D",
                "/var/lib/postgresql/data");
    }
}
