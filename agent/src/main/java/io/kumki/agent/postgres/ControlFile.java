package io.kumki.agent.postgres;

import io.kumki.agent.ha.LocalServer.ClusterState;
import io.kumki.agent.ha.LocalServer.ControlData;
import io.kumki.dcs.cluster.Lsn;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The control file as {@code pg_controldata} prints it.
 *
 * @param values text by label; a leading {@code Current } is removed from labels
 */
public record ControlFile(SortedMap<String, String> values) {

    public ControlFile {
        values = Collections.unmodifiableSortedMap(new TreeMap<>(values));
    }

    /**
     * Reads the file itself if its layout is known, else runs pg_controldata.
     *
     * @throws IOException if neither works; the message says why
     */
    public static ControlFile read(PgPrograms programs, Path dataDir) throws IOException {
        Optional<ControlFile> own = ControlFileLayout.read(dataDir);
        return own.isPresent() ? own.get() : print(programs, dataDir);
    }

    /** Runs pg_controldata. */
    static ControlFile print(PgPrograms programs, Path dataDir) throws IOException {
        ProgramRun run = Programs.run(programs.call("pg_controldata", dataDir.toString()));
        if (!run.succeeded()) {
            throw new IOException("pg_controldata " + dataDir + ": " + run.summary());
        }
        ControlFile file = parse(run.stdout());
        if (!file.values.containsKey("Database system identifier")) {
            throw new IOException(
                    "pg_controldata "
                            + dataDir
                            + " printed no system identifier: "
                            + run.summary());
        }
        return file;
    }

    static ControlFile parse(String output) {
        SortedMap<String, String> values = new TreeMap<>();
        for (String line : output.lines().toList()) {
            int colon = line.indexOf(':');
            if (colon > 0) {
                String label = line.substring(0, colon).strip();
                String name =
                        label.startsWith("Current ") ? label.substring("Current ".length()) : label;
                values.put(name, line.substring(colon + 1).strip());
            }
        }
        return new ControlFile(values);
    }

    public String systemIdentifier() {
        return text("Database system identifier");
    }

    public ClusterState state() {
        return state(text("Database cluster state"));
    }

    public int timeline() {
        return (int) number("Latest checkpoint's TimeLineID");
    }

    public Lsn checkpointLsn() {
        return lsn("Latest checkpoint location");
    }

    public Lsn minRecoveryEnd() {
        return lsn("Minimum recovery ending location");
    }

    public int minRecoveryEndTimeline() {
        return (int) number("Min recovery ending loc's timeline");
    }

    /** {@code wal_log_hints} on or data checksums: pg_rewind can work with it. */
    public boolean canRewind() {
        return text("wal_log_hints setting").equals("on")
                || number("Data page checksum version") > 0;
    }

    /** A number after a label; 0 if it isn't there. */
    public long number(String label) {
        String value = text(label);
        return value.matches("\\d{1,18}") ? Long.parseLong(value) : 0;
    }

    public String text(String label) {
        return values.getOrDefault(label, "");
    }

    private Lsn lsn(String label) {
        String value = text(label);
        return value.isEmpty() ? Lsn.ZERO : Lsn.parse(value);
    }

    /** What the decision core needs, with what else lies in the directory. */
    public ControlData toControlData(boolean standbySignal, boolean alone, boolean backupLabel) {
        return new ControlData(
                systemIdentifier(),
                state(),
                timeline(),
                checkpointLsn(),
                minRecoveryEnd(),
                minRecoveryEndTimeline(),
                standbySignal,
                alone,
                backupLabel,
                canRewind());
    }

    private static ClusterState state(String text) {
        return switch (text) {
            case "starting up" -> ClusterState.STARTING_UP;
            case "shut down" -> ClusterState.SHUT_DOWN;
            case "shut down in recovery" -> ClusterState.SHUT_DOWN_IN_RECOVERY;
            case "shutting down" -> ClusterState.SHUTTING_DOWN;
            case "in crash recovery" -> ClusterState.IN_CRASH_RECOVERY;
            case "in archive recovery" -> ClusterState.IN_ARCHIVE_RECOVERY;
            case "in production" -> ClusterState.IN_PRODUCTION;
            default -> ClusterState.UNKNOWN;
        };
    }

    static boolean exists(Path dataDir) {
        return Files.isRegularFile(dataDir.resolve("global").resolve("pg_control"));
    }
}
