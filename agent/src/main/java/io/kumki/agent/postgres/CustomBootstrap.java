package io.kumki.agent.postgres;

import io.kumki.agent.config.BootstrapConfig;
import io.kumki.agent.config.PostgresConfig;
import io.kumki.agent.postgres.ConfigFiles.Role;
import io.kumki.agent.postgres.PostgresServer.ShutdownListener;
import io.kumki.agent.postgres.PostgresServer.StopMode;
import io.kumki.agent.postgres.rejoin.ConfigBackups;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Creates a cluster with the operator's own command, such as the restore of a backup, and lets it
 * recover and leave recovery.
 *
 * <p>Meanwhile {@code pg_hba.conf} lets in only us: the restored cluster may hold other roles and
 * rules than configured.
 */
final class CustomBootstrap {

    private static final Set<String> NOT_PASSED =
            Set.of(
                    "command",
                    "no_params",
                    "keep_existing_recovery_conf",
                    "recovery_conf",
                    "scope",
                    "datadir");

    private final Installation installation;
    private final ServerStarter starter;
    private final ServerStopper stopper;
    private final BootstrapAccess access;

    CustomBootstrap(Installation installation, ServerStarter starter, ServerStopper stopper) {
        this.installation = installation;
        this.access = new BootstrapAccess(installation);
        this.starter = starter;
        this.stopper = stopper;
    }

    OperationResult run(BootstrapConfig bootstrap, Cancellation cancellation)
            throws IOException, InterruptedException {
        Map<String, Object> options = bootstrap.customMethod();
        if (!(options.get("command") instanceof String command)) {
            return new OperationResult.Failed(
                    "bootstrap." + bootstrap.method() + " has no command: add one");
        }
        ProgramRun run =
                Programs.run(
                        ProgramCall.of(words(command, options))
                                .within(Bootstrapper.SCRIPT_LIMIT)
                                .cancelledBy(cancellation));
        if (cancellation.cancelled()) {
            return new OperationResult.Cancelled();
        }
        if (!run.succeeded()) {
            return new OperationResult.Failed(
                    "bootstrap method " + bootstrap.method() + " failed: " + run.summary());
        }
        Path dataDir = installation.dataDir();
        if (!ControlFile.exists(dataDir)) {
            return new OperationResult.Failed(
                    "bootstrap method "
                            + bootstrap.method()
                            + " left no data directory in "
                            + dataDir);
        }
        Files.deleteIfExists(dataDir.resolve("promote"));
        ConfigBackups.restore(installation.config());
        if (!access.hasSuccessor()) {
            return new OperationResult.Failed(
                    "bootstrap method "
                            + bootstrap.method()
                            + " left no pg_hba.conf in "
                            + dataDir
                            + ", and there is no other: set postgresql.pg_hba");
        }
        access.restrict();
        return starter.start(role(options), List.of(), Bootstrapper.SCRIPT_LIMIT, cancellation)
                .result();
    }

    private List<String> words(String command, Map<String, Object> options) {
        List<String> words = new ArrayList<>(ShellWords.split(command));
        if (!PostgresConfig.truth(options, "no_params")) {
            words.add("--scope=" + installation.config().clusterName());
            words.add("--datadir=" + installation.dataDir());
        }
        options.forEach((key, value) -> {
            if (!NOT_PASSED.contains(key)) {
                words.add("--" + key + "=" + value);
            }
        });
        return words;
    }

    private Role role(Map<String, Object> options) {
        if (options.get("recovery_conf") instanceof Map<?, ?> recovery) {
            return new Role.Recovery(RecoverySettings.ofBackup(recovery, installation.major()));
        }
        return PostgresConfig.truth(options, "keep_existing_recovery_conf")
                ? new Role.Unchanged()
                : new Role.Primary();
    }

    /** For a bootstrap that failed, before its data directory goes; the server must be stopped. */
    void discard() throws IOException {
        access.putBack();
    }

    /**
     * Puts the access file back and takes the recovery settings away; nothing after initdb.
     *
     * <p>The server restarts, since it ran with an access file of its own and without {@code
     * hot_standby}: it must not be left waiting for a restart that nobody asked for.
     */
    OperationResult finish(Cancellation cancellation) throws IOException, InterruptedException {
        if (!BootstrapAccess.runs(installation.dataDir())) {
            return new OperationResult.Done("roles created");
        }
        Duration limit = installation.config().pgCtlTimeout();
        OperationResult stopped =
                stopper.stop(StopMode.FAST, Optional.empty(), ShutdownListener.NONE);
        if (!stopped.done()) {
            return stopped;
        }
        access.putBack();
        return starter.start(new Role.Primary(), List.of(), limit, cancellation).result();
    }
}
