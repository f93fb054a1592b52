package io.kumki.agent.postgres.parameters;

import io.kumki.agent.postgres.parameters.ParameterRules.Adapted;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Leaves out libraries that each session would load and that aren't there: with one of them the
 * server lets nobody in from its next reload on, neither a client nor a standby nor the agent.
 *
 * <p>Not {@code shared_preload_libraries}: those are read by a starting server, which had better
 * not run than run without an extension that guards its data.
 */
final class SessionLibraries {

    /** The directory of each one's libraries without a directory, below {@code $libdir}. */
    private static final Map<String, String> PARAMETERS =
            Map.of("local_preload_libraries", "plugins/", "session_preload_libraries", "");

    /** Every server has it in {@code $libdir}. */
    private static final String OF_EVERY_SERVER = "libpqwalreceiver.so";

    private static final String LIBDIR = "$libdir";

    private SessionLibraries() {}

    /**
     * @param program how {@code postgres} is called; without a directory nothing is looked for
     */
    static Adapted existing(SortedMap<String, String> parameters, String program) {
        if (PARAMETERS.keySet().stream().noneMatch(name -> parameters.containsKey(name))) {
            return new Adapted(parameters, List.of());
        }
        Optional<Path> libdir = libdir(program);
        if (libdir.isEmpty()) {
            return new Adapted(parameters, List.of());
        }
        SortedMap<String, String> kept = new TreeMap<>(parameters);
        List<String> warnings = new ArrayList<>();
        PARAMETERS.forEach((name, below) -> {
            List<String> found = new ArrayList<>();
            for (String library : libraries(parameters.getOrDefault(name, ""))) {
                if (places(library, below, libdir.get(), parameters)
                        .anyMatch(Files::isRegularFile)) {
                    found.add(library);
                } else {
                    warnings.add(
                            "postgresql parameter %s: the library %s is left out: it isn't in %s; install it there or remove it"
                                    .formatted(name, library, libdir.get()));
                }
            }
            if (warnings.stream().anyMatch(warning -> warning.contains(" " + name + ":"))) {
                kept.put(name, String.join(",", found));
            }
        });
        return new Adapted(kept, warnings);
    }

    private static List<String> libraries(String value) {
        return Arrays.stream(value.split(",", -1))
                .map(library -> library.strip().replaceAll("^\"(.*)\"$", "$1"))
                .filter(library -> !library.isEmpty())
                .toList();
    }

    /** Where the server looks for it. */
    private static Stream<Path> places(
            String library, String below, Path libdir, SortedMap<String, String> parameters) {
        Stream<String> directories =
                below.isEmpty() && library.indexOf('/') < 0
                        ? Stream.concat(
                                Stream.of(LIBDIR),
                                Arrays.stream(
                                        parameters
                                                .getOrDefault("dynamic_library_path", "")
                                                .split(":", -1)))
                        : Stream.of(library.indexOf('/') < 0 ? LIBDIR + "/" + below : "");
        return directories
                .map(directory -> directory.isEmpty() ? library : directory + "/" + library)
                .map(path ->
                        path.startsWith(LIBDIR) ? libdir + path.substring(LIBDIR.length()) : path)
                .flatMap(path -> Stream.of(path, path + ".so"))
                .flatMap(SessionLibraries::path);
    }

    private static Stream<Path> path(String text) {
        try {
            return Stream.of(Path.of(text));
        } catch (InvalidPathException e) {
            // then it can't be a library either
            return Stream.empty();
        }
    }

    /** As the server itself finds it: beside its program. */
    private static Optional<Path> libdir(String program) {
        Path file = Path.of(program);
        if (!file.isAbsolute()) {
            return Optional.empty();
        }
        try {
            Path root = file.toRealPath().resolve("../..").normalize();
            return Stream.of("lib", "lib/postgresql", "lib64", "lib64/postgresql")
                    .map(root::resolve)
                    .filter(directory -> Files.exists(directory.resolve(OF_EVERY_SERVER)))
                    .findFirst();
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
