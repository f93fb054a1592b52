package io.kumki.agent.postgres;

import io.kumki.agent.config.PostgresConfig.Credentials;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** libpq's password file: lines {@code HOST:PORT:DATABASE:USER:PASSWORD}, readable by us alone. */
public final class PgPass {

    private PgPass() {}

    /**
     * The lines for {@code credentials} at each of the hosts (comma-separated); none without a
     * password.
     */
    public static List<String> lines(String hosts, int port, Credentials credentials) {
        List<String> lines = new ArrayList<>();
        if (credentials.password().isEmpty()) {
            return lines;
        }
        String user = credentials.username().map(PgPass::escaped).orElse("*");
        List<String> names = new ArrayList<>();
        for (String host : hosts.split(",", -1)) {
            names.add(host);
            if (host.startsWith("/")) {
                // libpq's name for the socket directory that it was compiled with, and only that
                names.add("localhost");
            }
        }
        for (String name : names) {
            lines.add(
                    (name.isEmpty() ? "*" : escaped(name))
                            + ":"
                            + port
                            + ":*:"
                            + user
                            + ":"
                            + escaped(credentials.password().get()));
        }
        return lines;
    }

    private static String escaped(String part) {
        return part.replace("\\", "\\\\").replace(":", "\\:");
    }

    /** Replaces the file's content in one step; left alone if it is already that. */
    public static void write(Path file, List<String> lines) throws IOException {
        String content = lines.stream().map(line -> line + "\n").collect(Collectors.joining());
        AtomicFiles.replace(file, content, AtomicFiles.Access.OWNER);
    }

    /**
     * A file of its own for one run of a tool, beside {@code pgpass}: that one belongs to the
     * running standby.
     */
    public static Temporary temporary(Path pgpass, List<String> lines) throws IOException {
        Path directory = pgpass.toAbsolutePath().getParent();
        if (directory == null || !Files.isDirectory(directory)) {
            throw new IOException(
                    "no password file can be written beside "
                            + pgpass
                            + ": its directory doesn't exist; make it, or set postgresql.pgpass to a"
                            + " file in one that does");
        }
        Path file = Files.createTempFile(directory, ".kumki-pgpass-", "");
        write(file, lines);
        return new Temporary(file, !lines.isEmpty());
    }

    /**
     * Deleted when closed.
     *
     * @param filled whether there is a password in it
     */
    public record Temporary(Path file, boolean filled) implements AutoCloseable {

        /**
         * The call with its passwords from this file; without any they come from where libpq looks
         * by itself, such as {@code ~/.pgpass}.
         */
        public ProgramCall give(ProgramCall call) {
            return filled ? call.with("PGPASSFILE", file.toString()) : call;
        }

        @Override
        public void close() throws IOException {
            Files.deleteIfExists(file);
        }
    }
}
