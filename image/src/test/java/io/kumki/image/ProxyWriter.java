package io.kumki.image;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Writes numbered rows through HAProxy's write port and remembers what was acknowledged. */
final class ProxyWriter {

    private static final long PAUSE_MS = 20;

    private final List<Long> rows = new ArrayList<>();
    private final List<Long> nanos = new ArrayList<>();
    private @Nullable Thread thread;
    private volatile boolean running;
    private volatile @Nullable SQLException lastRefusal;

    /** Goes on with the row after the last one. */
    void start(int port) {
        stop();
        running = true;
        long next = rows.isEmpty() ? 1 : rows.getLast() + 1_000_000;
        thread = Thread.ofPlatform().name("writer").start(() -> write(port, next));
    }

    static Connection connect(int port) throws SQLException {
        return DriverManager.getConnection(
                "jdbc:postgresql://127.0.0.1:"
                        + port
                        + "/postgres?connectTimeout=2&socketTimeout=5",
                "postgres",
                ComposeProject.PASSWORD);
    }

    private void write(int port, long first) {
        long next = first;
        while (running) {
            try (Connection connection = connect(port);
                    Statement statement = connection.createStatement()) {
                while (running) {
                    long row = next++;
                    statement.execute("INSERT INTO rows VALUES (" + row + ")");
                    acknowledged(row);
                    TimeUnit.MILLISECONDS.sleep(PAUSE_MS);
                }
            } catch (SQLException refused) {
                lastRefusal = refused;
                pause();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    private static void pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(PAUSE_MS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized void acknowledged(long row) {
        rows.add(row);
        nanos.add(System.nanoTime());
    }

    synchronized int count() {
        return rows.size();
    }

    /** The longest time without an acknowledgement since then, until the last one. */
    synchronized Duration longestGapSince(long beginNanos) {
        long longest = 0;
        for (int i = 1; i < nanos.size(); i++) {
            if (nanos.get(i) - beginNanos > 0) {
                longest = Math.max(longest, nanos.get(i) - nanos.get(i - 1));
            }
        }
        return Duration.ofNanos(longest);
    }

    /** Acknowledged rows that aren't there. */
    synchronized Set<Long> missing(int port) throws SQLException {
        Set<Long> missing = new TreeSet<>(rows);
        try (Connection connection = connect(port);
                Statement statement = connection.createStatement();
                ResultSet found = statement.executeQuery("SELECT id FROM rows")) {
            while (found.next()) {
                missing.remove(found.getLong(1));
            }
        }
        return missing;
    }

    String seen() {
        return count() + " rows, last refusal: " + lastRefusal;
    }

    void stop() {
        running = false;
        if (thread != null) {
            try {
                thread.join(TimeUnit.SECONDS.toMillis(20));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
