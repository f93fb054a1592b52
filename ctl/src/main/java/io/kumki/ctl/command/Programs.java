package io.kumki.ctl.command;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** Finds programs along {@code PATH}. */
final class Programs {

    private Programs() {}

    static Optional<String> find(String program, Map<String, String> environment) {
        if (program.contains("/")) {
            return Files.isExecutable(Path.of(program)) ? Optional.of(program) : Optional.empty();
        }
        for (String directory : environment.getOrDefault("PATH", "").split(":", -1)) {
            Path path = Path.of(directory, program);
            if (!directory.isEmpty() && Files.isRegularFile(path) && Files.isExecutable(path)) {
                return Optional.of(path.toString());
            }
        }
        return Optional.empty();
    }
}
