package io.kumki.agent.postgres.rejoin;

import io.kumki.agent.config.PostgresConfig;
import io.kumki.agent.config.PostgresConfig.Credentials;
import io.kumki.agent.ha.Upstream;
import io.kumki.agent.postgres.ConnInfo;
import io.kumki.agent.postgres.PgConnections;
import io.kumki.agent.postgres.PgConnections.Target;
import io.kumki.agent.postgres.PgPass;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.TimelineHistory.Entry;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** The server that is compared with or copied from, and how to reach it. */
final class Source {

    /** The same as for every query of ours: who doesn't answer by then counts as silent. */
    private static final Duration STATEMENT_LIMIT = Duration.ofSeconds(2);

    /** Writes all of shared buffers at worst. */
    private static final Duration CHECKPOINT_LIMIT = Duration.ofMinutes(5);

    /** {@code target_session_attrs}: of several hosts the one that takes writes. */
    private static final String WRITABLE = "read-write";

    /** It looks at each file of the server; meanwhile the clone can't be cancelled. */
    private static final Duration SIZES_LIMIT = Duration.ofSeconds(20);

    private static final String SIZES =
            "SELECT pg_catalog.pg_tablespace_location(oid), pg_catalog.pg_tablespace_size(oid)"
                    + " FROM pg_catalog.pg_tablespace";

    /** SQLSTATE {@code insufficient_privilege}, and class 28: not let in. */
    private static final String NOT_ALLOWED = "42501";

    private static final String NOT_LET_IN = "28";

    /** Class 53, such as too many connections: it may last, and streaming needs none of them. */
    private static final String NO_RESOURCES = "53";

    /** SQLSTATE {@code duplicate_object}. */
    private static final String DUPLICATE = "42710";

    private final PostgresConfig config;
    private final Upstream upstream;

    Source(PostgresConfig config, Upstream upstream) {
        this.config = config;
        this.upstream = upstream;
    }

    /**
     * Asked over the replication protocol.
     *
     * @param history of {@code timeline}; empty if there is none, or nothing to compare it with
     */
    record Identity(String systemIdentifier, int timeline, List<Entry> history) {}

    /**
     * Makes sure that a primary answers there; a standby's log says nothing about where the cluster
     * goes.
     *
     * @return what is wrong; empty if it is a primary
     */
    Optional<String> notPrimary() {
        try (Connection connection = PgConnections.open(primary(), STATEMENT_LIMIT)) {
            Optional<String> recovery =
                    PgConnections.rows(connection, "SELECT pg_catalog.pg_is_in_recovery()")
                            .getFirst()
                            .getFirst();
            return recovery.filter("f"::equals).isPresent()
                    ? Optional.empty()
                    : Optional.of(upstream + " is in recovery");
        } catch (SQLException e) {
            // a member's key said that it is one; the remote's hosts can only be asked
            return refused(e) && upstream.member().isPresent()
                    ? Optional.empty()
                    : Optional.of(upstream + " doesn't answer as a primary: " + e.getMessage());
        }
    }

    /**
     * Of a remote's hosts the one that takes writes; a member is one host, and may be configured to
     * begin transactions read-only.
     */
    private Target primary() {
        Target target = target(rewindRole(), "rewind");
        return upstream.member().isPresent() ? target : target.writable();
    }

    /** Whether a server answered that the role may not do that, or isn't let in. */
    static boolean refused(SQLException e) {
        String state = String.valueOf(e.getSQLState());
        return state.equals(NOT_ALLOWED)
                || state.startsWith(NOT_LET_IN)
                || state.startsWith(NO_RESOURCES);
    }

    /**
     * @param ownTimeline the history is read only if the source's timeline is newer
     * @throws SQLException if it doesn't answer
     */
    Identity identify(int ownTimeline) throws SQLException {
        try (Connection connection =
                PgConnections.openReplication(
                        target(config.replication(), "rewind"), STATEMENT_LIMIT)) {
            return identify(connection, ownTimeline);
        }
    }

