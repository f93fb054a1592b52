package io.kumki.agent.chaos;

import io.kumki.agent.chaos.Journal.Outcome;
import io.kumki.agent.chaos.Journal.Write;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The clients. Two go where the probe {@code /primary} says, as behind a load balancer: each host
 * is probed four times a second. Three more cling to one server each, whatever it is: they find out
 * whether a server that shouldn't still takes writes.
 */
final class Writers {

    private static final int BALANCED = 2;
    private static final Duration PROBE = Duration.ofSeconds(1);
    private static final long PROBE_PAUSE_MS = 250;
    private static final long WRITE_PAUSE_MS = 20;
    private static final long RETRY_PAUSE_MS = 100;
    private static final String READ_ONLY = "25006";

    /** The timeline makes two servers apart that both believe to lead. */
    private static final String INSERT =
            "INSERT INTO chaos (id, server, mark) VALUES (?, ?, ?)"
                    + " RETURNING substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8)";

    private final ChaosCluster cluster;
    private final Journal journal;
    private final String mark;
    private final AtomicLong next = new AtomicLong();
    private final Map<ChaosNode, Boolean> primary = new ConcurrentHashMap<>();
    private final List<Thread> threads = new ArrayList<>();
    private volatile boolean running = true;

    Writers(ChaosCluster cluster, Journal journal, String mark) {
        this.cluster = cluster;
        this.journal = journal;
        this.mark = mark;
    }

    void start() {
        for (ChaosNode node : cluster.nodes) {
            run("probe-" + node.name, () -> probe(node));
            run("cling-" + node.name, () -> write(false, () -> Optional.of(node)));
        }
        for (int i = 1; i <= BALANCED; i++) {
            run("balanced-" + i, () -> write(true, this::probedPrimary));
        }
    }

    private void run(String name, Runnable task) {
        threads.add(Thread.ofPlatform().daemon().name(name).start(task));
    }

    /** Writes no more; every write has its outcome then. */
    void stop() {
        running = false;
        for (Thread thread : threads) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted", e);
            }
        }
    }

    private void probe(ChaosNode node) {
        while (running) {
            primary.put(node, node.status("/primary", PROBE) == 200);
            pause(PROBE_PAUSE_MS);
        }
    }

    private Optional<ChaosNode> probedPrimary() {
        return cluster.nodes.stream().filter(node -> primary.getOrDefault(node, false)).findFirst();
    }

    @FunctionalInterface
    private interface Choice {
        Optional<ChaosNode> node();
    }

    private void write(boolean balanced, Choice choice) {
        while (running) {
            Optional<ChaosNode> node = choice.node();
            if (node.isPresent()) {
                session(balanced, node.get(), choice);
            }
            pause(RETRY_PAUSE_MS);
        }
    }

    /** Until the connection fails or the choice is another. */
    private void session(boolean balanced, ChaosNode node, Choice choice) {
        try (Connection connection = node.connect();
                PreparedStatement insert = connection.prepareStatement(INSERT)) {
            while (running && choice.node().filter(chosen -> chosen == node).isPresent()) {
                Outcome outcome = insert(balanced, node, insert);
                if (outcome == Outcome.UNKNOWN) {
                    return;
                }
                pause(outcome == Outcome.REFUSED ? RETRY_PAUSE_MS : WRITE_PAUSE_MS);
            }
        } catch (SQLException _) {
            return; // no connection: nothing was sent
        }
    }

    private Outcome insert(boolean balanced, ChaosNode node, PreparedStatement insert) {
        long id = next.incrementAndGet();
        long sent = System.nanoTime();
        Outcome outcome = Outcome.UNKNOWN;
        String timeline = "";
        try {
            insert.clearWarnings();
            insert.setLong(1, id);
            insert.setString(2, node.name);
            insert.setString(3, mark);
            try (ResultSet answer = insert.executeQuery()) {
                answer.next();
                timeline = answer.getString(1);
            }
            // a commit whose wait for the standbys was broken off is answered with a warning
            if (insert.getWarnings() == null) {
                outcome = Outcome.ACKNOWLEDGED;
            }
        } catch (SQLException refused) {
            if (READ_ONLY.equals(refused.getSQLState())) {
                outcome = Outcome.REFUSED;
            }
        }
        journal.add(new Write(id, node.name, balanced, sent, System.nanoTime(), outcome, timeline));
        return outcome;
    }

    private static void pause(long millis) {
        try {
            TimeUnit.MILLISECONDS.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
