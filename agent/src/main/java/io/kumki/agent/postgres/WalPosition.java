package io.kumki.agent.postgres;

import io.kumki.dcs.cluster.Lsn;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Up to where the server's data can be read: what a standby has replayed, what a primary has
 * written. Asked many times a second while somebody waits for a position, so it has a connection of
 * its own, which is closed when nobody has asked for a while. Stopping the server doesn't wait for
 * that: the server ends it. Calls block.
 */
final class WalPosition {

    private static final Logger LOG = LoggerFactory.getLogger(WalPosition.class);

    static final Duration STATEMENT_LIMIT = Duration.ofSeconds(1);

    /** A look that is still under way answers for the next one too, so that one is soon over. */
    private static final Duration WAIT = Duration.ofSeconds(1);

    /** Whoever reads his own writes does so again soon. */
    static final Duration KEPT = Duration.ofSeconds(30);

    private static final String SQL =
            "SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN"
                    + " pg_catalog.pg_last_wal_replay_lsn() ELSE"
                    + " pg_catalog.pg_current_wal_insert_lsn() END";

    private final ServerProcess process;
    private final Heartbeat connection;
    private final AtomicBoolean asked = new AtomicBoolean();
    private final AtomicBoolean watched = new AtomicBoolean();

    WalPosition(ServerProcess process, Heartbeat connection) {
        this.process = process;
        this.connection = connection;
    }

    /**
     * Empty if the server doesn't run or doesn't answer.
     *
     * @param later runs what it is given {@link #KEPT} later
     */
    Optional<Lsn> now(Executor later) {
        Optional<ProcessIdentity> postmaster = process.postmaster();
        if (postmaster.isEmpty()) {
            return Optional.empty();
        }
        asked.set(true);
        if (watched.compareAndSet(false, true)) {
            later.execute(() -> closeIfIdle(later));
        }
        try {
            return connection.ask(postmaster.get(), WAIT, WalPosition::query);
        } catch (SQLException e) {
            LOG.atDebug().addKeyValue("error", e.getMessage()).log("no position");
            return Optional.empty();
        }
    }

    private void closeIfIdle(Executor later) {
        if (asked.getAndSet(false)) {
            later.execute(() -> closeIfIdle(later));
        } else {
            watched.set(false);
            connection.close();
        }
    }

    private static Optional<Lsn> query(Connection open) throws SQLException {
        try (Statement statement = open.createStatement();
                ResultSet row = statement.executeQuery(SQL)) {
            String text = row.next() ? row.getString(1) : null;
            return Optional.ofNullable(text).map(Lsn::parse);
        }
    }
}
