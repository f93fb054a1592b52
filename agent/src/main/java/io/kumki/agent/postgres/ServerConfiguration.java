package io.kumki.agent.postgres;

import io.kumki.agent.config.PostgresConfig;
import io.kumki.agent.postgres.ConfigFiles.Role;
import io.kumki.agent.postgres.ServerProcess.Signal;
import io.kumki.agent.postgres.rejoin.ConfigBackups;
import io.kumki.agent.postgres.rejoin.UnfinishedMarker;
import io.kumki.dcs.cluster.ParameterChange;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Collections;
import java.util.Optional;
import java.util.SortedMap;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Brings a changed configuration to the server, and knows what waits for a restart. */
final class ServerConfiguration {

    private static final Logger LOG = LoggerFactory.getLogger(ServerConfiguration.class);

    private static final Duration WAIT = Duration.ofSeconds(2);

    /** Postmaster and session read a short file. */
    private static final Duration SHOWN_WITHIN = Duration.ofSeconds(1);

    private static final Duration STEP = Duration.ofMillis(10);

    private static final String WRONG_RULES =
            "SELECT pg_catalog.concat('line ', line_number, ' of the file: ', error)"
                    + " FROM pg_catalog.pg_hba_file_rules WHERE error IS NOT NULL LIMIT 20";

    private final Installation installation;
    private final ServerProcess process;
    private final ConfigFiles files;
    private final Heartbeat heartbeat;
    private final Runnable onReload;
    private final AtomicReference<SortedMap<String, ParameterChange>> pending =
            new AtomicReference<>(Collections.emptySortedMap());

    /**
     * @param onReload told when the running server was told to reload
     */
    ServerConfiguration(
            Installation installation,
            ServerProcess process,
            ConfigFiles files,
            Heartbeat heartbeat,
            Runnable onReload) {
        this.installation = installation;
        this.process = process;
        this.files = files;
        this.heartbeat = heartbeat;
        this.onReload = onReload;
    }

    SortedMap<String, ParameterChange> pendingRestart() {
        return pending.get();
    }

    void setPendingRestart(SortedMap<String, ParameterChange> changes) {
        pending.set(changes);
    }

    /** Takes it over; files are written only where a data directory is. */
    void apply(PostgresConfig config) throws IOException {
        installation.use(config);
        write(false);
    }

    void reload() throws IOException {
        write(true);
    }

    /**
     * @return done only if the server shows it as well, or doesn't run
     */
    OperationResult setSyncNames(Optional<String> names) throws IOException, InterruptedException {
        files.setSyncNames(names);
        Optional<ProcessIdentity> server = process.postmaster();
        boolean changed = writeFiles();
        if (server.isPresent() && (changed || names.isPresent())) {
            if (!process.signal(server.get(), Signal.HUP)) {
                return new OperationResult.Failed("the server can't be told to reload");
            }
            if (changed) {
                onReload.run();
            }
        }
        if (server.isPresent() && names.isPresent() && !shows(server.get(), names.get())) {
            return new OperationResult.Failed(
                    "the server doesn't show "
                            + ConfigFiles.SYNC_NAMES
                            + " = "
                            + names.get()
                            + "; is it set on its command line?");
        }
        return new OperationResult.Done(
                ConfigFiles.SYNC_NAMES + " = " + names.orElse("as configured"));
    }

    boolean clientsHeldOff() {
        return files.clientsHeldOff();
    }

    OperationResult holdClientsOff() throws IOException {
        if (!files.holdClientsOff()) {
            LOG.atError()
                    .addKeyValue("key", "postgresql.parameters.hba_file")
                    .addKeyValue("remedy", "move its lines to postgresql.pg_hba, and remove it")
                    .log(
                            "the server's access file isn't ours to write, so clients may see"
                                    + " commits that no standby has confirmed");
            return new OperationResult.Done("not possible with a hba_file of its own");
        }
        LOG.atWarn()
                .addKeyValue("operation", "hold-clients-off")
                .log(
                        "clients are held off the server that starts until standbys have confirmed"
                                + " the end of its log (synchronous_mode_strict)");
        return new OperationResult.Done("only the cluster's own roles get in");
    }

    /** Done only if the running server was told. */
    OperationResult admitClients() throws IOException {
        Optional<ProcessIdentity> server = process.postmaster();
        boolean told =
                files.admitClients(
                        () -> server.isEmpty() || process.signal(server.get(), Signal.HUP));
        if (!told) {
            return new OperationResult.Failed("the server can't be told to reload");
        }
        LOG.atInfo().addKeyValue("operation", "admit-clients").log("clients are let in");
        ConfigBackups.save(installation.config());
        return new OperationResult.Done("clients are let in");
    }

