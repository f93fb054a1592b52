package io.kumki.agent.postgres;

import io.kumki.agent.ha.LocalServer;
import io.kumki.agent.ha.LocalServer.Answer;
import io.kumki.agent.ha.LocalServer.DataDirectory;
import io.kumki.agent.ha.LocalServer.Postmaster;
import io.kumki.agent.ha.LocalServer.UnfinishedWork;
import io.kumki.dcs.cluster.ParameterChange;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.SortedMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks at data directory, process and server. Starts no program and keeps its connection, so that
 * a turn costs little.
 *
 * <p>"Not known" stays that: a server that doesn't answer in time is running without an answer.
 */
final class ServerObserver {

    private static final Logger LOG = LoggerFactory.getLogger(ServerObserver.class);

    /** Sessions that wait for something end at once when their postmaster dies. */
    private static final Duration ORPHANS_END = Duration.ofMillis(100);

    /** How long to wait for somebody else's query on the connection. */
    private static final Duration WAIT = Duration.ofSeconds(1);

    private final Installation installation;
    private final ServerProcess process;
    private final Orphans orphans;
    private final ConfigFiles files;
    private final Heartbeat heartbeat;
    private final Marker marker;
    private final Supplier<SortedMap<String, ParameterChange>> pendingRestart;
    private final AtomicReference<MonitoringQuery.@Nullable Reading> lastReading =
            new AtomicReference<>();
    private final AtomicReference<VersionedQuery> query =
            new AtomicReference<>(new VersionedQuery(0, new MonitoringQuery(15)));
    private final AtomicReference<@Nullable Received> received = new AtomicReference<>();
    private final AtomicReference<String> lastError = new AtomicReference<>("");
    private final AtomicBoolean shutOut = new AtomicBoolean();
    private final ClockWatch clocks = new ClockWatch();

    ServerObserver(
            Installation installation,
            ServerProcess process,
            Orphans orphans,
            ConfigFiles files,
            Heartbeat heartbeat,
            Marker marker,
            Supplier<SortedMap<String, ParameterChange>> pendingRestart) {
        this.installation = installation;
        this.process = process;
        this.orphans = orphans;
        this.files = files;
        this.heartbeat = heartbeat;
        this.marker = marker;
        this.pendingRestart = pendingRestart;
    }

    /** Tells which work broke off in a data directory. */
    @FunctionalInterface
    interface Marker {
        Optional<UnfinishedWork> read(Path dataDir) throws IOException;
    }

    private record Received(ProcessIdentity server, int timeline) {}

    private record VersionedQuery(int major, MonitoringQuery query) {}

    LocalServer observe() {
        Optional<ProcessIdentity> postmaster = process.postmaster();
        DataDirectory data = data();
        if (postmaster.isEmpty()) {
            lastReading.set(null);
            return new LocalServer(
                    data, withoutPostmaster(), Optional.empty(), pendingRestart.get());
        }
        Postmaster state = process.file().map(ServerObserver::state).orElse(Postmaster.STARTING);
        Optional<Answer> answer = Optional.empty();
        shutOut.set(false);
        if (state == Postmaster.RUNNING) {
            try {
                MonitoringQuery.Reading reading = ask(postmaster.get(), data);
                lastReading.set(reading);
                compareClocks(reading);
                answer = Optional.of(reading.answer());
                lastError.set("");
            } catch (SQLException e) {
                shutOut.set(String.valueOf(e.getSQLState()).startsWith("28"));
                state = process.postmaster().isPresent() ? stateBy(e) : withoutPostmaster();
                logOnce(e);
            }
        }
        return new LocalServer(data, state, answer, pendingRestart.get());
    }

    private Postmaster withoutPostmaster() {
        try {
            return orphans.endWithin(ORPHANS_END) ? Postmaster.STOPPED : Postmaster.ORPHANED;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Postmaster.ORPHANED;
        }
    }

    private void compareClocks(MonitoringQuery.Reading reading) {
        if (reading.clockAhead().isPresent()
                && reading.answer() instanceof Answer.Standby standby
                && standby.receiver().isPresent()) {
            LocalServer.Receiver receiver = standby.receiver().get();
            clocks.seen(
                    reading.clockAhead().get(),
                    receiver.senderHost() + ":" + receiver.senderPort());
        }
    }

