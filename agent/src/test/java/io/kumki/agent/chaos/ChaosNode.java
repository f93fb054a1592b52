package io.kumki.agent.chaos;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A host with an agent of the distribution and its PostgreSQL, both as the user postgres. */
final class ChaosNode {

    static final String PASSWORD = "chaos-Passw0rd";
    private static final HttpClient HTTP =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(1)).build();

    final String name;
    final Path data;
    private final Hosts hosts;
    private final Path distribution;
    private final Path directory;
    private final Path log;
    private @Nullable Process agent;

    /** A fault keeps it down: nobody starts its agent meanwhile. */
    volatile boolean down;

    ChaosNode(String name, Hosts hosts, Path distribution, Path home, Mode mode) {
        this.name = name;
        this.hosts = hosts;
        this.distribution = distribution;
        this.directory = home.resolve(name);
        this.data = directory.resolve("data");
        Path logs = home.resolve("logs");
        this.log = logs.resolve(name + ".log");
        try {
            Files.createDirectories(directory.resolve("run"));
            Files.createDirectories(logs.resolve(name + "-postgres"));
            Files.writeString(
                    directory.resolve("node.yml"), yaml(mode, logs.resolve(name + "-postgres")));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String yaml(Mode mode, Path serverLogs) {
        return """
        scope: chaos
        name: %1$s
        lease_guard: required
        restapi:
          listen: %2$s:8008
          connect_address: %2$s:8008
        etcd3:
          hosts: 10.77.0.11:2379,10.77.0.12:2379,10.77.0.13:2379
        bootstrap:
          dcs:
            ttl: 10
            loop_wait: 1
            retry_timeout: 3
        %3$s
            postgresql:
              use_pg_rewind: true
              remove_data_directory_on_rewind_failure: true
              remove_data_directory_on_diverged_timelines: true
              parameters:
                max_connections: 200
          initdb:
            - encoding: UTF8
            - data-checksums
            - no-sync
        postgresql:
          listen: %2$s:5432
          connect_address: %2$s:5432
          data_dir: %4$s
          bin_dir: %5$s
          pgpass: %6$s/pgpass
          authentication:
            superuser: {username: postgres, password: %7$s}
            replication: {username: replicator, password: %7$s}
            rewind: {username: rewinder, password: %7$s}
          pg_hba:
            - host all all 10.77.0.0/24 scram-sha-256
            - host replication replicator 10.77.0.0/24 scram-sha-256
          parameters:
            unix_socket_directories: ''
            fsync: "off"
            shared_buffers: 16MB
            wal_keep_size: 64MB
            logging_collector: "on"
            log_directory: %8$s
            log_filename: postgres.log
            log_rotation_age: 0
            log_line_prefix: '%%m [%%p] '
        """
                .formatted(
                        name,
                        address(),
                        mode.settings.indent(4).stripTrailing(),
                        data,
                        binDir(),
                        directory,
                        PASSWORD,
                        serverLogs);
    }

    private static Path binDir() {
        for (int major = 30; major > 12; major--) {
            Path bin = Path.of("/usr/lib/postgresql", Integer.toString(major), "bin");
            if (Files.isExecutable(bin.resolve("initdb"))) {
                return bin;
            }
        }
        throw new IllegalStateException("no PostgreSQL below /usr/lib/postgresql");
    }

    String address() {
        return Hosts.address(name);
    }

    void start() {
        if (agentLives()) {
            return;
        }
        agent =
                hosts.start(
                        name,
                        directory,
                        log,
                        List.of(
                                "env",
                                "KUMKI_JAVA_OPTS=-Dkumki.runtime-directory="
                                        + directory.resolve("run"),
                                distribution.resolve("bin/kumki").toString(),
                                directory.resolve("node.yml").toString()));
    }

    boolean agentLives() {
        return agent != null && agent.isAlive();
    }

    /** Empty before the first start. */
    Optional<Process> agent() {
        return Optional.ofNullable(agent);
    }

    /** The server's process, if it lives. */
    Optional<Long> postmaster() {
        try {
            long pid =
                    Long.parseLong(
                            Files.readAllLines(data.resolve("postmaster.pid")).getFirst().strip());
            Path cwd = Files.readSymbolicLink(Path.of("/proc/" + pid + "/cwd"));
            return cwd.equals(data.toRealPath()) ? Optional.of(pid) : Optional.empty();
        } catch (IOException | NumberFormatException | NoSuchElementException _) {
            return Optional.empty();
        }
    }

    /** A server process that serves one of the writers. */
    Optional<Long> backend() {
        return hosts.processes(name, "postgres").stream()
                .filter(pid -> Hosts.read(pid, "cmdline").contains("10.77.0.100("))
                .findFirst();
    }

    Optional<Long> guard() {
        return hosts.processes(name, "kumki-lease-gua").stream().findFirst();
    }

    /** The status code; 0 where nobody answers in time. */
    int status(String path, Duration limit) {
        return get("http://" + address() + ":8008" + path, limit)
                .map(HttpResponse::statusCode)
                .orElse(0);
    }

    /** The body; empty where nobody answers. */
    String body(String path) {
        return get("http://" + address() + ":8008" + path, Duration.ofSeconds(2))
                .map(HttpResponse::body)
                .orElse("");
    }

    static Optional<HttpResponse<String>> get(String url, Duration limit) {
        return send(HttpRequest.newBuilder(URI.create(url)).timeout(limit).build());
    }

    /** Asks for a planned change of the leader; the answer's code and text. */
    String switchover(String leader) {
        HttpRequest request =
                HttpRequest.newBuilder(URI.create("http://" + address() + ":8008/switchover"))
                        .timeout(Duration.ofSeconds(30))
                        .POST(
                                HttpRequest.BodyPublishers.ofString(
                                        "{\"leader\": \"" + leader + "\"}"))
                        .build();
        return send(request)
                .map(answer -> answer.statusCode() + " " + answer.body().strip())
                .orElse("no answer");
    }

    private static Optional<HttpResponse<String>> send(HttpRequest request) {
        try {
            return Optional.of(HTTP.send(request, HttpResponse.BodyHandlers.ofString()));
        } catch (IOException _) {
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }

    Connection connect() throws SQLException {
        return DriverManager.getConnection(
                "jdbc:postgresql://"
                        + address()
                        + ":5432/postgres?connectTimeout=2&socketTimeout=8&loginTimeout=4",
                "postgres",
                PASSWORD);
    }
}
