package io.kumki.agent.config;

import io.kumki.dcs.json.ConfigPatch;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Reads the local configuration: a YAML file or all of a directory, with the environment merged
 * over it; without a file the variable {@code PATRONI_CONFIGURATION} alone; else the environment
 * alone. In the container image its {@link ImageDefaults} lie below.
 *
 * <p>Merging is by key: mapping into mapping, anything else replaces, a null removes. Each {@link
 * #load()} reads the files again, under the environment as it was at construction.
 */
public final class LocalConfigLoader {

    private static final long MAX_FILE_BYTES = 4 << 20;

    private final Optional<Path> path;
    private final EnvironmentConfig environment;
    private final ImageDefaults image;
    private boolean hadFile;

    /**
     * @param path file or directory; one that doesn't exist is as if none was given
     * @param environment all variables of the process; others than ours are ignored
     */
    public LocalConfigLoader(Optional<Path> path, Map<String, String> environment) {
        this.path = path;
        this.environment = EnvironmentConfig.of(environment);
        this.image = new ImageDefaults(environment);
    }

    /**
     * @throws InvalidConfigException if a file can't be read or is no mapping, or nothing is
     *     configured at all; nothing else is checked here
     */
    public LocalConfig load() throws InvalidConfigException {
        List<String> warnings = new ArrayList<>();
        LocalConfig loaded = loadSources(warnings);
        if (loaded.tree().isEmpty() && loaded.problems().isEmpty()) {
            Optional<String> absent = path.filter(file -> !Files.exists(file)).map(Path::toString);
            String source = absent.orElse(loaded.source());
            throw new InvalidConfigException(
                    source,
                    source,
                    (absent.isPresent() ? "does not exist. " : "Config is empty. ")
                            + "Name a YAML file or a directory of them as argument, or set"
                            + " KUMKI_* or PATRONI_* variables");
        }
        return image.under(loaded);
    }

    private LocalConfig loadSources(List<String> warnings) throws InvalidConfigException {
        if (path.isPresent() && (hadFile || Files.exists(path.get()))) {
            SortedMap<String, String> origins = new TreeMap<>();
            Map<String, @Nullable Object> tree = files(path.get(), origins);
            hadFile = true;
            warnings.addAll(environment.warnings());
            origins.putAll(environment.origins());
            return new LocalConfig(
                    path.get().toString(),
                    ConfigPatch.apply(tree, environment.tree()),
                    origins,
                    environment.problems(),
                    warnings);
        }
        path.ifPresent(
                absent -> warnings.add(absent + " does not exist: only the environment is used"));
        if (environment.whole().isPresent()) {
            String name = EnvironmentConfig.WHOLE;
            return new LocalConfig(name, mapping(environment.whole().get(), name), warnings);
        }
        warnings.addAll(environment.warnings());
        return new LocalConfig(
                "environment",
                environment.tree(),
                environment.origins(),
                environment.problems(),
                warnings);
    }

    /**
     * @param origins receives the file of each value of a directory's files
     */
    private static Map<String, @Nullable Object> files(Path path, SortedMap<String, String> origins)
            throws InvalidConfigException {
        if (Files.isRegularFile(path)) {
            return mapping(read(path), path.toString());
        }
        if (!Files.isDirectory(path)) {
            throw new InvalidConfigException(
                    path.toString(),
                    path.toString(),
                    Files.exists(path)
                            ? "config path " + path + " is neither directory nor file"
                            : "the file is gone; it was there before");
        }
        Map<String, @Nullable Object> tree = new LinkedHashMap<>();
        for (Path file : yamlFiles(path)) {
            Map<String, @Nullable Object> content = mapping(read(file), file.toString());
            tree = ConfigPatch.apply(tree, content);
            trace("", content, file.toString(), origins);
        }
        return tree;
    }

    private static void trace(
            String prefix, Map<?, ?> content, String file, SortedMap<String, String> origins) {
        content.forEach((key, value) -> {
            if (value instanceof Map<?, ?> inner && !inner.isEmpty()) {
                trace(prefix + key + ".", inner, file, origins);
            } else {
                origins.put(prefix + key, file);
            }
        });
    }

    private static List<Path> yamlFiles(Path directory) throws InvalidConfigException {
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.filter(Files::isRegularFile)
                    .filter(file ->
                            file.toString().endsWith(".yml") || file.toString().endsWith(".yaml"))
                    .sorted(
                            Comparator.comparing(
                                    LocalConfigLoader::nameBytes, Arrays::compareUnsigned))
                    .toList();
        } catch (IOException e) {
            throw unreadable(directory, e);
        }
    }

    private static byte[] nameBytes(Path file) {
        return String.valueOf(file.getFileName()).getBytes(StandardCharsets.UTF_8);
    }

    private static String read(Path file) throws InvalidConfigException {
        try {
            if (Files.size(file) > MAX_FILE_BYTES) {
                throw new InvalidConfigException(
                        file.toString(),
                        file.toString(),
                        "is larger than " + MAX_FILE_BYTES + " bytes: is it a configuration file?");
            }
            return Files.readString(file);
        } catch (CharacterCodingException e) {
            throw new InvalidConfigException(
                    file.toString(), file.toString(), "is not UTF-8 text: save it as UTF-8");
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    private static InvalidConfigException unreadable(Path path, IOException e) {
        return new InvalidConfigException(
                path.toString(),
                path.toString(),
                "can't be read: " + e + "; check that it exists and that this user may read it");
    }

    /** A text without any content is an empty mapping. */
    private static Map<String, @Nullable Object> mapping(String text, String source)
            throws InvalidConfigException {
        Object value = YamlText.parse(text, source);
        if (value != null && !(value instanceof Map<?, ?>)) {
            throw new InvalidConfigException(
                    source,
                    source,
                    "does not contain a dict: its top level must be \"key: value\" lines, such as"
                            + " \"scope: main\"");
        }
        return new LinkedHashMap<>(Section.of(value).values());
    }
}
