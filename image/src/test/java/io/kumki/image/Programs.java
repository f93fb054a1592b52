package io.kumki.image;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Runs programs of this machine to their end. */
final class Programs {

    private Programs() {}

    /**
     * @param output standard output and standard error together, without the line break at the end
     */
    record Result(int exitCode, String output, Duration took) {}

    static Result run(Duration limit, Map<String, String> environment, List<String> command) {
        try {
            Path output = Files.createTempFile("program", ".out");
            ProcessBuilder builder =
                    new ProcessBuilder(command)
                            .redirectErrorStream(true)
                            .redirectOutput(output.toFile());
            builder.environment().putAll(environment);
            long begin = System.nanoTime();
            Process process = builder.start();
            process.getOutputStream().close();
            boolean ended = process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS);
            Duration took = Duration.ofNanos(System.nanoTime() - begin);
            String text = Files.readString(output).stripTrailing();
            Files.delete(output);
            if (!ended) {
                process.destroyForcibly();
                throw new AssertionError(command + " took longer than " + limit + ": " + text);
            }
            return new Result(process.exitValue(), text, took);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        }
    }

    /** The output of a program that has to succeed. */
    static String output(Duration limit, Map<String, String> environment, List<String> command) {
        Result result = run(limit, environment, command);
        if (result.exitCode() != 0) {
            throw new AssertionError(
                    command + " ended with " + result.exitCode() + ": " + result.output());
        }
        return result.output();
    }
}
