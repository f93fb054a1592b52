package io.kumki.agent.postgres.rejoin;

import io.kumki.agent.config.PostgresConfig;
import io.kumki.agent.ha.Rung;
import io.kumki.agent.ha.Upstream;
import io.kumki.agent.postgres.AtomicFiles;
import io.kumki.agent.postgres.Cancellation;
import io.kumki.agent.postgres.CloneProgress;
import io.kumki.agent.postgres.Deadline;
import io.kumki.agent.postgres.OperationResult;
import io.kumki.agent.postgres.PgPass;
import io.kumki.agent.postgres.PgPrograms;
import io.kumki.agent.postgres.ProgramCall;
import io.kumki.agent.postgres.ProgramRun;
import io.kumki.agent.postgres.Programs;
import io.kumki.agent.postgres.rejoin.Source.Sizes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Creates the data directory as a copy: the configured replica methods in order until one works.
 * Calls block: use a virtual thread. The server must be stopped.
 *
 * <p>pg_basebackup wants an empty directory, but the marker of unfinished work is to stand in the
 * data directory. So it copies into {@code DATADIR/.kumki-clone}, whose entries are then renamed up
 * (same volume, so each rename is atomic; links to tablespaces and to a WAL directory keep their
 * targets), {@code global} with the control file last, and then the marker goes. A clone that broke
 * off at any point leaves a marked directory, which the next one empties.
 */
public final class Clone {

    private static final int ATTEMPTS = 2;

    private static final Duration BETWEEN_ATTEMPTS = Duration.ofSeconds(5);

    private static final String BASEBACKUP = "basebackup";

    private static final String STAGING = ".kumki-clone";

    private static final Logger LOG = LoggerFactory.getLogger(Clone.class);

    private final Supplier<PostgresConfig> config;
    private final PgPrograms programs;
    private final Function<String, List<String>> words;
    private final CloneMeter meter = new CloneMeter();
    private volatile Optional<Known> known = Optional.empty();

    /** What the source of the copy that was prepared holds. */
    private record Known(Upstream source, Sizes sizes) {}

    /**
     * @param words splits a configured command as a shell would
     */
    public Clone(
            Supplier<PostgresConfig> config,
            PgPrograms programs,
            Function<String, List<String>> words) {
        this.config = config;
        this.programs = programs;
        this.words = words;
    }

    /** How far the copy that runs now has come; on any thread. */
    public Optional<CloneProgress> progress() {
        return meter.progress();
    }

    /**
     * Looks for room and reserves the slot, before the server is stopped and anything removed. A
     * data directory that holds something is given up only for a source that lets this member in: a
     * wrong password or a broken network is no reason to lose it.
     *
     * @param follows whom the copy will stream from
     */
    public OperationResult prepare(Optional<Upstream> source, Optional<Upstream> follows) {
        PostgresConfig current = config.get();
        known = Optional.empty();
        Optional<String> lacking = Optional.empty();
        if (source.isPresent()) {
            Optional<String> shut = shutOut(current, source.get());
            if (shut.isPresent()) {
                return new OperationResult.Failed(shut.get());
            }
            try {
                Sizes sizes = new Source(current, source.get()).sizes();
                known = Optional.of(new Known(source.get(), sizes));
                lacking = CloneSpace.lacking(current, sizes, tablespaceOptions(current));
            } catch (SQLException | IOException e) {
                LOG.atWarn()
                        .addKeyValue("source", source.get())
                        .addKeyValue("error", reason(e))
                        .log(
                                "can't tell whether there is room for the copy; making it all the same");
            }
        }
        if (lacking.isPresent()) {
            return new OperationResult.Failed(lacking.get());
        }
        follows.ifPresent(upstream -> reserveSlot(current, upstream));
        return new OperationResult.Done("prepared");
    }

    private static Optional<String> shutOut(PostgresConfig current, Upstream source) {
        if (!Files.exists(current.files().dataDir().resolve("PG_VERSION"))) {
            return Optional.empty();
        }
        try {
            new Source(current, source).identify(0);
            return Optional.empty();
        } catch (SQLException e) {
            return Optional.of(
                    "clone: "
                            + source
                            + " doesn't answer over the replication protocol, so the data directory stays: "
                            + reason(e));
        }
    }

    private static void reserveSlot(PostgresConfig current, Upstream upstream) {
        if (upstream.slot().isEmpty()) {
            return;
        }
        try {
            new Source(current, upstream).reserveSlot(upstream.slot().get());
        } catch (SQLException e) {
            LOG.atWarn()
                    .addKeyValue("slot", upstream.slot().get())
                    .addKeyValue("upstream", upstream)
                    .addKeyValue("error", reason(e))
                    .log(
                            "the slot can't be reserved before the copy; the upstream makes it in its next turn");
        }
    }

