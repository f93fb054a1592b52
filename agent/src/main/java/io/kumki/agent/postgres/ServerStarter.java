package io.kumki.agent.postgres;

import io.kumki.agent.ha.LocalServer.UnfinishedWork;
import io.kumki.agent.postgres.ConfigFiles.Role;
import io.kumki.agent.postgres.rejoin.ConfigBackups;
import io.kumki.agent.postgres.rejoin.UnfinishedMarker;
import io.kumki.dcs.cluster.ParameterChange;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Starts the server: writes its files, launches it detached, waits until it accepts connections. A
 * server that refuses a changed configuration is started with the one before.
 *
 * <p>Waiting means looking at the status line of {@code postmaster.pid} and at the process every
 * few milliseconds: a crashed primary should be back within a second.
 */
final class ServerStarter {

    private static final Logger LOG = LoggerFactory.getLogger(ServerStarter.class);

    /** Two small reads each time. */
    private static final Duration STEP = Duration.ofMillis(10);

    private final Installation installation;
    private final ServerProcess process;
    private final ConfigFiles files;
    private final ServerStopper stopper;

    ServerStarter(
            Installation installation,
            ServerProcess process,
            ConfigFiles files,
            ServerStopper stopper) {
        this.installation = installation;
        this.process = process;
        this.files = files;
        this.stopper = stopper;
    }

    /**
     * How a start ended.
     *
     * @param pendingRestart parameters that could not get their configured value
     */
    record Started(OperationResult result, SortedMap<String, ParameterChange> pendingRestart) {

        static Started of(OperationResult result) {
            return new Started(result, Collections.emptySortedMap());
        }
    }

    /**
     * @param role not {@link Role.Unchanged} unless the files are as they must be
     * @param more options of this start alone, which win over the files
     */
    Started start(Role role, List<String> more, Duration limit, Cancellation cancellation)
            throws IOException, InterruptedException {
        if (process.postmaster().isPresent()) {
            return Started.of(new OperationResult.Done("a server runs already"));
        }
        Optional<String> refusal = refusal();
        if (refusal.isPresent()) {
            return Started.of(new OperationResult.Failed(refusal.get()));
        }
        SortedMap<String, String> parameters = installation.parameters();
        boolean standby =
                role instanceof Role.Standby
                        || (role instanceof Role.Unchanged
                                && DataDirectories.standbySignal(installation.dataDir()));
        SortedMap<String, ParameterChange> pending =
                standby
                        ? ServerParameters.raiseForStandby(parameters, control())
                        : Collections.emptySortedMap();
        boolean restored =
                role instanceof Role.Unchanged && BootstrapAccess.runs(installation.dataDir());
        boolean recovers = role instanceof Role.Recovery || restored;
        if (recovers) {
            // accepts connections only after it has left recovery, and no limit of the server that
            // was backed up stops it
            parameters.put("hot_standby", "off");
        }
        Deadline deadline = Deadline.in(limit);
        OperationResult first =
                launch(parameters, role, more, recovers, deadline, cancellation, Optional.empty());
        installation.notStartable(Optional.empty());
        if (!(first instanceof OperationResult.Failed(String reason)) || recovers) {
            return new Started(first, pending);
        }
        Optional<ProvenConfiguration> proven =
                ProvenConfiguration.insteadOf(parameters, installation, standby);
        if (proven.isEmpty()) {
            return new Started(first, pending);
        }
        LOG.atWarn()
                .addKeyValue("reason", reason)
                .addKeyValue("changed", proven.get().described())
                .log("trying to start with the configuration of the last start that succeeded");
        OperationResult second =
                launch(
                        proven.get().parameters(),
                        role,
                        more,
                        recovers,
                        deadline,
                        cancellation,
                        proven.get().accessRules());
        if (second instanceof OperationResult.Failed) {
            // then it isn't the configuration; the next start begins with the one that is wanted
            return new Started(first, pending);
        }
        if (second instanceof OperationResult.Cancelled) {
            return new Started(second, pending);
        }
        installation.notStartable(Optional.of(proven.get().problem()));
        SortedMap<String, ParameterChange> waiting = new TreeMap<>(proven.get().changes());
        waiting.putAll(pending);
        return new Started(second, waiting);
    }