    private static Identity identify(Connection connection, int ownTimeline) throws SQLException {
        List<Optional<String>> row = PgConnections.rows(connection, "IDENTIFY_SYSTEM").getFirst();
        String system = row.get(0).orElseThrow(() -> new SQLException("no system identifier"));
        int timeline = Integer.parseInt(row.get(1).orElse("0"));
        if (timeline < ownTimeline || timeline == 1) {
            return new Identity(system, timeline, List.of());
        }
        String content =
                PgConnections.rows(connection, "TIMELINE_HISTORY " + timeline)
                        .getFirst()
                        .get(1)
                        .orElse("");
        try {
            return new Identity(system, timeline, HistoryFile.parse(content));
        } catch (IllegalArgumentException e) {
            throw new SQLException("history of timeline " + timeline + ": " + e.getMessage(), e);
        }
    }

    /**
     * Makes sure that the control file there has the timeline that is written. A promotion returns
     * before its checkpoint, and pg_rewind compares control files: before that it finds nothing to
     * do. A member's leader tells by its key when it is done; of a remote, or where the key was
     * taken over, only the server itself knows. The superuser may hurry it.
     *
     * @return why to wait; empty if it is done
     */
    Optional<String> checkpointDue() {
        try {
            int timeline = identify(Integer.MAX_VALUE).timeline();
            if (timeline == checkpointedTimeline()) {
                return Optional.empty();
            }
            if (rewindRole().equals(config.superuser())) {
                try (Connection connection =
                                PgConnections.open(
                                        target(rewindRole(), "rewind"), CHECKPOINT_LIMIT);
                        Statement statement = connection.createStatement()) {
                    statement.execute("CHECKPOINT");
                }
            }
            return timeline == checkpointedTimeline()
                    ? Optional.empty()
                    : Optional.of(
                            upstream + " has completed no checkpoint on timeline " + timeline);
        } catch (SQLException e) {
            return Optional.of(
                    "whether "
                            + upstream
                            + " has completed a checkpoint on its timeline isn't known: "
                            + e.getMessage());
        }
    }

    private int checkpointedTimeline() throws SQLException {
        try (Connection connection =
                PgConnections.open(target(rewindRole(), "rewind"), STATEMENT_LIMIT)) {
            return PgConnections.rows(
                            connection,
                            "SELECT timeline_id FROM pg_catalog.pg_control_checkpoint()")
                    .getFirst()
                    .getFirst()
                    .map(Integer::parseInt)
                    .orElse(0);
        }
    }

    /**
     * Bytes of a WAL segment there, by a function that the rewind role may call.
     *
     * @return as hexadecimal digits; empty if the file isn't there any more
     */
    Optional<String> wal(String segment, long offset, int length) throws SQLException {
        try (Connection connection =
                PgConnections.open(target(rewindRole(), "rewind"), STATEMENT_LIMIT)) {
            return PgConnections.rows(
                            connection,
                            "SELECT pg_catalog.encode(pg_catalog.pg_read_binary_file('pg_wal/"
                                    + segment
                                    + "', "
                                    + offset
                                    + ", "
                                    + length
                                    + ", true), 'hex')")
                    .getFirst()
                    .getFirst();
        }
    }

    /**
     * @param flushed how far its log goes
     * @param present one of the files asked for that its WAL directory has
     */
    record WalThere(Lsn flushed, Optional<String> present) {}

    /** By functions that the rewind role may call. */
    WalThere walThere(List<String> segments) throws SQLException {
        String names = String.join("', '", segments);
        try (Connection connection = PgConnections.open(primary(), STATEMENT_LIMIT)) {
            List<Optional<String>> row =
                    PgConnections.rows(
                                    connection,
                                    "SELECT pg_catalog.pg_current_wal_flush_lsn(), (SELECT name"
                                            + " FROM pg_catalog.unnest(ARRAY['"
                                            + names
                                            + "']) AS name WHERE (pg_catalog.pg_stat_file('pg_wal/'"
                                            + " || name, true)).size IS NOT NULL LIMIT 1)")
                            .getFirst();
            return new WalThere(
                    row.get(0)
                            .map(Lsn::parse)
                            .orElseThrow(() -> new SQLException(upstream + " has no position")),
                    row.get(1));
        }
    }

    /** Where its tablespaces are, those inside its data directory left out. */
    List<String> tablespaces() throws SQLException {
        try (Connection connection =
                PgConnections.open(target(rewindRole(), "clone"), STATEMENT_LIMIT)) {
            return PgConnections.rows(
                            connection,
                            "SELECT pg_catalog.pg_tablespace_location(oid) FROM"
                                    + " pg_catalog.pg_tablespace")
                    .stream()
                    .flatMap(row -> row.getFirst().stream())
                    .filter(location -> location.startsWith("/"))
                    .toList();
        }
    }

