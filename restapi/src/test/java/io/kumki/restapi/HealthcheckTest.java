package io.kumki.restapi;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.dcs.cluster.Volumes;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** {@code kumki healthcheck}, which is a script, against the real API. */
@Timeout(60)
class HealthcheckTest {

    private record Result(int exitCode, String line) {}

    @Test
    void aHealthyMemberSaysSoInOneLine() throws Exception {
        try (Api api = Api.start()) {
            api.node.snapshot = Nodes.leader();
            assertThat(check(api, "postgresql"))
                    .isEqualTo(new Result(0, "healthy: PostgreSQL takes connections\n"));
            assertThat(check(api, "cluster"))
                    .isEqualTo(new Result(0, "healthy: this member is ready\n"));
        }
    }

    @Test
    void aStoppedServerIsUnhealthy() throws Exception {
        try (Api api = Api.start()) {
            api.node.snapshot =
                    Nodes.with(
                            Nodes.standby(), Nodes.server("stopped", "replica", Optional.empty()));
            assertThat(check(api, "all"))
                    .isEqualTo(
                            new Result(
                                    1,
                                    "unhealthy: PostgreSQL takes no connections: it is stopped\n"));
            assertThat(check(api, "cluster").exitCode()).isEqualTo(1);
        }
    }

    @Test
    void aFullVolumeIsUnhealthyAndAnUnknownOneToo() throws Exception {
        try (Api api = Api.start()) {
            api.node.snapshot = withFree(31 << 20);
            assertThat(check(api, "disk"))
                    .isEqualTo(
                            new Result(
                                    1,
                                    "unhealthy: the volume of data has 31 MB free, less than 32\n"));
            api.node.snapshot = withFree(64 << 20);
            assertThat(check(api, "all"))
                    .isEqualTo(
                            new Result(
                                    0,
                                    "healthy: PostgreSQL takes connections, this member is ready,"
                                            + " data has 64 MB free\n"));
            api.node.snapshot = Nodes.leader();
            assertThat(check(api, "disk").line()).contains("isn't known");
        }
    }

    @Test
    void nobodyAndSilenceAreUnhealthyAndNonsenseIsAWrongCall() throws Exception {
        int nobody;
        try (ServerSocket mute = new ServerSocket(0, 5, InetAddress.ofLiteral("127.0.0.1"))) {
            nobody = mute.getLocalPort();
            assertThat(run("all", "http://127.0.0.1:" + nobody).line()).contains("gave no answer");
        }
        assertThat(run("all", "http://127.0.0.1:" + nobody).line()).contains("no agent listens");
        assertThat(run("everything").exitCode()).isEqualTo(2);
        assertThat(run("all", "ftp://x").exitCode()).isEqualTo(2);
    }

    private static NodeSnapshot withFree(long bytes) {
        return Nodes.leader()
                .withCondition(
                        new NodeSnapshot.Condition(
                                new Volumes(
                                        Optional.of(new Volumes.Volume(bytes, 1L << 40)),
                                        Optional.empty()),
                                0,
                                Optional.empty(),
                                Optional.empty(),
                                List.of()));
    }

    private static Result check(Api api, String what) throws Exception {
        return run(what, "http://127.0.0.1:" + api.server.port());
    }

    private static Result run(String... arguments) throws IOException, InterruptedException {
        Path script = Path.of("..", "packaging", "lib", "healthcheck").toAbsolutePath();
        List<String> command = new ArrayList<>(List.of("bash", script.toString()));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Result(process.waitFor(), said);
    }
}