    private static String reason(Exception e) {
        Throwable cause = e.getCause();
        return cause == null ? e.toString() : e.getMessage() + ": " + cause.getMessage();
    }

    private static List<String> tablespaceOptions(PostgresConfig current) {
        return ToolOptions.basebackup(current.replicaMethods().get(BASEBACKUP), ToolOptions.NEWEST)
                .arguments();
    }

    /**
     * @param source empty: only methods that need none
     * @param basebackupOnly ignore the configured methods
     */
    public OperationResult run(
            Optional<Upstream> source, boolean basebackupOnly, Cancellation cancellation) {
        PostgresConfig current = config.get();
        List<String> methods =
                basebackupOnly ? List.of(BASEBACKUP) : current.createReplicaMethods();
        List<String> failures = new ArrayList<>();
        StrayCopies.end(current.files().dataDir());
        for (String name : methods) {
            if (cancellation.cancelled()) {
                return new OperationResult.Cancelled();
            }
            try {
                Optional<OperationResult> ended =
                        tryMethod(name, current, source, cancellation, failures);
                if (ended.isPresent()) {
                    return ended.get();
                }
            } catch (IOException e) {
                failures.add(name + ": " + e);
            }
        }
        if (cancellation.cancelled()) {
            return new OperationResult.Cancelled();
        }
        return new OperationResult.Failed(
                failures.isEmpty()
                        ? "no replica method works without a source"
                        : "clone: " + String.join("; ", failures));
    }

    private Optional<OperationResult> tryMethod(
            String name,
            PostgresConfig current,
            Optional<Upstream> source,
            Cancellation cancellation,
            List<String> failures)
            throws IOException {
        ReplicaMethod method = ReplicaMethod.of(name, current.replicaMethods().get(name), words);
        boolean basebackup = name.equals(BASEBACKUP);
        if (source.isEmpty() && (basebackup || !method.noLeader())) {
            return Optional.empty();
        }
        LOG.atInfo()
                .addKeyValue("method", name)
                .addKeyValue("source", source.map(Upstream::toString).orElse("none"))
                .log("creating replica");
        ProgramRun run;
        try (CloneMeter.Running _ = measure(name, current, source)) {
            run =
                    basebackup
                            ? basebackup(current, source.orElseThrow(), cancellation)
                            : foreign(current, method, source, cancellation);
        }
        if (run.succeeded()) {
            return Optional.of(
                    new OperationResult.Done(
                            "cloned by " + name + source.map(from -> " from " + from).orElse("")));
        }
        failures.add(name + " " + run.summary());
        LOG.atWarn()
                .addKeyValue("method", name)
                .addKeyValue("error", run.summary())
                .log("replica method failed");
        return run.ending() == ProgramRun.Ending.CANCELLED
                ? Optional.of(new OperationResult.Cancelled())
                : Optional.empty();
    }

    private CloneMeter.Running measure(
            String method, PostgresConfig current, Optional<Upstream> source) {
        Optional<Sizes> sizes =
                known.filter(was -> source.filter(was.source()::equals).isPresent())
                        .map(Known::sizes);
        List<Path> places = new ArrayList<>(List.of(current.files().dataDir()));
        sizes.ifPresent(held ->
                CloneTablespaces.mapped(
                                held.bytes().keySet().stream()
                                        .filter(location -> !location.isEmpty())
                                        .toList(),
                                tablespaceOptions(current))
                        .forEach(location -> places.add(Path.of(location))));
        return meter.measure(
                method,
                source.map(Upstream::toString).orElse("none"),
                places,
                sizes.map(held -> OptionalLong.of(held.total())).orElse(OptionalLong.empty()));
    }

    private ProgramRun basebackup(
            PostgresConfig current, Upstream upstream, Cancellation cancellation)
            throws IOException {
        int major = programs.binaryMajor();
        Path dataDir = current.files().dataDir();
        Path staging = dataDir.resolve(STAGING);
        ToolOptions options =
                ToolOptions.basebackup(current.replicaMethods().get(BASEBACKUP), major);
        options.problems()
                .forEach(problem ->
                        LOG.atError()
                                .addKeyValue("option", problem)
                                .log("option in postgresql.basebackup is left out"));
        Source source = new Source(current, upstream);
        try (PgPass.Temporary passwords = source.replicationPasswords()) {
            ProgramCall call =
                    passwords.give(
                            programs.call(
                                            "pg_basebackup",
                                            "--pgdata=" + staging,
                                            "-X",
                                            "stream",
                                            "--no-password",
                                            "--dbname=" + source.replicationConnInfo(major))
                                    .plus(options.arguments())
                                    .with(StrayCopies.VARIABLE, dataDir.toAbsolutePath().toString())
                                    .within(Rung.Limits.COPY)
                                    .cancelledBy(cancellation));
            ProgramRun run = attempts(call, dataDir, source, options.arguments(), cancellation);
            if (run.succeeded()) {
                moveUp(staging, dataDir);
                finish(current);
            } else {
                CloneTablespaces.clearNoted(dataDir);
                DataRemoval.clear(dataDir);
                UnfinishedMarker.end(dataDir);
            }
            return run;
        }
    }

