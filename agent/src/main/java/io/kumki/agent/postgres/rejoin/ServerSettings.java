package io.kumki.agent.postgres.rejoin;

import io.kumki.agent.config.PostgresConfig;
import io.kumki.agent.postgres.PgPrograms;
import io.kumki.agent.postgres.ProgramRun;
import io.kumki.agent.postgres.Programs;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a stopped server's configuration files say ({@code postgres -C}). */
final class ServerSettings {

    private static final Logger LOG = LoggerFactory.getLogger(ServerSettings.class);

    private ServerSettings() {}

    /** The value of a setting; empty if it is empty or can't be read. */
    static Optional<String> value(PgPrograms programs, PostgresConfig config, String name) {
        ProgramRun run =
                Programs.run(
                        programs.call(
                                "postgres",
                                "-C",
                                name,
                                "-D",
                                config.files().dataDir().toString(),
                                "--config-file=" + configFile(config)));
        if (!run.succeeded()) {
            LOG.atWarn()
                    .addKeyValue("setting", name)
                    .addKeyValue("error", run.summary())
                    .log("setting of the stopped server can't be read");
            return Optional.empty();
        }
        String value = run.stdout().strip();
        return value.isEmpty() || value.equals("(disabled)")
                ? Optional.empty()
                : Optional.of(value);
    }

    /** The generated configuration file, if it is there, else the data directory's own. */
    static Path configFile(PostgresConfig config) {
        Path generated =
                config.files().configDir().resolve(config.files().configBaseName() + ".conf");
        return Files.exists(generated)
                ? generated
                : config.files().dataDir().resolve("postgresql.conf");
    }

    /** The command by which segments are archived; empty if archiving is off. */
    static Optional<String> archiveCommand(PgPrograms programs, PostgresConfig config) {
        boolean archives =
                value(programs, config, "archive_mode")
                        .filter(mode -> !mode.equals("off"))
                        .isPresent();
        return archives ? value(programs, config, "archive_command") : Optional.empty();
    }
}
