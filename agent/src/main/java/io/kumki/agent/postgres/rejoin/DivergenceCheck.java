package io.kumki.agent.postgres.rejoin;

import io.kumki.agent.config.PostgresConfig;
import io.kumki.agent.ha.Divergence;
import io.kumki.agent.ha.LocalServer.Postmaster;
import io.kumki.agent.ha.Upstream;
import io.kumki.agent.postgres.ControlFile;
import io.kumki.agent.postgres.PgConnections;
import io.kumki.agent.postgres.PgConnections.Target;
import io.kumki.agent.postgres.PgPrograms;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.TimelineHistory.Entry;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Compares the local log with the leader's. Steps: where the local log ends; the leader is a
 * primary; same cluster; its timeline and history; {@link LogComparison}; on a running standby
 * {@link NextLog}. Whatever can't be found out makes the answer {@link Divergence.Unknown}. Calls
 * block for at most about ten seconds, with a slow {@code restore_command} twenty: use a virtual
 * thread.
 */
public final class DivergenceCheck {

    /** Enough for the record of a promotion, which is a few dozen bytes behind the switch. */
    private static final int FIRST_RECORDS = 256;

    private static final Duration STATEMENT_LIMIT = Duration.ofSeconds(2);

    /** A standby passes one timeline at a time, and hardly ever two within a look. */
    private static final int LOOKS = 2;

    private final Supplier<PostgresConfig> config;
    private final PgPrograms programs;
    private final Supplier<Postmaster> postmaster;

    /**
     * @param postmaster the local server's process, asked at each check
     */
    public DivergenceCheck(
            Supplier<PostgresConfig> config, PgPrograms programs, Supplier<Postmaster> postmaster) {
        this.config = config;
        this.programs = programs;
        this.postmaster = postmaster;
    }

    public Divergence assess(Upstream leader) {
        PostgresConfig current = config.get();
        Source source = new Source(current, leader);
        try {
            Optional<LocalLog> mine = localLog(current);
            if (mine.isEmpty()) {
                return new Divergence.Unknown(
                        "the end of the own log isn't known: the server neither answers nor was shut"
                                + " down");
            }
            Optional<String> notPrimary = source.notPrimary();
            return notPrimary.isPresent()
                    ? new Divergence.Unknown(notPrimary.get())
                    : compare(current, mine.get(), source, leader);
        } catch (SQLException e) {
            return new Divergence.Unknown(String.valueOf(e.getMessage()), 1, Source.refused(e));
        } catch (IOException e) {
            return new Divergence.Unknown(String.valueOf(e.getMessage()));
        }
    }

    private Divergence compare(
            PostgresConfig current, LocalLog mine, Source source, Upstream leader)
            throws SQLException {
        Source.Identity theirs = source.identify(mine.timeline());
        if (!theirs.systemIdentifier().equals(mine.systemIdentifier())) {
            return new Divergence.Unknown(
                    leader
                            + " belongs to another cluster: its system identifier is "
                            + theirs.systemIdentifier()
                            + ", the local one "
                            + mine.systemIdentifier()
                            + "; nothing is rewound or removed");
        }
        Path dataDir = current.files().dataDir();
        Divergence divergence =
                LogComparison.compare(
                        mine,
                        theirs.timeline(),
                        theirs.history(),
                        HistoryFile.entries(dataDir, mine.timeline()),
                        () -> checkpointEnd(dataDir, mine));
        Optional<Lsn> begun =
                theirs.history().stream()
                        .filter(entry -> entry.timeline() < mine.timeline())
                        .reduce((_, later) -> later)
                        .map(Entry::switchLsn);
        if (divergence instanceof Divergence.None none && begun.isPresent()) {
            divergence = sameTimeline(dataDir, mine, begun.get(), source, theirs.timeline(), none);
        }
        boolean runs = mine.standby() && postmaster.get() == Postmaster.RUNNING;
        return runs && divergence instanceof Divergence.None fits
                ? new NextLog(programs, current, source).look(fits, mine, theirs)
                : divergence;
    }

