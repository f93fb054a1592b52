package io.kumki.agent.postgres.rejoin;

import io.kumki.agent.config.PostgresConfig;
import io.kumki.agent.ha.Divergence;
import io.kumki.agent.postgres.ControlFile;
import io.kumki.agent.postgres.PgConnections;
import io.kumki.agent.postgres.PgConnections.Target;
import io.kumki.agent.postgres.PgPrograms;
import io.kumki.agent.postgres.ProgramCall;
import io.kumki.agent.postgres.ProgramRun;
import io.kumki.agent.postgres.Programs;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.TimelineHistory.Entry;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * Whether a running standby whose log fits can still get what comes next: from the leader's WAL
 * directory, from which alone a WAL sender reads, or by {@code restore_command}.
 *
 * <p>The next segment is the one behind which the own WAL directory has nothing valid: what was
 * received and not replayed yet counts as there. Whether the server needs the rest of that segment
 * or the next one can't be told from outside, so only the absence of both is a proof. Whatever
 * isn't known is no proof.
 */
final class NextLog {

    private static final Duration STATEMENT_LIMIT = Duration.ofSeconds(2);

    /** For each segment; a command that takes longer proves nothing. */
    private static final Duration RESTORE_LIMIT = Duration.ofSeconds(10);

    /** Beyond it a shell says that the command couldn't run or was ended by a signal. */
    private static final int LAST_PLAIN_EXIT_CODE = 125;

    /**
     * In {@code pg_wal}, where a restore_command may put files, and where no server looks for it.
     */
    private static final String PROBE = "pg_wal/KUMKI_PROBE";

    private final PgPrograms programs;
    private final PostgresConfig config;
    private final Source source;
    private final Path dataDir;

    NextLog(PgPrograms programs, PostgresConfig config, Source source) {
        this.programs = programs;
        this.config = config;
        this.source = source;
        this.dataDir = config.files().dataDir();
    }

    /**
     * @param fits the answer of the comparison of the logs
     * @return that answer with what was found, or that the log can't go on
     */
    Divergence look(Divergence.None fits, LocalLog mine, Source.Identity leader) {
        try {
            return look(fits.reason(), mine, leader);
        } catch (SQLException | IOException e) {
            return new Divergence.None(
                    fits.reason()
                            + "; whether the leader still has the log that comes next isn't known: "
                            + e.getMessage());
        }
    }

    private Divergence look(String fits, LocalLog mine, Source.Identity leader)
            throws SQLException, IOException {
        long size = ControlFile.read(programs, dataDir).number("Bytes per WAL segment");
        List<Integer> timelines = timelines(mine, leader);
        Lsn next = next(mine, timelines, size);
        List<String> names =
                LongStream.of(next.bytes(), next.bytes() + size)
                        .boxed()
                        .flatMap(at -> names(timelines, new Lsn(at), size))
                        .toList();
        // asked after the own position, so a log that is a prefix of the leader's is never ahead
        Source.WalThere there = source.walThere(names);
        boolean sameTimeline = mine.timeline() == leader.timeline();
        if (sameTimeline && mine.end().compareTo(there.flushed()) > 0) {
            return new Divergence.Diverged(
                    "own log goes to "
                            + mine.end()
                            + " on timeline "
                            + mine.timeline()
                            + ", the leader's only to "
                            + there.flushed(),
                    true);
        }
        long current = there.flushed().bytes() / size;
        if (there.present().isPresent() || next.bytes() / size + 1 >= current) {
            return new Divergence.None(
                    fits
                            + "; the leader has the log from "
                            + next
                            + " on: network, authentication or replication settings stop the stream");
        }
        String gone = "the leader doesn't have the log from " + next + " on any more";
        Optional<String> command = restoreCommand();
        if (command.isEmpty()) {
            return new Divergence.Stranded(gone + ", and there is no restore_command");
        }
        for (String name : names) {
            Optional<String> notProven = inArchive(command.get(), name);
            if (notProven.isPresent()) {
                return new Divergence.None(fits + "; " + gone + "; " + notProven.get());
            }
        }
        return new Divergence.Stranded(gone + ", and restore_command doesn't find it");
    }

    /** Timelines whose files may hold what comes next. */
    private static List<Integer> timelines(LocalLog mine, Source.Identity leader) {
        return Stream.concat(
                        Stream.of(mine.timeline(), leader.timeline()),
                        leader.history().stream()
                                .map(Entry::timeline)
                                .filter(timeline -> timeline > mine.timeline()))
                .distinct()
                .sorted()
                .toList();
    }

    private static Stream<String> names(List<Integer> timelines, Lsn at, long size) {
        return timelines.stream().map(timeline -> LastSegment.name(timeline, at, size));
    }

    /** Where the last segment begins that can be read here without a gap. */
    private Lsn next(LocalLog mine, List<Integer> timelines, long size) throws IOException {
        long at = mine.end().bytes() / size * size;
        while (begun(timelines, at + size, size)) {
            at += size;
        }
        return new Lsn(at);
    }

    /**
     * A segment that is kept for later use has the address of its former life in its first page.
     */
    private boolean begun(List<Integer> timelines, long at, long size) throws IOException {
        for (String name : names(timelines, new Lsn(at), size).toList()) {
            Path file = dataDir.resolve("pg_wal").resolve(name);
            if (Files.isReadable(file) && firstAddress(file) == at) {
                return true;
            }
        }
        return false;
    }

    /** Magic, flags and timeline take 8 bytes, then comes the address; in the machine's order. */
    private static long firstAddress(Path file) throws IOException {
        try (RandomAccessFile segment = new RandomAccessFile(file.toFile(), "r")) {
            byte[] header = new byte[16];
            segment.readFully(header);
            return ByteBuffer.wrap(header).order(ByteOrder.nativeOrder()).getLong(8);
        }
    }

    private Optional<String> restoreCommand() throws SQLException {
        try (Connection connection =
                PgConnections.open(Target.local(config, "rewind"), STATEMENT_LIMIT)) {
            return PgConnections.rows(
                            connection, "SELECT pg_catalog.current_setting('restore_command')")
                    .getFirst()
                    .getFirst()
                    .filter(command -> !command.isBlank());
        }
    }

    /**
     * @return why the archive may have it; empty if it says that it hasn't
     */
    private Optional<String> inArchive(String command, String name) throws IOException {
        try {
            ProgramRun run =
                    Programs.run(
                            ProgramCall.of(
                                            List.of(
                                                    "/bin/sh",
                                                    "-c",
                                                    WalCommand.fill(command, name, PROBE)))
                                    .in(dataDir)
                                    .within(RESTORE_LIMIT));
            if (run.succeeded()) {
                return Optional.of("but restore_command finds " + name);
            }
            boolean absent =
                    run.ending() == ProgramRun.Ending.EXITED
                            && run.exitCode() <= LAST_PLAIN_EXIT_CODE;
            return absent
                    ? Optional.empty()
                    : Optional.of(
                            "whether restore_command finds "
                                    + name
                                    + " isn't known: "
                                    + run.summary());
        } finally {
            Files.deleteIfExists(dataDir.resolve(PROBE));
        }
    }
}
