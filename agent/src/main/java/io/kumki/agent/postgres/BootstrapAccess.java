package io.kumki.agent.postgres;

import io.kumki.agent.config.PostgresConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The access file while a custom bootstrap works: it lets in only us, whatever roles and rules the
 * restored cluster has, and those rules must not outlive the bootstrap.
 *
 * <p>What was there before is kept twice. The copy in the data directory says that the bootstrap
 * goes on. The one beside the access file is for a configuration directory of its own: its file can
 * be put back after the data directory has gone, by whomever. An empty copy stands for "there was
 * none", since PostgreSQL refuses an empty file.
 */
final class BootstrapAccess {

    private static final Logger LOG = LoggerFactory.getLogger(BootstrapAccess.class);

    private static final String FILE = "pg_hba.conf";
    private static final String SAVED = "pg_hba.conf.kumki-saved";

    private final Installation installation;

    BootstrapAccess(Installation installation) {
        this.installation = installation;
    }

    /** Whether the access file in {@code dataDir} is the one of a custom bootstrap. */
    static boolean runs(Path dataDir) {
        return Files.exists(dataDir.resolve(SAVED));
    }

    private Path marker() {
        return installation.dataDir().resolve(SAVED);
    }

    private Path file() {
        return installation.inConfigDir(FILE);
    }

    private Path beside() {
        return installation.inConfigDir(SAVED);
    }

    /** Whether there are any rules for the time after the bootstrap. */
    boolean hasSuccessor() throws IOException {
        PostgresConfig config = installation.config();
        return !config.pgHba().isEmpty()
                || config.parameters().containsKey("hba_file")
                || filled(beside())
                || filled(marker())
                || filled(file())
                || filled(installation.dataDir().resolve(FILE));
    }

    private static boolean filled(Path file) throws IOException {
        return Files.exists(file) && Files.size(file) > 0;
    }

    /** Saves what is there, once, and lets in only us. */
    void restrict() throws IOException {
        Path file = file();
        if (!runs(installation.dataDir())) {
            // an older one beside it is of a bootstrap that nobody cleaned up after
            Path original = Files.exists(beside()) ? beside() : file;
            String content = Files.exists(original) ? ForeignText.read(original) : "";
            AtomicFiles.replace(marker(), content, access(marker()));
            AtomicFiles.replace(beside(), content, access(beside()));
        }
        PostgresConfig config = installation.config();
        List<String> lines = new ArrayList<>();
        String superuser = config.superuser().username().map(RoleSql::identifier).orElse("all");
        String replication = config.replication().username().map(RoleSql::identifier).orElse("all");
        for (String from :
                List.of(
                        "host %s %s 127.0.0.1/32",
                        "host %s %s ::1/128",
                        "host %s %s samehost", // where we listen on another address only
                        "local %s %s")) {
            lines.add(from.formatted("all", superuser) + " trust");
            lines.add(from.formatted("replication", replication) + " trust");
        }
        AtomicFiles.replace(file, String.join("\n", lines) + "\n", access(file));
    }

    /**
     * Puts back what {@link #restrict} saved, if anything; without an original ours goes. No server
     * may run with it that isn't restarted.
     *
     * @return whether there was something to put back
     */
    boolean putBack() throws IOException {
        Path saved = Files.exists(beside()) ? beside() : marker();
        if (!Files.exists(saved)) {
            return false;
        }
        String original = ForeignText.read(saved);
        if (original.isEmpty()) {
            Files.deleteIfExists(file());
        } else {
            AtomicFiles.replace(file(), original, access(file()));
        }
        AtomicFiles.syncDirectory(installation.config().files().configDir());
        Files.deleteIfExists(beside());
        // last, since it is what keeps others from doing the same at the same time
        if (Files.deleteIfExists(marker())) {
            AtomicFiles.syncDirectory(installation.dataDir());
        }
        return true;
    }

    /** Of a bootstrap that broke off and whose data directory somebody removed by hand. */
    static void endLeftOver(Installation installation) throws IOException {
        BootstrapAccess access = new BootstrapAccess(installation);
        if (!runs(installation.dataDir()) && access.putBack()) {
            LOG.atWarn()
                    .addKeyValue("file", access.file())
                    .log("access rules of a bootstrap that broke off are taken away");
        }
    }

    private AtomicFiles.Access access(Path path) throws IOException {
        Path dataDir = installation.dataDir();
        return path.startsWith(dataDir) ? AtomicFiles.Access.in(dataDir) : AtomicFiles.Access.OWNER;
    }
}