    private boolean shows(ProcessIdentity server, String value) throws InterruptedException {
        Deadline deadline = Deadline.in(SHOWN_WITHIN);
        while (!deadline.passed()) {
            try {
                if (heartbeat.ask(server, WAIT, ServerConfiguration::syncNames).equals(value)) {
                    return true;
                }
            } catch (SQLException e) {
                LOG.atDebug().addKeyValue("error", e.getMessage()).log("server gave no answer");
            }
            deadline.pause(STEP);
        }
        return false;
    }

    private static String syncNames(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SHOW " + ConfigFiles.SYNC_NAMES)) {
            return row.next() ? String.valueOf(row.getString(1)) : "";
        }
    }

    private boolean writeFiles() throws IOException {
        return files.write(installation.parameters(), new Role.Unchanged());
    }

    /** What came in while a bootstrap worked. */
    void catchUp() throws IOException {
        write(false);
    }

    /** Not into a directory in which a bootstrap or a clone works: its files aren't ours yet. */
    private void write(boolean always) throws IOException {
        Path dataDir = installation.dataDir();
        if (!ControlFile.exists(dataDir) || UnfinishedMarker.read(dataDir).isPresent()) {
            return;
        }
        boolean changed = writeFiles();
        Optional<ProcessIdentity> server = process.postmaster();
        if (server.isEmpty()) {
            return;
        }
        boolean accepting = process.accepting();
        String loaded = accepting ? loadTime(server.get()) : "";
        boolean told = (changed || always) && process.signal(server.get(), Signal.HUP);
        if (told) {
            LOG.atInfo().addKeyValue("operation", "reload").log("server told to reload");
            onReload.run();
        }
        if (accepting) {
            if (told) {
                awaitReload(server.get(), loaded);
            }
            computePending(server.get());
            lookAtAccessRules(server.get());
        }
    }

    /** A server that runs keeps the rules it has; only a starting one refuses to. */
    private void lookAtAccessRules(ProcessIdentity server) {
        try {
            installation.accessProblems(
                    heartbeat.ask(
                            server,
                            WAIT,
                            connection ->
                                    PgConnections.rows(connection, WRONG_RULES).stream()
                                            .map(row ->
                                                    "pg_hba: "
                                                            + row.getFirst().orElse("")
                                                            + "; the rules before stay in force until it is corrected")
                                            .toList()));
        } catch (SQLException e) {
            LOG.atDebug().addKeyValue("error", e.getMessage()).log("access rules aren't told");
        }
    }

    /** When our session last read the files; empty if it can't be asked. */
    private String loadTime(ProcessIdentity server) {
        try {
            return heartbeat.ask(
                    server,
                    WAIT,
                    connection ->
                            PgConnections.rows(
                                            connection,
                                            "SELECT pg_catalog.pg_conf_load_time()::text")
                                    .getFirst()
                                    .getFirst()
                                    .orElse(""));
        } catch (SQLException e) {
            // it comes up, goes down or is slow: then there is nothing to compare either
            return "";
        }
    }

    /** The signal takes its time through the postmaster to the session that is asked. */
    private void awaitReload(ProcessIdentity server, String before) {
        Deadline deadline = Deadline.in(WAIT);
        try {
            while (!deadline.passed() && loadTime(server).equals(before)) {
                deadline.pause(STEP);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void computePending(ProcessIdentity server) {
        SortedMap<String, String> wanted = installation.parameters();
        try {
            pending.set(
                    heartbeat.ask(
                            server,
                            WAIT,
                            connection -> PendingRestart.compute(connection, wanted, this::next)));
        } catch (SQLException e) {
            LOG.atWarn()
                    .addKeyValue("error", e.getMessage())
                    .log("cannot find out which parameters wait for a restart");
        }
    }

    /** What a server that starts now with these files would take; the running one isn't touched. */
    private Optional<String> next(String name) {
        ProgramRun run =
                Programs.run(
                        installation
                                .programs()
                                .call(
                                        "postgres",
                                        "-C",
                                        name,
                                        "-D",
                                        installation.dataDir().toString(),
                                        "--config-file=" + installation.confFile())
                                .within(WAIT));
        return run.succeeded() ? Optional.of(run.stdout().strip()) : Optional.empty();
    }
}
