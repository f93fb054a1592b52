package io.kumki.image;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.image.Programs.Result;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.Network;
import org.testcontainers.containers.startupcheck.StartupCheckStrategy;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.utility.DockerImageName;

/** What one container of the image says where it can't run as it was started. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(90)
class ImageIT {

    private static final String VOLUME = "/var/lib/postgresql";
    private static final String SECRET = "s3cret-%d";

    private @Nullable Network network;
    private @Nullable GenericContainer<?> etcd;

    @BeforeAll
    void start() {
        Docker.assumeEngine();
        network =
                Network.builder()
                        .createNetworkCmdModifier(command -> command.withName(Docker.RUN + "-one"))
                        .build();
        etcd =
                container(Docker.TOOLS)
                        .withNetworkAliases("etcd")
                        .withEnv("ETCD_LISTEN_CLIENT_URLS", "http://0.0.0.0:2379")
                        .withEnv("ETCD_ADVERTISE_CLIENT_URLS", "http://etcd:2379")
                        .withCommand("etcd")
                        .waitingFor(
                                Wait.forLogMessage(".*ready to serve client requests.*", 1)
                                        .withStartupTimeout(Duration.ofSeconds(30)));
        etcd.start();
    }

    @AfterAll
    void end() {
        if (etcd != null) {
            etcd.stop();
        }
        if (network != null) {
            network.close();
        }
    }

    static Stream<Arguments> refusals() {
        return Stream.of(
                Arguments.argumentSet(
                        "the volume is another user's",
                        given(node -> node.withTmpFs(Map.of(VOLUME, "uid=0,gid=0,mode=0755"))),
                        "/var/lib/postgresql belongs to uid 0, and PostgreSQL runs as postgres (uid 999): run chown -R 999:999 on the volume"),
                Arguments.argumentSet(
                        "the data directory is another user's",
                        given(node ->
                                node.withTmpFs(
                                        Map.of(
                                                VOLUME,
                                                "uid=999,gid=999,mode=0700",
                                                VOLUME + "/data",
                                                "uid=70,gid=70,mode=0700"))),
                        "/var/lib/postgresql/data belongs to uid 70, and PostgreSQL runs as postgres (uid 999): run chown -R 999:999 on the volume"),
                Arguments.argumentSet(
                        "the volume is read-only",
                        given(node -> node.withTmpFs(Map.of(VOLUME, "uid=999,gid=999,ro"))),
                        "/var/lib/postgresql is read-only: mount it writable"),
                Arguments.argumentSet(
                        "the volume is full",
                        given(node ->
                                node.withTmpFs(
                                        Map.of(VOLUME, "uid=999,gid=999,mode=0700,size=20m"))),
                        "only 20 MiB are free there, and a cluster needs 64 at the very least: make room, or take a larger volume"),
                Arguments.argumentSet(
                        "the volume holds another major version",
                        given(node ->
                                node.withTmpFs(Map.of(VOLUME, "uid=999,gid=999,mode=0700"))
                                        .withCommand(
                                                "bash",
                                                "-c",
                                                "cd "
                                                        + VOLUME
                                                        + "; mkdir -m 700 data; mkdir data/global data/pg_wal; echo 15 >data/PG_VERSION; echo 42 >data/postmaster.pid;"
                                                        + " kumki /etc/kumki/kumki.yml; code=$?; find data | sort; exit $code")),
                        "it holds a cluster of PostgreSQL 15, but the program is PostgreSQL 17: use an image with 15 (build argument PG_MAJOR, docs/container.md), or upgrade the cluster with pg_upgrade first\n"
                                + "data\ndata/PG_VERSION\ndata/global\ndata/pg_wal\ndata/postmaster.pid"));
    }

    @ParameterizedTest
    @MethodSource("refusals")
    void aNodeThatCantRunSaysWhyAndWhatToDo(
            UnaryOperator<GenericContainer<?>> given, String message) {
        try (GenericContainer<?> node = given.apply(node("refused"))) {
            node.withStartupCheckStrategy(new Ended()).start();
            assertThat(node.getLogs()).contains(message).doesNotContain(SECRET.formatted(1));
            assertThat(node.getCurrentContainerInfo().getState().getExitCodeLong()).isEqualTo(1);
        }
    }

    @Test
    void everyWrongVariableIsNamedAtOnce() {
        try (GenericContainer<?> node =
                node("").withEnv("PATRONI_RESTAPI_LISTEN", "x:99999")
                        .withEnv("KUMKI_LOG_LEVEL", "LOUD")
                        .withEnv("KUMKI_RESTAPI_ALLOWLIST", "[10.0.0.0/8")
                        .withEnv("POSTGRES_PASSWORD", "")
                        .withEnv("KUMKI_SUPERUSER_PASWORD", SECRET.formatted(3))
                        .withEnv("KUMKI_ETCD3_HOSTS", "")
                        .withEnv("KUMKI_REPLICATION_PASSWORD", "")
                        .withEnv("KUMKI_REPLICATION_PASSWORD_FILE", "/none")) {
            node.withStartupCheckStrategy(new Ended()).start();
            assertThat(node.getLogs())
                    .contains("KUMKI_REPLICATION_PASSWORD_FILE = /none")
                    .contains("scope: is missing")
                    .contains("KUMKI_RESTAPI_ALLOWLIST = [10.0.0.0/8: its value is not a YAML list")
                    .contains(
                            "postgresql.authentication.superuser.password: is missing, and pg_hba asks for passwords; set KUMKI_SUPERUSER_PASSWORD")
                    .contains(
                            "KUMKI_SUPERUSER_PASWORD is ignored: there is no such variable; the nearest is KUMKI_SUPERUSER_PASSWORD")
                    .doesNotContain(SECRET.formatted(3))
                    .contains("log.level = LOUD")
                    .contains("restapi.listen = x:99999")
                    .contains("etcd3: names no endpoint");
        }
    }

    @Test
    void volumeAndConfigurationAreCheckedAtOnce() {
        try (GenericContainer<?> node =
                node("").withTmpFs(Map.of(VOLUME, "uid=0,gid=0,mode=0755"))) {
            node.withStartupCheckStrategy(new Ended()).start();
            assertThat(node.getLogs()).contains("chown -R 999:999", "scope: is missing");
        }
    }

    @Test
    void dryRunTellsWhereEachValueComesFromButNoSecret() {
        try (GenericContainer<?> node =
                node("dry").withCommand("kumki", "--dry-run", "/etc/kumki/kumki.yml")) {
            node.withStartupCheckStrategy(new Ended()).start();
            assertThat(node.getLogs())
                    .contains("scope: dry  # KUMKI_SCOPE")
                    .contains("listen: 0.0.0.0:5432  # /etc/kumki/kumki.yml")
                    .containsPattern("password: '?\\*{3}'? +# POSTGRES_PASSWORD")
                    .contains("  # default")
                    .doesNotContain(SECRET.formatted(1), SECRET.formatted(2));
            assertThat(node.getCurrentContainerInfo().getState().getExitCodeLong()).isZero();
        }
    }

    @Test
    void withoutEtcdANodeWaitsSaysSoAndStopsWhenAsked() {
        try (GenericContainer<?> node =
                node("alone")
                        .withEnv("KUMKI_ETCD3_HOSTS", "127.0.0.1:1")
                        .waitingFor(
                                Wait.forLogMessage(
                                                ".*check that etcd runs and that this host reaches it.*etcd can't be reached; no data is touched.*",
                                                1)
                                        .withStartupTimeout(Duration.ofSeconds(60)))) {
            node.start();
            long begin = System.nanoTime();
            DockerClientFactory.instance()
                    .client()
                    .stopContainerCmd(node.getContainerId())
                    .withTimeout(30)
                    .exec();
            assertThat(Duration.ofNanos(System.nanoTime() - begin))
                    .isLessThan(Duration.ofSeconds(10));
            assertThat(node.getCurrentContainerInfo().getState().getExitCodeLong()).isZero();
        }
    }

    /** The class archives know their jars by size and time; the JVM tells of others with errors. */
    @Test
    void aCopyStartsWithoutErrorsAndTellsHowToGetItsArchiveBack() {
        String copy = "cp -r /opt/kumki /tmp/k; ";
        String start = "/tmp/k/bin/kumki --version; /tmp/k/bin/kumkictl version";
        assertThat(bash("kumki --version; kumkictl version").lines())
                .hasSize(3)
                .noneMatch(line -> line.contains("[cds") || line.contains("class-archives"));
        assertThat(bash(copy + start).lines())
                .hasSize(4)
                .noneMatch(line -> line.contains("[cds"))
                .filteredOn(line -> line.contains("run /tmp/k/lib/make-class-archives"))
                .hasSize(1);
        assertThat(bash(copy + "/tmp/k/lib/make-class-archives >/dev/null; " + start).lines())
                .hasSize(3)
                .noneMatch(line -> line.contains("[cds") || line.contains("class-archives"));
    }

    private static String bash(String script) {
        return Docker.docker(
                "run",
                "--rm",
                "--label",
                Docker.RUN_LABEL + "=" + Docker.RUN,
                Docker.IMAGE,
                "bash",
                "-c",
                script);
    }

    /**
     * What a layer holds can be read by whoever has the image. tools/run-containers puts a canary
     * into files around the sources, as passwords and repositories are in a user's tree.
     */
    @Test
    void noLayerHoldsWhatLiesAroundTheSources() {
        assertThat(
                        Programs.output(
                                Duration.ofSeconds(60),
                                Map.of(),
                                List.of(
                                        "bash",
                                        "-c",
                                        "set -o pipefail; docker save "
                                                + Docker.IMAGE
                                                + " | (grep -acF "
                                                + Docker.CANARY
                                                + " || [ $? = 1 ])")))
                .as("layers of the image with the canary")
                .isEqualTo("0");
        String built =
                Docker.docker("images", "-q", "--filter", "label=io.kumki.stage=test-build")
                        .lines()
                        .findFirst()
                        .orElseThrow();
        assertThat(
                        Docker.docker(
                                "run",
                                "--rm",
                                "--label",
                                Docker.RUN_LABEL + "=" + Docker.RUN,
                                built,
                                "bash",
                                "-c",
                                "ls /src; grep -rlF " + Docker.CANARY + " /src || [ $? = 1 ]"))
                .as("what .dockerignore lets through")
                .contains("packaging", "tools")
                .doesNotContain("/src/");
        assertThat(
                        Docker.docker("history", "--no-trunc", Docker.IMAGE)
                                + Docker.docker(
                                        "inspect", "-f", "{{json .Config.Env}}", Docker.IMAGE))
                .doesNotContainIgnoringCase("password")
                .doesNotContainIgnoringCase("secret");
    }

    /** Before anything is built. */
    @Test
    void aVersionThatTheBaseDoesNotHaveEndsTheBuildAtItsFirstStep() {
        Result build =
                Docker.tryDocker(
                        "build",
                        "--force-rm",
                        "--build-arg",
                        "PG_MAJOR=12",
                        "--build-arg",
                        "BASE=" + Docker.BASE,
                        "--target",
                        "base",
                        "..");
        assertThat(build.exitCode()).as(build.output()).isNotZero();
        assertThat(build.output())
                .contains(
                        "has no package postgresql-12. PG_MAJOR=12 needs another BASE: debian:trixie-slim has PostgreSQL 17");
    }

    /** Gives a lambda its type. */
    private static UnaryOperator<GenericContainer<?>> given(
            UnaryOperator<GenericContainer<?>> given) {
        return given;
    }

    private GenericContainer<?> node(String scope) {
        Map<String, String> environment = new LinkedHashMap<>();
        environment.put("KUMKI_SCOPE", scope);
        environment.put("KUMKI_ETCD3_HOSTS", "etcd:2379");
        environment.put("POSTGRES_PASSWORD", SECRET.formatted(1));
        environment.put("KUMKI_REPLICATION_PASSWORD", SECRET.formatted(2));
        return container(Docker.IMAGE).withEnv(environment);
    }

    @SuppressWarnings("resource") // the caller's
    private GenericContainer<?> container(String image) {
        return new GenericContainer<>(DockerImageName.parse(image))
                .withImagePullPolicy(_ -> false)
                .withNetwork(network)
                .withLabel(Docker.RUN_LABEL, Docker.RUN);
    }

    /** Waits for the container's end, whatever its exit code. */
    private static final class Ended extends StartupCheckStrategy {
        @Override
        public StartupStatus checkStartupState(
                com.github.dockerjava.api.DockerClient client, String id) {
            var state = client.inspectContainerCmd(id).exec().getState();
            return "exited".equals(state.getStatus())
                    ? StartupStatus.SUCCESSFUL
                    : StartupStatus.NOT_YET_KNOWN;
        }
    }
}
