package io.kumki.agent.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs a command line tool to its end. */
final class Programs {

    private Programs() {}

    /**
     * @param output standard output and standard error together
     */
    record Result(int exitCode, String output) {}

    static Result run(Duration limit, List<String> command) {
        try {
            Path output = Files.createTempFile("program", ".out");
            Process process =
                    new ProcessBuilder(command)
                            .redirectErrorStream(true)
                            .redirectOutput(output.toFile())
                            .start();
            process.getOutputStream().close();
            boolean ended = process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS);
            String text = Files.readString(output);
            if (!ended) {
                process.destroyForcibly();
                throw new AssertionError(command + " took longer than " + limit + ": " + text);
            }
            Files.delete(output);
            return new Result(process.exitValue(), text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        }
    }

    /** kumkictl, as an operator starts it. */
    static Result kumkictl(TestCluster cluster, Duration limit, String... arguments) {
        Path config = cluster.home().resolve("kumkictl.yml");
        try {
            Files.writeString(config, "scope: it\netcd3:\n  hosts: " + cluster.etcdHosts() + "\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(
                List.of(
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-Xmx48m",
                        "--sun-misc-unsafe-memory-access=allow",
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        "io.kumki.ctl.Main",
                        "-c",
                        config.toString()));
        command.addAll(List.of(arguments));
        return run(limit, command);
    }
}
