package io.kumki.agent.config;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The strict checks of data directory and programs. */
final class DirectoryChecks {

    static final List<String> PROGRAMS =
            List.of(
                    "pg_ctl",
                    "initdb",
                    "pg_controldata",
                    "pg_basebackup",
                    "postgres",
                    "pg_isready");

    private static final Pattern VERSION = Pattern.compile("(\\d+)(\\.\\d+)?");

    private final Surroundings surroundings;
    private final Section postgresql;

    DirectoryChecks(Surroundings surroundings, Section postgresql) {
        this.surroundings = surroundings;
        this.postgresql = postgresql;
    }

    /** What is wrong with the data directory; one that doesn't exist yet is fine. */
    List<String> dataDirectory(String text) {
        if (text.isEmpty()) {
            return List.of("is an empty string");
        }
        try {
            Path directory = Path.of(text);
            if (!Files.exists(directory)) {
                return List.of();
            }
            if (!Files.isDirectory(directory)) {
                return List.of("is not a directory");
            }
            if (isEmpty(directory)) {
                return List.of();
            }
            Path versionFile = directory.resolve("PG_VERSION");
            if (!Files.exists(versionFile)) {
                return List.of("doesn't look like a valid data directory");
            }
            if (!Files.isDirectory(directory.resolve("pg_wal"))
                    && !Files.isDirectory(directory.resolve("pg_xlog"))) {
                return List.of(
                        "data dir for the cluster is not empty, but doesn't contain \"pg_wal\""
                                + " directory");
            }
            return compareVersions(Files.readString(versionFile).strip());
        } catch (InvalidPathException | IOException e) {
            return List.of("can't be read: " + e);
        }
    }

    private List<String> compareVersions(String ofDirectory) {
        Optional<String> ofProgram =
                find(programName("postgres"))
                        .flatMap(surroundings::version)
                        .map(VERSION::matcher)
                        .filter(Matcher::find)
                        .map(matcher ->
                                Integer.parseInt(matcher.group(1)) < 10
                                        ? matcher.group()
                                        : matcher.group(1));
        return ofProgram.isPresent() && !ofProgram.get().equals(ofDirectory)
                ? List.of(
                        "data_dir directory postgresql version ("
                                + ofDirectory
                                + ") doesn't match with 'postgres --version' output ("
                                + ofProgram.get()
                                + ")")
                : List.of();
    }

    private static boolean isEmpty(Path directory) throws IOException {
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.findAny().isEmpty();
        }
    }

    /** What is wrong with the directory of programs, or with {@code PATH} if none is configured. */
    List<String> programs() {
        String directory = postgresql.text("bin_dir").orElse("");
        try {
            if (!directory.isEmpty() && !Files.exists(Path.of(directory))) {
                return List.of("Directory '" + directory + "' does not exist.");
            }
            if (!directory.isEmpty() && !Files.isDirectory(Path.of(directory))) {
                return List.of("'" + directory + "' is not a directory.");
            }
        } catch (InvalidPathException e) {
            return List.of("Directory '" + e.getInput().replace("\0", "") + "' does not exist.");
        }
        List<String> reasons = new ArrayList<>();
        for (String program : PROGRAMS) {
            if (!postgresql.section("bin_name").has(program)) {
                missing(program).ifPresent(reasons::add);
            }
        }
        return reasons;
    }

    /** What is wrong with the name configured for a program. */
    List<String> programNamed(String name) {
        return name.isEmpty()
                ? List.of("is an empty string")
                : missing(name).map(List::of).orElse(List.of());
    }

    private Optional<String> missing(String name) {
        String directory = postgresql.text("bin_dir").orElse("$PATH");
        return find(name).isPresent()
                ? Optional.empty()
                : Optional.of("does not contain '" + name + "' in '" + directory + "'");
    }

    private String programName(String program) {
        return postgresql.section("bin_name").text(program).orElse(program);
    }

    private Optional<Path> find(String name) {
        String path = postgresql.text("bin_dir").orElse(surroundings.searchPath());
        try {
            return Arrays.stream(path.split(":", -1))
                    .filter(directory -> !directory.isEmpty())
                    .map(directory -> Path.of(directory).resolve(name))
                    .filter(file -> Files.isRegularFile(file) && Files.isExecutable(file))
                    .findFirst();
        } catch (InvalidPathException e) {
            return Optional.empty(); // reported as missing
        }
    }
}