    /**
     * What it holds.
     *
     * @param bytes of each tablespace by its location; the empty text is the data directory
     */
    record Sizes(SortedMap<String, Long> bytes) {

        Sizes {
            bytes = Collections.unmodifiableSortedMap(new TreeMap<>(bytes));
        }

        long total() {
            return bytes.values().stream().mapToLong(Long::longValue).sum();
        }
    }

    /**
     * How much a copy of it will take, without its log. The superuser may ask that everywhere; the
     * rewind role only where it was allowed to.
     *
     * @throws SQLException if neither is let in and answered
     */
    Sizes sizes() throws SQLException {
        SQLException refused = null;
        for (Credentials role : List.of(config.superuser(), rewindRole())) {
            try (Connection connection = PgConnections.open(target(role, "clone"), SIZES_LIMIT)) {
                SortedMap<String, Long> bytes = new TreeMap<>();
                for (List<Optional<String>> row : PgConnections.rows(connection, SIZES)) {
                    String location = row.get(0).filter(text -> text.startsWith("/")).orElse("");
                    long size = row.get(1).map(Long::parseLong).orElse(0L);
                    bytes.merge(location, size, Long::sum);
                }
                return new Sizes(bytes);
            } catch (SQLException e) {
                if (!refused(e)) {
                    throw e; // gone or too slow: another role doesn't help
                }
                if (refused != null) {
                    e.addSuppressed(refused);
                }
                refused = e;
            }
        }
        throw new SQLException("sizes of " + upstream + " can't be asked", refused);
    }

    /**
     * Reserves the log that this member needs from now on, so that a copy which takes hours can
     * stream when it is complete. A slot that is there stays as it is.
     */
    void reserveSlot(String name) throws SQLException {
        try (Connection connection =
                PgConnections.openReplication(
                        target(config.replication(), "clone"), STATEMENT_LIMIT)) {
            PgConnections.rows(
                    connection, "CREATE_REPLICATION_SLOT " + name + " PHYSICAL RESERVE_WAL");
        } catch (SQLException e) {
            if (!DUPLICATE.equals(e.getSQLState())) {
                throw e;
            }
        }
    }

    /** System identifier and timeline of the local server, which runs. */
    static Identity local(PostgresConfig config) throws SQLException {
        Target replication = Target.localReplication(config, "rewind");
        try (Connection connection = PgConnections.openReplication(replication, STATEMENT_LIMIT)) {
            return identify(connection, Integer.MAX_VALUE);
        }
    }

    private Target target(Credentials role, String purpose) {
        return Target.of(upstream.host(), upstream.port(), upstream.database(), role, purpose)
                .withKerberos(config.sockets().krbsrvname());
    }

    /** The rewind role, which is the superuser unless it is configured. */
    Credentials rewindRole() {
        return config.rewind().username().isPresent() ? config.rewind() : config.superuser();
    }

    /** For pg_basebackup; without a password. */
    String replicationConnInfo(int major) {
        return connInfo(config.replication(), major).without("dbname").text();
    }

    /** For replica methods; without a password. */
    String connInfoForScripts(int major) {
        return connInfo(config.replication(), major).text();
    }

    /** For pg_rewind; without a password. */
    String rewindConnInfo(int major) {
        return connInfo(rewindRole(), major)
                .with("target_session_attrs", WRITABLE)
                .forMajor(major)
                .text();
    }

    private ConnInfo connInfo(Credentials role, int major) {
        ConnInfo info =
                ConnInfo.to(upstream.host(), upstream.port(), upstream.database(), role)
                        .with("connect_timeout", "3");
        Optional<String> kerberos = config.sockets().krbsrvname();
        return (kerberos.isPresent() ? info.with("krbsrvname", kerberos.get()) : info)
                .forMajor(major);
    }

    PgPass.Temporary replicationPasswords() throws IOException {
        return passwords(config.replication());
    }

    PgPass.Temporary rewindPasswords() throws IOException {
        return passwords(rewindRole());
    }

    private PgPass.Temporary passwords(Credentials role) throws IOException {
        return PgPass.temporary(
                config.files().pgpass(), PgPass.lines(upstream.host(), upstream.port(), role));
    }
}
