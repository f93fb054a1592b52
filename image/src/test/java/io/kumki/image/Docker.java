package io.kumki.image;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.kumki.image.Programs.Result;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The engine of this machine, by its command line. */
final class Docker {

    /** Image under test, see tools/run-containers. */
    static final String IMAGE = variable("KUMKI_IMAGE");

    /** etcd, HAProxy, iptables. */
    static final String TOOLS = variable("KUMKI_TOOLS_IMAGE");

    /** Its base image. */
    static final String BASE = variable("KUMKI_TEST_BASE");

    /** A text that lies around the sources, and must be in no image. */
    static final String CANARY = variable("KUMKI_TEST_CANARY");

    /** Label and prefix of all that this run starts: tools/run-containers removes what is left. */
    static final String RUN = variable("KUMKI_TEST_RUN");

    static final String RUN_LABEL = "io.kumki.run";

    private static final Duration LIMIT = Duration.ofSeconds(90);

    private Docker() {}

    private static String variable(String name) {
        return System.getenv().getOrDefault(name, "");
    }

    static void assumeEngine() {
        assumeTrue(
                !RUN.isEmpty(),
                "no Docker engine and images were made ready: tools/run-containers does, make test calls it");
    }

    static String docker(String... arguments) {
        return Programs.output(LIMIT, Map.of(), command(arguments));
    }

    /** Of a call that may fail. */
    static Result tryDocker(String... arguments) {
        return Programs.run(LIMIT, Map.of(), command(arguments));
    }

    private static List<String> command(String... arguments) {
        List<String> command = new ArrayList<>(List.of("docker"));
        command.addAll(List.of(arguments));
        return command;
    }

    /** A statement as the superuser on a container's own server, without the network. */
    static Result psql(String container, String statement) {
        return tryDocker(
                "exec",
                container,
                "psql",
                "-XqAt",
                "-v",
                "ON_ERROR_STOP=1",
                "-d",
                "postgres",
                "-c",
                statement);
    }

    /**
     * Changes the packet filter of a container from one beside it: nothing of it needs any right.
     */
    static void iptables(String container, String... rule) {
        List<String> command =
                new ArrayList<>(
                        List.of(
                                "run",
                                "--rm",
                                "--label",
                                RUN_LABEL + "=" + RUN,
                                "--network",
                                "container:" + container,
                                "--cap-add",
                                "NET_ADMIN",
                                TOOLS,
                                "iptables",
                                "-w"));
        command.addAll(List.of(rule));
        docker(command.toArray(String[]::new));
    }
}
