package io.kumki.agent.postgres;

import io.kumki.agent.config.PostgresConfig;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicReference;

/** What all parts share: the configuration in force, and what follows from it. Thread-safe. */
final class Installation {

    private final AtomicReference<PostgresConfig> config;
    private final PgPrograms programs;

    Installation(PostgresConfig config) {
        this.config = new AtomicReference<>(config);
        this.programs = new PgPrograms(() -> config().files());
    }

    PostgresConfig config() {
        return config.get();
    }

    void use(PostgresConfig changed) {
        config.set(changed);
    }

    PgPrograms programs() {
        return programs;
    }

    Path dataDir() {
        return config().files().dataDir();
    }

    /** The generated {@code postgresql.conf}. */
    Path confFile() {
        PostgresConfig.Files files = config().files();
        return files.configDir().resolve(files.configBaseName() + ".conf");
    }

    Path inConfigDir(String name) {
        return config().files().configDir().resolve(name);
    }

    /** The data directory's major version, else the binary's; 0 if neither is known. */
    int major() {
        int ofData = DataDirectories.major(dataDir());
        return ofData > 0 ? ofData : programs.binaryMajor();
    }
}
