package io.kumki.image;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** A cluster of {@code compose/} under a name of its own, with chance ports and own passwords. */
final class ComposeProject implements AutoCloseable {

    static final String PASSWORD = "s3cret-of-the-superuser";

    private static final Duration LIMIT = Duration.ofSeconds(150);
    private static final String LABEL = "label=com.docker.compose.project=";

    private static final List<String> PORTS =
            List.of("WRITE", "READ", "STATS", "REST", "REST1", "REST2", "REST3");

    private final String name;
    private final Path file;
    private final Path secrets;
    private final Map<String, String> environment = new HashMap<>();

    ComposeProject(String name, String file) {
        this.name = Docker.RUN + "-" + name;
        this.file = Path.of("..", "compose", file).toAbsolutePath().normalize();
        try {
            secrets = Files.createTempDirectory("kumki-secrets");
            // the container's user has another number
            Files.setPosixFilePermissions(secrets, PosixFilePermissions.fromString("rwxr-xr-x"));
            Files.writeString(secrets.resolve("superuser_password"), PASSWORD);
            Files.writeString(secrets.resolve("replication_password"), "s3cret-of-replication");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        environment.put("COMPOSE_PROJECT_NAME", this.name);
        environment.put("KUMKI_SECRETS", secrets.toString());
        PORTS.forEach(port -> environment.put("KUMKI_" + port + "_PORT", "0"));
    }

    String compose(String... arguments) {
        List<String> command = new ArrayList<>(program());
        command.addAll(List.of("-f", file.toString()));
        command.addAll(List.of(arguments));
        return Programs.output(LIMIT, environment, command);
    }

    private static List<String> program() {
        return Stream.of(System.getenv().getOrDefault("PATH", "").split(":", -1))
                        .anyMatch(directory ->
                                Files.isExecutable(Path.of(directory, "docker-compose")))
                ? List.of("docker-compose")
                : List.of("docker", "compose");
    }

    /** The container of a service, running or not. */
    String container(String service) {
        return Docker.docker(
                "ps",
                "-aq",
                "--no-trunc",
                "--filter",
                LABEL + name,
                "--filter",
                "label=com.docker.compose.service=" + service);
    }

    /** Where a container's port is on this machine. */
    int port(String service, int port) {
        String shown = Docker.docker("port", container(service), port + "/tcp");
        return Integer.parseInt(shown.lines().findFirst().orElseThrow().replaceAll(".*:", ""));
    }

    /** What of it the engine still has. */
    List<String> left() {
        List<String> left = new ArrayList<>();
        left.addAll(lines(Docker.docker("ps", "-aq", "--filter", LABEL + name)));
        left.addAll(lines(Docker.docker("volume", "ls", "-q", "--filter", LABEL + name)));
        left.addAll(lines(Docker.docker("network", "ls", "-q", "--filter", LABEL + name)));
        return left;
    }

    private static List<String> lines(String text) {
        return text.lines().filter(line -> !line.isBlank()).toList();
    }

    /** What the services wrote last, for a failure's message. */
    String lastLogs(int lines) {
        return compose("logs", "--no-color", "--tail", String.valueOf(lines));
    }

    @Override
    public void close() {
        compose("down", "-v", "-t", "20");
        try (Stream<Path> files = Files.list(secrets)) {
            for (Path secret : files.toList()) {
                Files.delete(secret);
            }
            Files.delete(secrets);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
