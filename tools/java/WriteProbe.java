import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** One writer a node, an INSERT every 10 ms, reconnecting every 10 ms: when were writes acknowledged? */
final class WriteProbe implements AutoCloseable {

    private static final long PAUSE_MS = 10;

    private final LocalCluster cluster;
    private final AtomicLong next = new AtomicLong();
    private final List<Long> ackNanos = Collections.synchronizedList(new ArrayList<>());
    private final List<Thread> threads = new ArrayList<>();
    private volatile boolean running = true;

    WriteProbe(LocalCluster cluster) {
        this.cluster = cluster;
        for (LocalCluster.Node node : cluster.nodes) {
            threads.add(Thread.ofPlatform().start(() -> write(node)));
        }
    }

    private void write(LocalCluster.Node node) {
        while (running) {
            try (Connection connection = cluster.connect(node);
                    Statement statement = connection.createStatement()) {
                while (running) {
                    statement.execute("INSERT INTO probe VALUES (" + next.incrementAndGet() + ")");
                    ackNanos.add(System.nanoTime());
                    pause();
                }
            } catch (SQLException refused) {
                pause();
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

    int acknowledged() {
        return ackNanos.size();
    }

    /** The longest time without an acknowledgement, in milliseconds. */
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

    @Override
    public void close() {
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
