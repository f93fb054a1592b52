package io.kumki.agent.postgres.rejoin;

import io.kumki.agent.config.PostgresConfig;
import io.kumki.agent.postgres.AtomicFiles;
import io.kumki.agent.postgres.ForeignText;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The configuration files' copies {@code NAME.backup} in the data directory. They travel with a
 * clone, so a configuration that lies outside the data directory can be made from them on a fresh
 * machine.
 */
public final class ConfigBackups {

    private ConfigBackups() {}

    /** Puts copies in place of files that are missing; an absent pg_ident.conf becomes empty. */
    public static void restore(PostgresConfig config) throws IOException {
        Path configDir = config.files().configDir();
        Path dataDir = config.files().dataDir();
        Files.createDirectories(configDir);
        for (String name : names(config)) {
            Path file = configDir.resolve(name);
            Path copy = dataDir.resolve(name + ".backup");
            boolean ident = name.equals("pg_ident.conf");
            if (Files.exists(file) || !Files.exists(copy) && !ident) {
                continue;
            }
            write(file, dataDir, Files.exists(copy) ? ForeignText.read(copy) : "");
        }
    }

    /** Makes the copies; to be called when the server runs with its files. */
    public static void save(PostgresConfig config) throws IOException {
        Path dataDir = config.files().dataDir();
        for (String name : names(config)) {
            Path file = config.files().configDir().resolve(name);
            if (Files.isRegularFile(file)) {
                write(dataDir.resolve(name + ".backup"), dataDir, ForeignText.read(file));
            }
        }
    }

    private static void write(Path file, Path dataDir, String content) throws IOException {
        AtomicFiles.Access access =
                file.startsWith(dataDir)
                        ? AtomicFiles.Access.in(dataDir)
                        : AtomicFiles.Access.OWNER;
        AtomicFiles.replace(file, content, access);
    }

    private static List<String> names(PostgresConfig config) {
        List<String> names = new ArrayList<>();
        names.add(config.files().configBaseName() + ".conf");
        if (config.files().customConf().isEmpty()) {
            names.add(config.files().configBaseName() + ".base.conf");
        }
        if (!config.parameters().containsKey("hba_file")) {
            names.add("pg_hba.conf");
        }
        if (!config.parameters().containsKey("ident_file")) {
            names.add("pg_ident.conf");
        }
        return names;
    }
}
