package io.kumki.agent.postgres;

import io.kumki.agent.config.PostgresConfig;
import io.kumki.agent.postgres.parameters.ParameterCheck;
import io.kumki.agent.postgres.parameters.ParameterRules.Adapted;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What all parts share: the configuration in force, and what follows from it. Thread-safe. */
final class Installation {

    private static final Logger LOG = LoggerFactory.getLogger(Installation.class);

    private final AtomicReference<PostgresConfig> config;
    private final PgPrograms programs;
    private final ParameterCheck check;
    private final AtomicReference<@Nullable Checked> checked = new AtomicReference<>();

    /** The last parameters that the server was asked about, and what it takes of them. */
    private record Checked(
            PostgresConfig.Files files,
            SortedMap<String, String> wanted,
            SortedMap<String, String> taken,
            List<String> problems) {}

    private final AtomicReference<@Nullable NotStartable> notStartable = new AtomicReference<>();

    private final AtomicReference<List<String>> accessProblems = new AtomicReference<>(List.of());

    /** A configuration that the server didn't start with. */
    private record NotStartable(
            SortedMap<String, String> taken, List<String> pgHba, String problem) {}

    Installation(PostgresConfig config) {
        this.config = new AtomicReference<>(config);
        this.programs = new PgPrograms(() -> config().files());
        this.check = new ParameterCheck(programs);
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

    /**
     * All parameters the server is to get, without recovery parameters: what it would refuse is
     * corrected or left out, with one warning each, not repeated when other parameters change. The
     * server is asked only about changes; blocks.
     *
     * @return a map of the caller's own
     */
    synchronized SortedMap<String, String> parameters() {
        PostgresConfig now = config();
        SortedMap<String, String> wanted = ServerParameters.wanted(now, major());
        Checked known = checked.get();
        if (known == null || !known.wanted.equals(wanted) || !known.files.equals(now.files())) {
            Adapted adapted = check.adapt(wanted);
            List<String> said = parameterProblems();
            adapted.warnings().stream()
                    .filter(warning -> !said.contains(warning))
                    .forEach(warning ->
                            LOG.atWarn()
                                    .addKeyValue("reason", warning)
                                    .log("parameters are not as configured"));
            known =
                    new Checked(
                            now.files(),
                            new TreeMap<>(wanted),
                            adapted.parameters(),
                            adapted.warnings());
            checked.set(known);
        }
        return new TreeMap<>(known.taken);
    }

    /** Where the log really lies, which may be another volume. */
    Path walDirectory() {
        try {
            return dataDir().resolve("pg_wal").toRealPath();
        } catch (IOException notThere) {
            return dataDir();
        }
    }

    /**
     * What {@link #parameters} changed or left out the last time, and what the last start had to
     * leave out; doesn't block.
     */
    List<String> parameterProblems() {
        List<String> problems = new ArrayList<>(accessProblems.get());
        Checked known = checked.get();
        if (known != null) {
            problems.addAll(known.problems);
            NotStartable without = notStartable.get();
            if (without != null && without.equals(notStartable(known, without.problem))) {
                problems.add(without.problem);
            }
        }
        return problems;
    }

    /**
     * What is wrong with the access rules, as the server sees their file now; one sentence each.
     */
    void accessProblems(List<String> found) {
        List<String> before = accessProblems.getAndSet(List.copyOf(found));
        found.stream()
                .filter(problem -> !before.contains(problem))
                .forEach(problem ->
                        LOG.atWarn()
                                .addKeyValue("reason", problem)
                                .log("access rules are not as configured"));
    }

    /**
     * @param problem why the server runs with an older configuration than the present one; told
     *     until that changes
     */
    void notStartable(Optional<String> problem) {
        Checked known = checked.get();
        notStartable.set(
                problem.isEmpty() || known == null ? null : notStartable(known, problem.get()));
    }

    private NotStartable notStartable(Checked known, String problem) {
        return new NotStartable(known.taken, config().pgHba(), problem);
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
