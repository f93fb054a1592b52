package io.kumki.agent.postgres;

import io.kumki.agent.config.PostgresConfig;
import io.kumki.agent.config.PostgresConfig.Credentials;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Holds clients off a server by its access file. The file for everybody stands aside meanwhile, and
 * that it does is what tells that the gate is closed: whoever finds it there, an agent started anew
 * or a copy of this data directory, can open it.
 *
 * <p>Each step may be repeated after a crash between any two. Callers take turns.
 */
final class ClientGate {

    /** The access file for everybody. */
    private static final String ASIDE = "pg_hba.conf.kumki-open";

    /** Says so to everybody else; and PostgreSQL doesn't start with a file that has no lines. */
    private static final String LAST_LINES = "local all all reject\nhost all all all reject\n";

    private static final String FIRST_LINE =
            "# Kumki holds clients off until standbys have confirmed the end of the log.";

    private final Installation installation;

    ClientGate(Installation installation) {
        this.installation = installation;
    }

    boolean closed() {
        return Files.exists(aside());
    }

    /** From the next start or reload on only our own roles get in by {@code file}. */
    void close(Path file) throws IOException {
        String open = isNarrowed(file) && closed() ? ForeignText.read(aside()) : read(file);
        AtomicFiles.replace(aside(), open, access(aside()));
        narrow(file, open.lines().toList());
    }

    /** Writes the access file for what is configured now. */
    boolean narrow(Path file, List<String> lines) throws IOException {
        return AtomicFiles.replace(file, narrowed(lines), access(file));
    }

    /** What is left of the access file for everybody. */
    String narrowed(List<String> lines) {
        StringBuilder text = new StringBuilder(FIRST_LINE).append('\n');
        HeldOffAccess.of(lines, roles()).forEach(line -> text.append(line).append('\n'));
        return text.append(LAST_LINES).toString();
    }

    /** Puts the file for everybody back, unless somebody has written another meanwhile. */
    void putBack(Path file) throws IOException {
        if (closed() && isNarrowed(file)) {
            AtomicFiles.replace(file, ForeignText.read(aside()), access(file));
        }
    }

    /** The server has been told, or doesn't run: the gate counts as open. */
    void opened() throws IOException {
        if (Files.deleteIfExists(aside())) {
            AtomicFiles.syncDirectory(installation.dataDir());
        }
    }

    private Path aside() {
        return installation.dataDir().resolve(ASIDE);
    }

    private static boolean isNarrowed(Path file) throws IOException {
        return Files.isRegularFile(file) && ForeignText.read(file).startsWith(FIRST_LINE);
    }

    private static String read(Path file) throws IOException {
        return Files.isRegularFile(file) ? ForeignText.read(file) : "";
    }

    private AtomicFiles.Access access(Path file) throws IOException {
        return file.startsWith(installation.dataDir())
                ? AtomicFiles.Access.in(installation.dataDir())
                : AtomicFiles.Access.OWNER;
    }

    /** Without a name libpq takes that of the operating system's user. */
    private SortedSet<String> roles() {
        PostgresConfig config = installation.config();
        SortedSet<String> roles = new TreeSet<>();
        for (Credentials role :
                List.of(config.superuser(), config.replication(), config.rewind())) {
            roles.add(role.username().orElse(System.getProperty("user.name", "postgres")));
        }
        return roles;
    }
}