    /** For when the server keeps us waiting: it runs, and what it says isn't known. */
    LocalServer observeWithoutQuery() {
        Postmaster state =
                process.postmaster().isEmpty()
                        ? withoutPostmaster()
                        : process.file().map(ServerObserver::state).orElse(Postmaster.STARTING);
        return new LocalServer(data(), state, Optional.empty(), pendingRestart.get());
    }

    /** Whether the server didn't let this agent in when it was asked last. */
    boolean shutOut() {
        return shutOut.get();
    }

    /** What the last observation of the running server said; empty if it gave no answer yet. */
    Optional<MonitoringQuery.Reading> lastReading() {
        return Optional.ofNullable(lastReading.get());
    }

    private MonitoringQuery.Reading ask(ProcessIdentity postmaster, DataDirectory data)
            throws SQLException {
        int major = DataDirectories.major(installation.dataDir());
        VersionedQuery current = query.get();
        if (major != current.major && major > 0) {
            current = new VersionedQuery(major, new MonitoringQuery(major));
            query.set(current);
        }
        MonitoringQuery monitoring = current.query;
        int timeline = Math.max(replayedTimeline(data), received(postmaster));
        MonitoringQuery.Reading reading =
                heartbeat.ask(
                        postmaster, WAIT, connection -> monitoring.read(connection, timeline));
        if (reading.answer() instanceof Answer.Standby standby) {
            received.set(new Received(postmaster, standby.timeline()));
        }
        return reading;
    }

    /**
     * The control file learns of a timeline at the next restartpoint only: a standby whose stream
     * ended is still on the one that it last received.
     */
    private int received(ProcessIdentity postmaster) {
        Received last = received.get();
        return last != null && last.server().equals(postmaster) ? last.timeline() : 0;
    }

    private static int replayedTimeline(DataDirectory data) {
        return data instanceof DataDirectory.Initialized(LocalServer.ControlData control)
                ? Math.max(control.timeline(), control.minRecoveryEndTimeline())
                : 0;
    }

    private static Postmaster state(PostmasterPid file) {
        if (file.accepting()) {
            return Postmaster.RUNNING;
        }
        return file.status().equals("stopping") ? Postmaster.STOPPING : Postmaster.STARTING;
    }

    /** 57P03: the server refuses because it starts, recovers from a backend's crash, or stops. */
    private static Postmaster stateBy(SQLException e) {
        if (!"57P03".equals(e.getSQLState())) {
            return Postmaster.RUNNING;
        }
        return String.valueOf(e.getMessage()).contains("shutting down")
                ? Postmaster.STOPPING
                : Postmaster.STARTING;
    }

    private void logOnce(SQLException e) {
        String error = e.getSQLState() + " " + e.getMessage();
        if (!lastError.getAndSet(error).equals(error)) {
            LOG.atWarn().addKeyValue("error", error).log("local server gave no answer");
        }
    }

    private DataDirectory data() {
        Path dataDir = installation.dataDir();
        try {
            Optional<UnfinishedWork> unfinished = marker.read(dataDir);
            if (unfinished.isPresent()) {
                return new DataDirectory.Unfinished(unfinished.get());
            }
            if (DataDirectories.isEmpty(dataDir)) {
                return new DataDirectory.Empty();
            }
            if (!ControlFile.exists(dataDir)) {
                return new DataDirectory.Unreadable(
                        dataDir + " isn't empty, but has no global/pg_control");
            }
            boolean standby = DataDirectories.standbySignal(dataDir);
            return new DataDirectory.Initialized(
                    ControlFile.read(installation.programs(), dataDir)
                            .toControlData(
                                    standby,
                                    standby
                                            && !files.recoverySettings()
                                                    .containsKey(RecoverySettings.CONNINFO),
                                    DataDirectories.backupLabel(dataDir)));
        } catch (IOException e) {
            return new DataDirectory.Unreadable(dataDir + ": " + e);
        }
    }
}
