package io.kumki.agent.postgres;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** One kept connection to the local server, used by one caller at a time, reopened when broken. */
final class Heartbeat {

    private final Installation installation;
    private final String purpose;
    private final Duration statementLimit;
    private final ReentrantLock lock = new ReentrantLock();
    private @Nullable Connection connection;
    private @Nullable ProcessIdentity server;

    Heartbeat(Installation installation, String purpose, Duration statementLimit) {
        this.installation = installation;
        this.purpose = purpose;
        this.statementLimit = statementLimit;
    }

    /** Work on the connection. */
    @FunctionalInterface
    interface Query<T> {
        T on(Connection connection) throws SQLException;
    }

    /**
     * Runs the query; a connection that turns out to be broken is opened anew once.
     *
     * @param postmaster the server to be asked; a connection to an earlier one is closed first
     * @throws SQLException if the server can't be asked, or somebody else asks it for longer than
     *     {@code wait}
     */
    <T> T ask(ProcessIdentity postmaster, Duration wait, Query<T> query) throws SQLException {
        boolean locked = false;
        try {
            locked = lock.tryLock(wait.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (!locked) {
            throw new SQLException("the last query to the server has not ended yet", "57014");
        }
        try {
            boolean fresh = connection == null || !postmaster.equals(server);
            Connection current = fresh ? reopen(postmaster) : connection();
            try {
                return query.on(current);
            } catch (SQLException e) {
                if (fresh || !broken(e)) {
                    throw e;
                }
                return query.on(reopen(postmaster));
            }
        } catch (SQLException e) {
            if (broken(e)) {
                drop();
            }
            throw e;
        } finally {
            lock.unlock();
        }
    }

    private Connection connection() {
        Connection current = connection;
        if (current == null) {
            throw new IllegalStateException("no connection");
        }
        return current;
    }

    private Connection reopen(ProcessIdentity postmaster) throws SQLException {
        drop();
        Connection fresh =
                PgConnections.open(
                        PgConnections.Target.local(installation.config(), purpose), statementLimit);
        connection = fresh;
        server = postmaster;
        return fresh;
    }

    /** Connection trouble (class 08), or the server is going down or restarting (57P). */
    static boolean broken(SQLException e) {
        String state = e.getSQLState();
        return state == null || state.startsWith("08") || state.startsWith("57P");
    }

    private void drop() {
        PgConnections.closeQuietly(connection);
        connection = null;
        server = null;
    }

    /** Closes the connection; the next query opens another. */
    void close() {
        lock.lock();
        try {
            drop();
        } finally {
            lock.unlock();
        }
    }
}