    /**
     * Two members that were promoted at the same position to the same number have the same history.
     * The first record that a promotion writes holds its time, so the logs differ right there.
     */
    private Divergence sameTimeline(
            Path dataDir,
            LocalLog mine,
            Lsn switched,
            Source source,
            int leaderTimeline,
            Divergence.None byNumbers)
            throws SQLException {
        try {
            long segmentSize = ControlFile.read(programs, dataDir).number("Bytes per WAL segment");
            long offset = switched.bytes() % segmentSize;
            long own = mine.end().bytes() - switched.bytes();
            int length = (int) Math.min(FIRST_RECORDS, Math.min(own, segmentSize - offset));
            String segment = LastSegment.name(mine.timeline(), switched, segmentSize);
            Path file = dataDir.resolve("pg_wal").resolve(segment);
            if (length <= 0 || !Files.isReadable(file)) {
                return byNumbers;
            }
            Optional<String> there = source.wal(segment, offset, length);
            boolean differs = there.isPresent() && !there.get().equals(bytes(file, offset, length));
            return differs
                    ? new Divergence.Diverged(
                            "own timeline "
                                    + mine.timeline()
                                    + " has a number that the leader's log has too, but other content from "
                                    + switched
                                    + " on: two members were promoted to it",
                            true)
                    : byNumbers;
        } catch (SQLException e) {
            // of the leader's own number the numbers say nothing: the rules know who wrote the log
            if (!Source.refused(e) || mine.timeline() == leaderTimeline) {
                throw e;
            }
            return new Divergence.None(
                    byNumbers.reason()
                            + "; whether the numbers mean the same log isn't known: "
                            + e.getMessage());
        } catch (IOException e) {
            return new Divergence.Unknown(String.valueOf(e.getMessage()));
        }
    }

    private static String bytes(Path file, long offset, int length) throws IOException {
        try (RandomAccessFile wal = new RandomAccessFile(file.toFile(), "r")) {
            byte[] bytes = new byte[length];
            wal.seek(offset);
            wal.readFully(bytes);
            return HexFormat.of().formatHex(bytes);
        }
    }

    private LogComparison.RecordEnd checkpointEnd(Path dataDir, LocalLog mine) {
        long segmentSize;
        try {
            segmentSize = ControlFile.read(programs, dataDir).number("Bytes per WAL segment");
        } catch (IOException e) {
            return new LogComparison.RecordEnd.Unknown(String.valueOf(e.getMessage()));
        }
        return ShutdownRecord.find(
                programs, dataDir, mine.timeline(), mine.end(), Math.max(1 << 20, segmentSize));
    }

    private Optional<LocalLog> localLog(PostgresConfig current) throws SQLException, IOException {
        return switch (postmaster.get()) {
            case STOPPED -> LocalLog.of(control(current));
            case ORPHANED -> Optional.empty(); // it may still grow
            case RUNNING, STOPPING -> Optional.of(running(current));
            case STARTING -> {
                Optional<LocalLog> answered = runningIfItAnswers(current);
                yield answered.isPresent() ? answered : LocalLog.of(control(current));
            }
        };
    }

    private ControlFile control(PostgresConfig current) throws IOException {
        return ControlFile.read(programs, current.files().dataDir());
    }

    private static Optional<LocalLog> runningIfItAnswers(PostgresConfig current) {
        try {
            return Optional.of(running(current));
        } catch (SQLException stillStarting) {
            return Optional.empty(); // a fact for the caller: the control file is asked
        }
    }

    private static LocalLog running(PostgresConfig current) throws SQLException {
        try (Connection connection =
                PgConnections.open(Target.local(current, "rewind"), STATEMENT_LIMIT)) {
            return whole(() -> Source.local(current), () -> end(connection));
        }
    }

    /** A running server's answer, which may fail. */
    @FunctionalInterface
    interface Asked<T> {
        T ask() throws SQLException;
    }

    /** Whether it is a standby, and the end of its log. */
    record End(boolean standby, Lsn position) {}

    /**
     * Position and timeline come from two questions, and a standby may go on to another timeline
     * between them: its new position on the old timeline would look like a log that left the
     * leader's.
     */
    static LocalLog whole(Asked<Source.Identity> identity, Asked<End> end) throws SQLException {
        Source.Identity before = identity.ask();
        for (int tries = 0; tries < LOOKS; tries++) {
            End position = end.ask();
            Source.Identity after = identity.ask();
            if (after.timeline() == before.timeline()) {
                return new LocalLog(
                        after.systemIdentifier(),
                        after.timeline(),
                        position.position(),
                        position.standby(),
                        false);
            }
            before = after;
        }
        throw new SQLException("the own server goes from one timeline to the next just now");
    }

    private static End end(Connection connection) throws SQLException {
        var row =
                PgConnections.rows(
                                connection,
                                "SELECT pg_catalog.pg_is_in_recovery(), CASE WHEN"
                                        + " pg_catalog.pg_is_in_recovery() THEN"
                                        + " pg_catalog.pg_last_wal_replay_lsn() ELSE"
                                        + " pg_catalog.pg_current_wal_flush_lsn() END")
                        .getFirst();
        return new End(
                row.get(0).filter("t"::equals).isPresent(),
                row.get(1)
                        .map(Lsn::parse)
                        .orElseThrow(
                                () -> new SQLException("the own server has replayed nothing yet")));
    }
}
