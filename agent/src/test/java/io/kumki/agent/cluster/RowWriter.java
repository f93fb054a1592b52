package io.kumki.agent.cluster;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Writes numbered rows to whichever node takes them, one writer a node, every 10 ms, and remembers
 * what was acknowledged.
 */
final class RowWriter implements AutoCloseable {

    private static final long PAUSE_MS = 10;

    private final AtomicLong next;
    private final Set<Long> acknowledged = new ConcurrentSkipListSet<>();
    private final List<Long> ackNanos = Collections.synchronizedList(new ArrayList<>());
    private final List<Thread> threads = new ArrayList<>();
    private volatile boolean running = true;

    RowWriter(List<TestNode> nodes) {
        this(nodes, 0);
    }

    /** Its first row has the number after {@code last}. */
    RowWriter(List<TestNode> nodes, long last) {
        next = new AtomicLong(last);
        for (TestNode node : nodes) {
            threads.add(Thread.ofPlatform().name("writer-" + node.name).start(() -> write(node)));
        }
    }

    private void write(TestNode node) {
        while (running) {
            try (Connection connection = node.connect();
                    Statement statement = connection.createStatement()) {
                while (running) {
                    long row = next.incrementAndGet();
                    statement.execute("INSERT INTO rows VALUES (" + row + ")");
                    ackNanos.add(System.nanoTime());
                    acknowledged.add(row);
                    TimeUnit.MILLISECONDS.sleep(PAUSE_MS);
                }
            } catch (SQLException refused) {
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

    int acknowledgedRows() {
        return acknowledged.size();
    }

    /** When the last row was acknowledged, on {@link System#nanoTime}'s clock. */
    long lastAckNanos() {
        synchronized (ackNanos) {
            return Collections.max(ackNanos);
        }
    }

    /** The longest time without an acknowledgement since the begin, in milliseconds. */
    long longestGapMs() {
        List<Long> times;
        synchronized (ackNanos) {
            times = new ArrayList<>(ackNanos);
        }
        Collections.sort(times);
        long longest = 0;
        for (int i = 1; i < times.size(); i++) {
            longest = Math.max(longest, times.get(i) - times.get(i - 1));
        }
        return TimeUnit.NANOSECONDS.toMillis(longest);
    }

    /** Acknowledged rows that a node doesn't have. */
    Set<Long> missingOn(TestNode node) throws SQLException {
        Set<Long> missing = new TreeSet<>(acknowledged);
        try (Connection connection = node.connect();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT id FROM rows")) {
            while (rows.next()) {
                missing.remove(rows.getLong(1));
            }
        }
        return missing;
    }

    @Override
    public void close() {
        stop();
    }

    /** Writes no more; what was acknowledged can still be asked for. */
    void stop() {
        running = false;
        for (Thread thread : threads) {
            try {
                thread.join(TimeUnit.SECONDS.toMillis(20));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
