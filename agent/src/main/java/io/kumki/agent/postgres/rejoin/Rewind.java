package io.kumki.agent.postgres.rejoin;

import io.kumki.agent.config.PostgresConfig;
import io.kumki.agent.ha.Rung;
import io.kumki.agent.ha.Upstream;
import io.kumki.agent.postgres.Cancellation;
import io.kumki.agent.postgres.ControlFile;
import io.kumki.agent.postgres.OperationResult;
import io.kumki.agent.postgres.PgPass;
import io.kumki.agent.postgres.PgPrograms;
import io.kumki.agent.postgres.ProgramCall;
import io.kumki.agent.postgres.ProgramRun;
import io.kumki.agent.postgres.Programs;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes a diverged data directory a standby's again by pg_rewind. Calls block: use a virtual
 * thread.
 *
 * <p>Steps: stop the server; archive what waits for it; the source must be a primary that has
 * completed a checkpoint on its timeline; a dry run, which finds everything that can be wrong and
 * changes nothing; the marker; pg_rewind; the marker goes. So a rewind that fails before it changed
 * anything leaves a usable directory, and one that broke off later is known by its marker and never
 * started.
 *
 * <p>The former local slots don't come back: pg_rewind empties {@code pg_replslot}.
 */
public final class Rewind {

    private static final Duration HELP = Duration.ofSeconds(5);

    /** What pg_rewind says (all majors, in English) when it compares no more than the numbers. */
    private static final String SAME_TIMELINE = "on the same timeline";

    private static final Logger LOG = LoggerFactory.getLogger(Rewind.class);

    private final Supplier<PostgresConfig> config;
    private final PgPrograms programs;
    private final Supplier<OperationResult> stop;
    private final AtomicBoolean answered = new AtomicBoolean();

    /**
     * @param stop stops the local server if it runs, without a checkpoint before
     */
    public Rewind(
            Supplier<PostgresConfig> config, PgPrograms programs, Supplier<OperationResult> stop) {
        this.config = config;
        this.programs = programs;
        this.stop = stop;
    }

    /**
     * Whether pg_rewind can be used: setting, binary, and hints or checksums in the control file.
     */
    public boolean possible() {
        PostgresConfig current = config.get();
        if (!current.rejoin().usePgRewind() || !answers()) {
            return false;
        }
        try {
            return ControlFile.read(programs, current.files().dataDir()).canRewind();
        } catch (IOException e) {
            LOG.atDebug().addKeyValue("error", e.toString()).log("no control file: no rewind");
            return false;
        }
    }

    /** Whether the binary works; a working one is asked only once. */
    private boolean answers() {
        if (!answered.get()) {
            answered.set(
                    Programs.run(programs.call("pg_rewind", "--help").within(HELP)).succeeded());
        }
        return answered.get();
    }

    /** See the class. */
    public OperationResult run(Upstream leader, Cancellation cancellation) {
        PostgresConfig current = config.get();
        try {
            if (UnfinishedMarker.read(current.files().dataDir()).isPresent()) {
                return new OperationResult.Failed(
                        "earlier work in "
                                + current.files().dataDir()
                                + " broke off; only a clone can repair it");
            }
            OperationResult stopped = stop.get();
            if (!stopped.done()) {
                return stopped;
            }
            ServerSettings.archiveCommand(programs, current)
                    .ifPresent(command -> archive(current, command, cancellation));
            Source source = new Source(current, leader);
            Optional<String> notPrimary = source.notPrimary();
            if (notPrimary.isPresent()) {
                return new OperationResult.Postponed(notPrimary.get());
            }
            Optional<String> early = source.checkpointDue();
            if (early.isPresent()) {
                return new OperationResult.Postponed(early.get());
            }
            try (PgPass.Temporary passwords = source.rewindPasswords()) {
                return rewind(current, source, passwords, leader, cancellation);
            }
        } catch (IOException e) {
            return new OperationResult.Failed("cannot rewind to " + leader + ": " + e.getMessage());
        }
    }

    private static void archive(PostgresConfig current, String command, Cancellation cancellation) {
        try {
            ReadySegments.archive(current.files().dataDir(), command, cancellation);
        } catch (IOException e) {
            LOG.atError()
                    .addKeyValue("error", e.toString())
                    .log("segments can't be archived; the rejoin may leave a hole in the archive");
        }
    }

    private OperationResult rewind(
            PostgresConfig current,
            Source source,
            PgPass.Temporary passwords,
            Upstream leader,
            Cancellation cancellation)
            throws IOException {
        Path dataDir = current.files().dataDir();
        int major = programs.binaryMajor();
        Optional<String> restoreCommand =
                ServerSettings.value(programs, current, "restore_command");
        List<String> arguments =
                new ArrayList<>(
                        List.of(
                                "--target-pgdata=" + dataDir,
                                "--source-server=" + source.rewindConnInfo(major)));
        boolean inDataDir =
                ServerSettings.configFile(current).equals(dataDir.resolve("postgresql.conf"));
        boolean ownRestore =
                restoreCommand.isPresent() && (inDataDir && major >= 13 || major >= 15);
        if (ownRestore) {
            arguments.add("--restore-target-wal");
        }
        if (ownRestore && !inDataDir) {
            arguments.add("--config-file=" + ServerSettings.configFile(current));
        }
        ProgramCall call =
                passwords.give(
                        programs.call("pg_rewind")
                                .plus(arguments)
                                .with("PGOPTIONS", "-c statement_timeout=0")
                                .cancelledBy(cancellation));
        MissingWal missing =
                new MissingWal(
                        dataDir, ownRestore ? Optional.empty() : restoreCommand, cancellation);
        ProgramRun dry =
                missing.runWithFetching(
                        call.plus(List.of("--dry-run")).within(Rung.Limits.REWIND_LOOK));
        if (!dry.succeeded()) {
            Optional<String> away = source.notPrimary();
            if (away.isPresent() && dry.ending() == ProgramRun.Ending.EXITED) {
                return new OperationResult.Postponed(away.get());
            }
            return failed(dry, leader, "; nothing was changed");
        }
        if (dry.output().contains(SAME_TIMELINE)) {
            return new OperationResult.Failed(
                    "pg_rewind from "
                            + leader
                            + ": both logs have one timeline number, so it sees no difference;"
                            + " nothing was changed");
        }
        UnfinishedMarker.beginRewind(dataDir);
        ProgramRun run = Programs.run(call.within(Rung.Limits.REWIND_COPY));
        if (!run.succeeded()) {
            return failed(run, leader, "; the data directory is unusable now");
        }
        UnfinishedMarker.end(dataDir);
        return new OperationResult.Done("rewound to " + leader + ": " + lastLine(run));
    }

    private static OperationResult failed(ProgramRun run, Upstream leader, String consequence) {
        return run.ending() == ProgramRun.Ending.CANCELLED && consequence.contains("nothing")
                ? new OperationResult.Cancelled()
                : new OperationResult.Failed(
                        "pg_rewind from " + leader + ": " + run.summary() + consequence);
    }

    private static String lastLine(ProgramRun run) {
        return run.output().lines().reduce("", (_, line) -> line).strip();
    }
}
