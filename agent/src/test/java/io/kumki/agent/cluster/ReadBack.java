package io.kumki.agent.cluster;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A client that writes through one port of the proxy and reads what it has just written through
 * another, from a replica that says it has it.
 */
final class ReadBack implements AutoCloseable {

    private static final int READERS = 2;

    private final TestCluster cluster;
    private final int id;
    private final HttpClient http = HttpClient.newHttpClient();
    private final Connection primary;
    private final List<Reader> readers = new ArrayList<>();
    final AtomicInteger fromReplica = new AtomicInteger();

    /** A connection of the pool for reading, and who is at its other end. */
    private record Reader(Connection connection, TestNode node) {}

    ReadBack(TestCluster cluster, int id, int writePort, int readPort) throws Exception {
        this.cluster = cluster;
        this.id = id;
        this.primary = HaproxyIT.connect(writePort);
        for (int i = 0; i < READERS; i++) {
            Connection connection = HaproxyIT.connect(readPort);
            readers.add(new Reader(connection, behind(connection)));
        }
    }

    private TestNode behind(Connection connection) throws SQLException {
        int port = Integer.parseInt(one(connection, "SELECT inet_server_port()"));
        return cluster.nodes.stream().filter(node -> node.pgPort == port).findFirst().orElseThrow();
    }

    long replicas() {
        return readers.stream().map(Reader::node).distinct().count();
    }

    /** Fails at the first read that doesn't see the write before it. */
    CompletableFuture<Void> start(int pairs) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        Thread.startVirtualThread(() -> {
            try {
                for (int value = 1; value <= pairs; value++) {
                    pair(value, readers.get(value % READERS));
                }
                done.complete(null);
            } catch (Exception | AssertionError e) {
                done.completeExceptionally(e);
            }
        });
        return done;
    }

    private void pair(int value, Reader reader) throws Exception {
        try (Statement statement = primary.createStatement()) {
            statement.executeUpdate("UPDATE read_back SET value = " + value + " WHERE id = " + id);
        }
        String position = one(primary, "SELECT pg_current_wal_flush_lsn()");
        boolean replayed = replayed(reader.node(), position);
        Connection from = replayed ? reader.connection() : primary;
        String seen = one(from, "SELECT value FROM read_back WHERE id = " + id);
        if (!seen.equals(Integer.toString(value))) {
            throw new AssertionError(
                    "stale: "
                            + (replayed ? reader.node().name : "the primary")
                            + " says "
                            + seen
                            + " after "
                            + value
                            + " was written up to "
                            + position);
        }
        if (replayed) {
            fromReplica.incrementAndGet();
        }
    }

    private boolean replayed(TestNode node, String position) throws Exception {
        HttpRequest request =
                HttpRequest.newBuilder(
                                URI.create(
                                        node.url("/replica?min_lsn=" + position + "&timeout=1s")))
                        .method("HEAD", HttpRequest.BodyPublishers.noBody())
                        .timeout(Duration.ofSeconds(5))
                        .build();
        return http.send(request, HttpResponse.BodyHandlers.discarding()).statusCode() == 200;
    }

    private static String one(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getString(1);
        }
    }

    @Override
    public void close() {
        http.shutdownNow();
        try {
            primary.close();
            for (Reader reader : readers) {
                reader.connection().close();
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }
}
