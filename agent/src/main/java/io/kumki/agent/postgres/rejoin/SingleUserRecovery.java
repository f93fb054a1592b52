package io.kumki.agent.postgres.rejoin;

import io.kumki.agent.config.PostgresConfig;
import io.kumki.agent.ha.LocalServer.ClusterState;
import io.kumki.agent.ha.Rung;
import io.kumki.agent.postgres.AtomicFiles;
import io.kumki.agent.postgres.Cancellation;
import io.kumki.agent.postgres.ControlFile;
import io.kumki.agent.postgres.DataDirectories;
import io.kumki.agent.postgres.ForeignText;
import io.kumki.agent.postgres.OperationResult;
import io.kumki.agent.postgres.PgPrograms;
import io.kumki.agent.postgres.ProgramCall;
import io.kumki.agent.postgres.ProgramRun;
import io.kumki.agent.postgres.Programs;
import io.kumki.agent.postgres.VolumeLock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Crash recovery without opening a port, so that the local log ends in a shutdown checkpoint and
 * can be compared and rewound. Calls block: use a virtual thread.
 *
 * <p>Never with a {@code backup_label}: the recovery would begin at the wrong checkpoint and break
 * the log's chain.
 */
public final class SingleUserRecovery {

    private static final Pattern QUOTED = Pattern.compile("\"([^\"]*)\"");

    private final Supplier<PostgresConfig> config;
    private final PgPrograms programs;

    public SingleUserRecovery(Supplier<PostgresConfig> config, PgPrograms programs) {
        this.config = config;
        this.programs = programs;
    }

    /** See the class; the server must be stopped. Done if it was shut down cleanly already. */
    public OperationResult run(Cancellation cancellation) {
        PostgresConfig current = config.get();
        Path dataDir = current.files().dataDir();
        try {
            if (UnfinishedMarker.read(dataDir).isPresent()) {
                return new OperationResult.Failed(
                        "earlier work in " + dataDir + " broke off; only a clone can repair it");
            }
            if (ControlFile.read(programs, dataDir).state() == ClusterState.SHUT_DOWN) {
                return new OperationResult.Done("was shut down cleanly already");
            }
            if (DataDirectories.backupLabel(dataDir)) {
                return new OperationResult.Failed(
                        "no single-user recovery in "
                                + dataDir
                                + ": a backup_label is there, so it began as a base backup and must be"
                                + " started as a standby");
            }
            return recover(current, dataDir, cancellation);
        } catch (IOException e) {
            return new OperationResult.Failed("single-user recovery: " + e.getMessage());
        }
    }

    private OperationResult recover(PostgresConfig current, Path dataDir, Cancellation cancellation)
            throws IOException {
        var archiveCommand = ServerSettings.archiveCommand(programs, current);
        if (archiveCommand.isPresent()) {
            ReadySegments.archive(dataDir, archiveCommand.get(), cancellation);
        }
        if (cancellation.cancelled()) {
            return new OperationResult.Cancelled();
        }
        ReadySegments.forget(dataDir);
        boolean signal = Files.deleteIfExists(dataDir.resolve("standby.signal"));
        signal |= Files.deleteIfExists(dataDir.resolve("recovery.signal"));
        if (signal) {
            AtomicFiles.syncDirectory(dataDir);
        }
        ProgramRun run =
                Programs.run(
                        command(current, dataDir)
                                .within(Rung.Limits.CRASH_RECOVERY)
                                .cancelledBy(cancellation));
        ClusterState state = ControlFile.read(programs, dataDir).state();
        if (run.ending() == ProgramRun.Ending.CANCELLED) {
            return new OperationResult.Cancelled();
        }
        return run.succeeded() && state == ClusterState.SHUT_DOWN
                ? new OperationResult.Done("recovered in single-user mode and shut down")
                : new OperationResult.Failed(
                        "single-user recovery: " + run.summary() + "; control file: " + state);
    }

    private ProgramCall command(PostgresConfig current, Path dataDir) throws IOException {
        List<String> arguments = new ArrayList<>(List.of("--single", "-D", dataDir.toString()));
        List<String> options = options(dataDir);
        if (options.stream().noneMatch(option -> option.startsWith("config_file="))) {
            options.add("config_file=" + ServerSettings.configFile(current));
        }
        options.add("archive_mode=on");
        options.add("archive_command=false");
        for (String option : options) {
            arguments.add("-c");
            arguments.add(option);
        }
        arguments.add("template1");
        return VolumeLock.locked(programs.callInOwnLocale("postgres").plus(arguments), dataDir);
    }

    private static List<String> options(Path dataDir) throws IOException {
        try {
            return options(ForeignText.read(dataDir.resolve("postmaster.opts")));
        } catch (NoSuchFileException e) {
            return new ArrayList<>();
        }
    }

    /** The settings in {@code postmaster.opts}, each {@code name=value}. */
    static List<String> options(String postmasterOpts) {
        List<String> options = new ArrayList<>();
        Matcher matcher = QUOTED.matcher(postmasterOpts);
        boolean afterC = false;
        while (matcher.find()) {
            String word = matcher.group(1);
            if (afterC && word.contains("=")) {
                options.add(word);
            } else if (word.startsWith("--") && word.contains("=")) {
                int equals = word.indexOf('=');
                options.add(word.substring(2, equals).replace('-', '_') + word.substring(equals));
            }
            afterC = word.equals("-c");
        }
        return options;
    }
}