    /** Failed only if the process ended by itself: it may have refused its configuration. */
    private OperationResult launch(
            SortedMap<String, String> parameters,
            Role role,
            List<String> more,
            boolean recovers,
            Deadline deadline,
            Cancellation cancellation,
            Optional<String> accessRules)
            throws IOException, InterruptedException {
        createDirectories(parameters);
        files.write(parameters, role);
        if (accessRules.isPresent()) {
            files.writeAccessRules(accessRules.get());
        }
        if (cancellation.cancelled()) {
            return new OperationResult.Cancelled();
        }
        List<String> arguments =
                new ArrayList<>(
                        List.of(
                                "-D",
                                installation.dataDir().toString(),
                                "--config-file=" + installation.confFile()));
        arguments.addAll(ServerParameters.commandLine(parameters));
        arguments.addAll(more);
        boolean ownLogging = isOn(parameters.getOrDefault("logging_collector", "off"));
        Optional<String> lost = cancellation.lostGround();
        if (lost.isPresent()) {
            return new OperationResult.Postponed("not started: " + lost.get());
        }
        ProcessIdentity started = process.launch(arguments, ownLogging);
        LOG.atInfo()
                .addKeyValue(
                        "operation",
                        DataDirectories.standbySignal(installation.dataDir())
                                ? "start-standby"
                                : "start-primary")
                .addKeyValue("pid", started.pid())
                .log("server process started");
        Predicate<PostmasterPid> up = recovers ? PostmasterPid::ready : PostmasterPid::accepting;
        OperationResult result = await(started, up, deadline, cancellation, ownLogging);
        // a bootstrap's own access rules must never come back from a copy
        if (result.done()
                && !files.clientsHeldOff()
                && !BootstrapAccess.runs(installation.dataDir())) {
            backUpConfiguration();
        }
        return result;
    }

    /** A missing socket directory ({@code /run} is empty after a boot) would refuse the start. */
    private void createDirectories(SortedMap<String, String> parameters) throws IOException {
        for (String name : parameters.getOrDefault("unix_socket_directories", "").split(",", -1)) {
            Path directory = Path.of(name.strip());
            if (directory.isAbsolute() && !Files.exists(directory)) {
                Files.createDirectories(directory);
            }
        }
        Path passFileDirectory =
                installation.config().files().pgpass().toAbsolutePath().getParent();
        if (passFileDirectory != null) {
            Files.createDirectories(passFileDirectory);
        }
    }

    private Optional<String> refusal() {
        Path dataDir = installation.dataDir();
        if ("root".equals(System.getProperty("user.name"))) {
            return Optional.of(
                    "PostgreSQL refuses to run as root: run the agent as the owner of " + dataDir);
        }
        if (!ControlFile.exists(dataDir)) {
            return Optional.of(dataDir + " has no global/pg_control: it is no data directory");
        }
        try {
            return UnfinishedMarker.read(dataDir)
                    // that one is started by the bootstrap itself, and by no rule
                    .filter(work -> work != UnfinishedWork.BOOTSTRAP)
                    .map(work ->
                            "a "
                                    + work.name().toLowerCase(Locale.ROOT)
                                    + " broke off in "
                                    + dataDir
                                    + ": it is never started; clone it anew");
        } catch (IOException e) {
            return Optional.of(dataDir + " can't be read: " + e);
        }
    }

    /** Its failure spoils no start that has succeeded. */
    private void backUpConfiguration() {
        try {
            ConfigBackups.save(installation.config());
        } catch (IOException e) {
            LOG.atWarn()
                    .addKeyValue("error", e.toString())
                    .log("configuration files can't be backed up into the data directory");
        }
    }

    private Optional<ControlFile> control() {
        try {
            return Optional.of(ControlFile.read(installation.programs(), installation.dataDir()));
        } catch (IOException e) {
            LOG.atWarn()
                    .addKeyValue("error", e.getMessage())
                    .log("control file can't be read; starting with the configured limits");
            return Optional.empty();
        }
    }

    private OperationResult await(
            ProcessIdentity started,
            Predicate<PostmasterPid> up,
            Deadline deadline,
            Cancellation cancellation,
            boolean ownLogging)
            throws InterruptedException {
        while (true) {
            if (!started.alive()) {
                return new OperationResult.Failed(
                        "the server ended while starting: "
                                + (ownLogging
                                        ? process.startOutput()
                                        : "its log is on the agent's standard error"));
            }
            // before success: who cancelled a start must not find a server that serves
            if (cancellation.cancelled()) {
                stopper.end(started);
                return new OperationResult.Cancelled();
            }
            if (process.file()
                    .filter(file -> file.pid() == started.pid() && up.test(file))
                    .isPresent()) {
                return new OperationResult.Done(
                        "accepts connections after " + deadline.elapsed().toMillis() + " ms");
            }
            if (deadline.passed()) {
                return new OperationResult.StillStarting();
            }
            deadline.pause(STEP);
        }
    }

    private static boolean isOn(String value) {
        return value.equalsIgnoreCase("on")
                || value.equalsIgnoreCase("true")
                || value.equalsIgnoreCase("yes")
                || value.equals("1");
    }
}
