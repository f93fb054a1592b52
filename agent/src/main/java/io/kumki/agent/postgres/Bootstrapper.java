package io.kumki.agent.postgres;

import io.kumki.agent.config.BootstrapConfig;
import io.kumki.agent.config.PostgresConfig;
import io.kumki.agent.config.PostgresConfig.Credentials;
import io.kumki.agent.postgres.ConfigFiles.Role;
import io.kumki.agent.postgres.PgPass.Temporary;
import io.kumki.agent.postgres.rejoin.UnfinishedMarker;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Creates a cluster with initdb, starts it, and makes its roles. */
final class Bootstrapper {

    /** initdb on a slow disk with fsync. */
    private static final Duration INITDB_LIMIT = Duration.ofMinutes(30);

    /** Restoring a backup or filling a schema may take long; forever is no limit. */
    static final Duration SCRIPT_LIMIT = Duration.ofHours(24);

    private static final Logger LOG = LoggerFactory.getLogger(Bootstrapper.class);

    private final Installation installation;
    private final ServerStarter starter;
    private final CustomBootstrap custom;

    Bootstrapper(Installation installation, ServerStarter starter, CustomBootstrap custom) {
        this.installation = installation;
        this.starter = starter;
        this.custom = custom;
    }

    OperationResult bootstrap(BootstrapConfig bootstrap, Cancellation cancellation)
            throws IOException, InterruptedException {
        Path dataDir = installation.dataDir();
        if (!DataDirectories.isEmpty(dataDir)) {
            return new OperationResult.Failed(
                    "cannot bootstrap: " + dataDir + " isn't empty; nothing was changed");
        }
        if (bootstrap.method().equals("initdb") && !bootstrap.initdbProblems().isEmpty()) {
            return new OperationResult.Failed(
                    "initdb was not run: " + String.join("; ", bootstrap.initdbProblems()));
        }
        mark(dataDir);
        if (!bootstrap.method().equals("initdb")) {
            return custom.run(bootstrap, cancellation);
        }
        ProgramRun run = initdb(bootstrap, cancellation);
        if (cancellation.cancelled()) {
            return new OperationResult.Cancelled();
        }
        if (!run.succeeded()) {
            return new OperationResult.Failed("initdb failed: " + run.summary());
        }
        appendAccess(bootstrap);
        return starter.start(
                        new Role.Primary(),
                        List.of(),
                        installation.config().pgCtlTimeout(),
                        cancellation)
                .result();
    }

    /**
     * So that a cluster whose creation breaks off with its agent is never started. A data directory
     * that is the top of a volume may have a parent that isn't ours: that is no reason to create
     * none.
     */
    private static void mark(Path dataDir) {
        try {
            UnfinishedMarker.beginBootstrap(dataDir);
        } catch (IOException e) {
            LOG.atWarn()
                    .addKeyValue("error", e.getMessage())
                    .log("if this agent is killed now, what it has made by then looks complete");
        }
    }

    private ProgramRun initdb(BootstrapConfig bootstrap, Cancellation cancellation)
            throws IOException {
        PostgresConfig config = installation.config();
        List<String> arguments = new ArrayList<>(bootstrap.initdbOptions());
        arguments.add("--pgdata=" + installation.dataDir());
        Credentials superuser = config.superuser();
        superuser.username().ifPresent(name -> arguments.add("--username=" + name));
        ProgramCall call =
                installation
                        .programs()
                        .callInOwnLocale("initdb")
                        .within(INITDB_LIMIT)
                        .cancelledBy(cancellation);
        if (superuser.password().isEmpty()) {
            return Programs.run(call.plus(arguments));
        }
        try (Temporary file =
                PgPass.temporary(config.files().pgpass(), List.of(superuser.password().get()))) {
            arguments.add("--pwfile=" + file.file());
            return Programs.run(call.plus(arguments));
        }
    }

    private void appendAccess(BootstrapConfig bootstrap) throws IOException {
        PostgresConfig config = installation.config();
        Path file = installation.dataDir().resolve("pg_hba.conf");
        if (bootstrap.pgHba().isEmpty()
                || !config.pgHba().isEmpty()
                || config.parameters().containsKey("hba_file")) {
            return;
        }
        String lines = "\n" + String.join("\n", bootstrap.pgHba()) + "\n";
        AtomicFiles.replace(
                file,
                ForeignText.read(file) + lines,
                AtomicFiles.Access.in(installation.dataDir()));
    }

    /** Roles and {@code post_bootstrap} on the new primary. */
    OperationResult afterBootstrap(BootstrapConfig bootstrap, Cancellation cancellation)
            throws IOException, InterruptedException {
        PostgresConfig config = installation.config();
        try (Connection connection =
                PgConnections.open(
                        PgConnections.Target.local(config, "bootstrap"), Duration.ofSeconds(30))) {
            RoleSql.silence(connection);
            if (config.superuser().password().isPresent()) {
                RoleSql.ensure(connection, config.superuser(), "SUPERUSER");
            }
            Optional<OperationResult> failure = postBootstrap(bootstrap, cancellation);
            if (failure.isPresent()) {
                return failure.get();
            }
            RoleSql.ensure(connection, config.replication(), "REPLICATION");
            Optional<String> rewind = config.rewind().username();
            if (rewind.isPresent() && !config.rewind().equals(config.superuser())) {
                RoleSql.ensure(connection, config.rewind(), "");
                RoleSql.grantRewind(connection, rewind.get());
            }
        } catch (SQLException e) {
            return new OperationResult.Failed(
                    "the new cluster's roles can't be created: " + e.getMessage());
        }
        OperationResult finished = custom.finish(cancellation);
        if (finished.done()) {
            UnfinishedMarker.end(installation.dataDir());
        }
        return finished;
    }

    /** What a failed bootstrap changed outside of its data directory. */
    void discard() throws IOException {
        custom.discard();
    }

    private Optional<OperationResult> postBootstrap(
            BootstrapConfig bootstrap, Cancellation cancellation) throws IOException {
        if (bootstrap.postBootstrap().isEmpty()) {
            return Optional.empty();
        }
        PostgresConfig config = installation.config();
        LocalAddress at = LocalAddress.ofSuperuser(config);
        String conninfo =
                ConnInfo.to(at.host(), at.port(), config.listen().database(), config.superuser())
                        .forMajor(installation.major())
                        .text();
        List<String> words = new ArrayList<>(ShellWords.split(bootstrap.postBootstrap().get()));
        words.add(conninfo);
        try (Temporary passFile =
                PgPass.temporary(
                        config.files().pgpass(),
                        PgPass.lines(at.host(), at.port(), config.superuser()))) {
            ProgramRun run =
                    Programs.run(
                            passFile.give(
                                    ProgramCall.of(words)
                                            .with(
                                                    "PGOPTIONS",
                                                    "-c synchronous_commit=local"
                                                            + " -c statement_timeout=0")
                                            .within(SCRIPT_LIMIT)
                                            .cancelledBy(cancellation)));
            if (cancellation.cancelled()) {
                return Optional.of(new OperationResult.Cancelled());
            }
            return run.succeeded()
                    ? Optional.empty()
                    : Optional.of(
                            new OperationResult.Failed("post_bootstrap failed: " + run.summary()));
        }
    }
}
