package io.kumki.agent.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** The lease guard, compiled once for all tests of this JVM. */
final class LeaseGuardProgram {

    static final Path PATH = compiled();

    private LeaseGuardProgram() {}

    private static Path compiled() {
        try {
            Path program = Files.createTempFile("kumki-lease-guard", "");
            program.toFile().deleteOnExit();
            Programs.Result made =
                    Programs.run(
                            Duration.ofMinutes(1),
                            List.of("../tools/make-lease-guard", program.toString()));
            if (made.exitCode() != 0) {
                throw new AssertionError("the lease guard doesn't compile: " + made.output());
            }
            return program;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
