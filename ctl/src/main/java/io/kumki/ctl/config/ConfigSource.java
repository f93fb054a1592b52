package io.kumki.ctl.config;

import io.kumki.ctl.console.CtlException;
import io.kumki.ctl.output.YamlText;
import io.kumki.dcs.environment.OwnVariables;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the configuration: a YAML file, or all {@code *.yml} and {@code *.yaml} files of a
 * directory in the order of their names, with environment variables over it. Without a file {@code
 * PATRONI_CONFIGURATION} is the whole configuration if it is set.
 */
public final class ConfigSource {

    private static final Logger LOG = LoggerFactory.getLogger(ConfigSource.class);

    private ConfigSource() {}

    /**
     * @param variables the whole environment; of ours see {@link OwnVariables}
     * @param named the path the operator named; it must exist. Null: the default path, which may be
     *     missing
     * @throws CtlException naming the file, if it can't be read
     */
    public static Map<String, @Nullable Object> load(
            @Nullable String named, Map<String, String> variables) {
        Path path = named == null ? defaultPath(variables) : Path.of(named);
        OwnVariables own = OwnVariables.of(variables);
        own.warnings().forEach(warning -> LOG.atWarn().log(warning));
        // most likely a secret of the server that this user may not read and the client doesn't
        // need
        own.problems()
                .forEach(problem ->
                        LOG.atWarn()
                                .addKeyValue("variable", problem.variable())
                                .addKeyValue("value", problem.value())
                                .log(problem.message()));
        Map<String, String> environment = own.values();
        boolean readable = Files.isReadable(path);
        if (named != null && !readable) {
            throw new CtlException(
                    "Provided config file "
                            + named
                            + " not existing or no read rights."
                            + " Check the -c/--config-file parameter");
        }
        if (readable) {
            return ConfigTree.merge(read(path), EnvironmentConfig.read(environment));
        }
        Optional<String> whole =
                Optional.ofNullable(environment.get("PATRONI_CONFIGURATION"))
                        .filter(text -> !text.isEmpty());
        if (whole.isPresent()) {
            return YamlText.parseMapping(whole.get(), "PATRONI_CONFIGURATION");
        }
        return EnvironmentConfig.read(environment);
    }

    private static Path defaultPath(Map<String, String> environment) {
        String base = environment.getOrDefault("XDG_CONFIG_HOME", "");
        Path directory =
                base.isEmpty()
                        ? Path.of(environment.getOrDefault("HOME", "/"), ".config")
                        : Path.of(base);
        return directory.resolve("patroni").resolve("patronictl.yaml");
    }

    private static Map<String, @Nullable Object> read(Path path) {
        if (Files.isRegularFile(path)) {
            return readFile(path);
        }
        if (!Files.isDirectory(path)) {
            throw new CtlException("config path " + path + " is neither directory nor file");
        }
        Map<String, @Nullable Object> merged = new LinkedHashMap<>();
        for (Path file : yamlFiles(path)) {
            merged = ConfigTree.merge(merged, readFile(file));
        }
        return merged;
    }

    private static List<Path> yamlFiles(Path directory) {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(file -> file.toString().matches(".*\\.ya?ml"))
                    .filter(Files::isRegularFile)
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new CtlException("cannot list " + directory + ": " + e.getMessage(), e);
        }
    }

    private static Map<String, @Nullable Object> readFile(Path file) {
        try {
            return YamlText.parseMapping(Files.readString(file), file.toString());
        } catch (IOException e) {
            throw new CtlException("cannot read " + file + ": " + e.getMessage(), e);
        }
    }
}