    private static ProgramRun attempts(
            ProgramCall call,
            Path dataDir,
            Source source,
            List<String> options,
            Cancellation cancellation)
            throws IOException {
        for (int attempt = 1; ; attempt++) {
            empty(dataDir);
            CloneTablespaces.note(dataDir, source, options);
            ProgramRun run = Programs.run(call);
            boolean again =
                    !run.succeeded()
                            && attempt < ATTEMPTS
                            && run.ending() == ProgramRun.Ending.EXITED;
            if (!again || !pause(cancellation)) {
                return run;
            }
            LOG.atWarn()
                    .addKeyValue("attempt", attempt)
                    .addKeyValue("error", run.summary())
                    .log("pg_basebackup failed; trying once more");
        }
    }

    /**
     * Makes the data directory empty but for the marker, which stands before anything is removed.
     */
    private static void empty(Path dataDir) throws IOException {
        if (Files.isSymbolicLink(dataDir)) {
            DataRemoval.remove(dataDir);
        }
        if (!Files.isDirectory(dataDir)) {
            Files.createDirectories(
                    dataDir,
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rwx------")));
        }
        if (UnfinishedMarker.read(dataDir).isEmpty()) {
            try {
                UnfinishedMarker.beginClone(dataDir);
            } catch (IOException full) {
                LOG.atWarn()
                        .addKeyValue("error", full.toString())
                        .log("no room for the marker; making room first");
                DataRemoval.clear(dataDir);
                UnfinishedMarker.beginClone(dataDir);
            }
        }
        CloneTablespaces.clearNoted(dataDir);
        DataRemoval.clear(dataDir);
    }

    private static void moveUp(Path staging, Path dataDir) throws IOException {
        List<Path> entries;
        try (Stream<Path> listed = Files.list(staging)) {
            entries = new ArrayList<>(listed.toList());
        }
        Path global = staging.resolve("global");
        if (!entries.remove(global)) {
            throw new IOException("pg_basebackup left no directory " + global);
        }
        entries.add(global);
        Files.setPosixFilePermissions(dataDir, Files.getPosixFilePermissions(staging));
        for (Path entry : entries) {
            Files.move(entry, dataDir.resolve(entry.getFileName()));
        }
        Files.delete(staging);
        AtomicFiles.syncDirectory(dataDir);
    }

    /**
     * The copy is complete: our own files, then the marker goes. A copy is a standby whatever
     * happens next: started without its signal file it would be a second primary.
     */
    private static void finish(PostgresConfig current) throws IOException {
        Path dataDir = current.files().dataDir();
        ConfigBackups.restore(current);
        Files.deleteIfExists(dataDir.resolve("promote"));
        Files.deleteIfExists(dataDir.resolve("recovery.signal"));
        AtomicFiles.replace(dataDir.resolve("standby.signal"), "", AtomicFiles.Access.in(dataDir));
        UnfinishedMarker.end(dataDir);
    }

    private static boolean pause(Cancellation cancellation) {
        try {
            Deadline deadline = Deadline.in(BETWEEN_ATTEMPTS);
            while (!deadline.passed() && !cancellation.cancelled()) {
                deadline.pause(Duration.ofMillis(200));
            }
            return !cancellation.cancelled();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private ProgramRun foreign(
            PostgresConfig current,
            ReplicaMethod method,
            Optional<Upstream> upstream,
            Cancellation cancellation)
            throws IOException {
        Path dataDir = current.files().dataDir();
        UnfinishedMarker.beginForeignClone(dataDir);
        if (!method.keepData()) {
            DataRemoval.remove(dataDir);
        }
        Optional<Source> source = upstream.map(from -> new Source(current, from));
        String connInfo =
                source.map(from -> from.connInfoForScripts(programs.binaryMajor())).orElse("");
        ProgramCall call =
                ProgramCall.of(
                                method.commandLine(
                                        current.clusterName(), dataDir.toString(), connInfo))
                        .with(StrayCopies.VARIABLE, dataDir.toAbsolutePath().toString())
                        .within(Rung.Limits.COPY)
                        .cancelledBy(cancellation);
        ProgramRun run;
        if (source.isPresent()) {
            try (PgPass.Temporary passwords = source.get().replicationPasswords()) {
                run = Programs.run(passwords.give(call));
            }
        } else {
            run = Programs.run(call);
        }
        if (!run.succeeded()) {
            StrayCopies.end(dataDir);
        }
        if (run.succeeded()) {
            finish(current);
        } else if (!method.keepData()) {
            DataRemoval.remove(dataDir);
            UnfinishedMarker.end(dataDir);
        }
        return run;
    }
}
