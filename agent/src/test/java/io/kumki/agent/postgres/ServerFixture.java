package io.kumki.agent.postgres;

import io.kumki.agent.config.BootstrapConfig;
import io.kumki.agent.config.PostgresConfig;
import io.kumki.agent.config.PostgresConfig.Credentials;
import io.kumki.agent.ha.LocalServer;
import io.kumki.agent.ha.Upstream;
import io.kumki.agent.postgres.PostgresServer.ShutdownListener;
import io.kumki.agent.postgres.PostgresServer.StopMode;
import io.kumki.dcs.FreePort;
import io.kumki.dcs.cluster.MemberName;
import io.vertx.core.Future;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** A real PostgreSQL of its own below a directory, and the adapter for it; stopped when closed. */
public final class ServerFixture implements AutoCloseable {

    public static final Duration LIMIT = Duration.ofSeconds(60);

    public final String name;
    public final Path home;
    public final int port;
    public final PostgresConfig config;
    public final LocalPostgres server;
    private final Optional<Path> binDir;

    public ServerFixture(Path parent, String name) {
        this(parent, name, Map.of());
    }

    public ServerFixture(Path parent, String name, Map<String, String> parameters) {
        this(parent, name, parameters, newestBinDir());
    }

    /** With the programs in that directory; empty: the PATH. */
    public ServerFixture(
            Path parent, String name, Map<String, String> parameters, Optional<Path> binDir) {
        this.binDir = binDir;
        this.name = name;
        this.home = parent.resolve(name);
        this.port = FreePort.next();
        try {
            Files.createDirectories(home);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        this.config = config(parameters);
        this.server = new LocalPostgres(config);
    }

    private ServerFixture(ServerFixture same) {
        this.binDir = same.binDir;
        this.name = same.name;
        this.home = same.home;
        this.port = same.port;
        this.config = same.config;
        this.server = new LocalPostgres(config);
    }

    public PostgresConfig config(Map<String, String> more) {
        SortedMap<String, String> parameters = new TreeMap<>();
        parameters.put("unix_socket_directories", home.toString());
        parameters.put("logging_collector", "on");
        parameters.put("log_directory", home.resolve("log").toString());
        parameters.put("shared_buffers", "16MB");
        parameters.putAll(more);
        return new PostgresConfig(
                "test-cluster",
                name,
                new PostgresConfig.Listen(
                        "127.0.0.1", port, "127.0.0.1", port, Optional.empty(), "postgres"),
                new PostgresConfig.Files(
                        dataDir(),
                        dataDir(),
                        binDir,
                        Map.of(),
                        "postgresql",
                        Optional.empty(),
                        home.resolve("pgpass")),
                credentials("postgres", "secret of ' \\ postgres"),
                credentials("replicator", "rep:pass"),
                credentials("rewinder", "rew pass"),
                parameters,
                List.of(
                        "local all all scram-sha-256",
                        "host all all 127.0.0.1/32 scram-sha-256",
                        "host replication all 127.0.0.1/32 scram-sha-256"),
                List.of(),
                new TreeMap<>(),
                true,
                new PostgresConfig.Rejoin(true, false, false),
                List.of("basebackup"),
                new TreeMap<>(),
                new PostgresConfig.Scripts(new TreeMap<>(), Optional.empty(), Optional.empty()),
                LIMIT,
                new PostgresConfig.Sockets(false, false, Optional.empty()));
    }

    /** The same but for the scripts. */
    static PostgresConfig withScripts(PostgresConfig config, PostgresConfig.Scripts scripts) {
        return new PostgresConfig(
                config.clusterName(),
                config.memberName(),
                config.listen(),
                config.files(),
                config.superuser(),
                config.replication(),
                config.rewind(),
                config.parameters(),
                config.pgHba(),
                config.pgIdent(),
                config.recoveryConf(),
                config.useSlots(),
                config.rejoin(),
                config.createReplicaMethods(),
                config.replicaMethods(),
                scripts,
                config.pgCtlTimeout(),
                config.sockets());
    }

    /** The same but for these parts. */
    static PostgresConfig changed(
            PostgresConfig config,
            PostgresConfig.Listen listen,
            PostgresConfig.Files files,
            PostgresConfig.Sockets sockets,
            List<String> hba,
            List<String> ident) {
        return new PostgresConfig(
                config.clusterName(),
                config.memberName(),
                listen,
                files,
                config.superuser(),
                config.replication(),
                config.rewind(),
                config.parameters(),
                hba,
                ident,
                config.recoveryConf(),
                config.useSlots(),
                config.rejoin(),
                config.createReplicaMethods(),
                config.replicaMethods(),
                config.scripts(),
                config.pgCtlTimeout(),
                sockets);
    }

    /** Debian's newest server; empty elsewhere: the PATH. */
    private static Optional<Path> newestBinDir() {
        try (var versions = Files.list(Path.of("/usr/lib/postgresql"))) {
            return versions.map(version -> version.resolve("bin"))
                    .sorted()
                    .reduce((_, last) -> last);
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    public Path dataDir() {
        return home.resolve("data");
    }

    private static Credentials credentials(String user, String password) {
        return new Credentials(Optional.of(user), Optional.of(password), new TreeMap<>());
    }

    public BootstrapConfig bootstrapConfig() {
        return new BootstrapConfig(
                true,
                Map.of(),
                "initdb",
                // until 13 a password is kept as md5 unless initdb is told of scram
                List.of(
                        "--encoding=UTF8",
                        "--no-locale",
                        "--data-checksums",
                        "--no-sync",
                        "--auth=scram-sha-256"),
                Map.of(),
                Optional.empty(),
                List.of());
    }

    /** A primary with its roles. */
    public ServerFixture bootstrapped() {
        expectDone(server.bootstrap(bootstrapConfig(), new Cancellation()));
        expectDone(server.afterBootstrap(bootstrapConfig(), new Cancellation()));
        return this;
    }

    /** How others reach it. */
    public Upstream upstream(Optional<String> slot) {
        return new Upstream(Optional.of(new MemberName(name)), "127.0.0.1", port, "postgres", slot);
    }

    public static <T> T await(Future<T> future) {
        try {
            return future.await(90, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw new AssertionError("no answer after 90 s", e);
        }
    }

    public static String expectDone(Future<OperationResult> future) {
        OperationResult result = await(future);
        if (result instanceof OperationResult.Done(String detail)) {
            return detail;
        }
        throw new AssertionError("expected done, but: " + result);
    }

    public LocalServer observe() {
        return await(server.observe());
    }

    /** Looks until it is so; an {@link AssertionError} shows what was seen last. */
    public LocalServer observeUntil(Predicate<LocalServer> condition) {
        Deadline deadline = Deadline.in(Duration.ofSeconds(20));
        while (true) {
            LocalServer seen = observe();
            if (condition.test(seen)) {
                return seen;
            }
            if (deadline.passed()) {
                throw new AssertionError("still not after 20 s: " + seen);
            }
        }
    }

    public void sql(String... statements) {
        try (Connection connection = connect();
                Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
    }

    public String query(String sql) {
        try (Connection connection = connect()) {
            return PgConnections.rows(connection, sql).getFirst().getFirst().orElse("");
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
    }

    /** The same server seen by an agent that was just started. */
    public ServerFixture anotherAgent() {
        return new ServerFixture(this);
    }

    /** The stopped server's data directory, for another one. */
    void copyTo(ServerFixture other) {
        try (Stream<Path> files = Files.walk(dataDir())) {
            for (Path file : files.toList()) {
                Files.copy(
                        file,
                        other.dataDir().resolve(dataDir().relativize(file).toString()),
                        StandardCopyOption.COPY_ATTRIBUTES);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Connection connect() throws SQLException {
        return PgConnections.open(PgConnections.Target.local(config, "test"), LIMIT);
    }

    @Override
    public void close() {
        await(server.stop(StopMode.IMMEDIATE, Optional.empty(), ShutdownListener.NONE));
        await(server.close());
    }
}
