package io.kumki.agent.postgres.rejoin;

import io.kumki.agent.config.PostgresConfig;
import io.kumki.agent.config.PostgresConfig.Credentials;
import io.kumki.agent.ha.LocalServer.Postmaster;
import io.kumki.agent.ha.Upstream;
import io.kumki.agent.postgres.ControlFile;
import io.kumki.agent.postgres.OperationResult;
import io.kumki.agent.postgres.PgConnections;
import io.kumki.agent.postgres.PgConnections.Target;
import io.kumki.agent.postgres.PgPrograms;
import io.kumki.agent.postgres.ProgramRun;
import io.kumki.agent.postgres.Programs;
import io.kumki.dcs.FreePort;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/** A PostgreSQL on loopback whose users need their passwords; stopped when closed. */
final class TestServer implements AutoCloseable {

    static final String PASSWORD = "not:so\\secret";

    final Path dataDir;
    final int port;
    private final Path base;
    private final SortedMap<String, Object> basebackup =
            new TreeMap<>(Map.of("checkpoint", "fast"));
    private final SortedMap<String, String> programs = new TreeMap<>();

    private final SortedMap<String, Object> methodOptions = new TreeMap<>();
    private Credentials rewind = credentials("postgres");
    private List<String> methods = List.of("basebackup");

    private TestServer(Path base, String name, int port) {
        this.base = base;
        this.dataDir = base.resolve(name);
        this.port = port;
    }

    static TestServer at(Path base, String name) {
        return new TestServer(base, name, FreePort.next());
    }

    static Optional<Path> binDir() throws IOException {
        Path root = Path.of("/usr/lib/postgresql");
        if (!Files.isDirectory(root)) {
            return Optional.empty();
        }
        try (Stream<Path> versions = Files.list(root)) {
            return versions.map(version -> version.resolve("bin"))
                    .filter(bin -> Files.exists(bin.resolve("postgres")))
                    .max(Path::compareTo);
        }
    }

    void rewindAs(String user) {
        rewind = credentials(user);
    }

    TestServer basebackupOption(String name, String value) {
        basebackup.put(name, value);
        return this;
    }

    void replicaMethods(List<String> names) {
        methods = names;
    }

    void replicaMethod(String name, SortedMap<String, Object> options) {
        methodOptions.put(name, options);
    }

    void replaceProgram(String name, Path by) {
        programs.put(name, by.toString());
    }

    PostgresConfig config() {
        Credentials superuser = credentials("postgres");
        return new PostgresConfig(
                "demo",
                "pg-" + dataDir.getFileName(),
                new PostgresConfig.Listen(
                        "127.0.0.1", port, "127.0.0.1", port, Optional.empty(), "postgres"),
                new PostgresConfig.Files(
                        dataDir,
                        dataDir,
                        bin(),
                        programs,
                        "postgresql",
                        Optional.empty(),
                        pgpass()),
                superuser,
                credentials("replicator"),
                rewind,
                Collections.emptySortedMap(),
                List.of(),
                List.of(),
                Collections.emptySortedMap(),
                true,
                new PostgresConfig.Rejoin(true, false, false),
                methods,
                options(),
                new PostgresConfig.Scripts(
                        Collections.emptySortedMap(), Optional.empty(), Optional.empty()),
                Duration.ofSeconds(20),
                new PostgresConfig.Sockets(false, false, Optional.empty()));
    }

    private SortedMap<String, Object> options() {
        SortedMap<String, Object> options = new TreeMap<>(methodOptions);
        options.put("basebackup", basebackup);
        return options;
    }

    private static Optional<Path> bin() {
        try {
            return binDir();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private Path pgpass() {
        return base.resolve("pgpass-" + dataDir.getFileName());
    }

    private static Credentials credentials(String user) {
        return new Credentials(
                Optional.of(user), Optional.of(PASSWORD), Collections.emptySortedMap());
    }

    PgPrograms programs() {
        return new PgPrograms(() -> config().files());
    }

    Upstream asUpstream() {
        return new Upstream(Optional.empty(), "127.0.0.1", port, "postgres", Optional.empty());
    }

    Clone cloning() {
        return new Clone(this::config, programs(), line -> List.of(line.split(" ", -1)));
    }

    DivergenceCheck check() {
        return new DivergenceCheck(this::config, programs(), this::postmaster);
    }

    Rewind rewind() {
        return new Rewind(
                this::config,
                programs(),
                () -> {
                    stop("fast");
                    return new OperationResult.Done("stopped");
                });
    }

    private Postmaster postmaster() {
        return Files.exists(dataDir.resolve("postmaster.pid"))
                ? Postmaster.RUNNING
                : Postmaster.STOPPED;
    }

    ControlFile control() throws IOException {
        return ControlFile.read(programs(), dataDir);
    }

    /** A new primary with the replication role. */
    TestServer create() throws IOException, SQLException {
        Path password = base.resolve("initial-password");
        Files.writeString(password, PASSWORD);
        must(
                programs()
                        .call(
                                "initdb",
                                "-D",
                                dataDir.toString(),
                                "-A",
                                "scram-sha-256",
                                "-U",
                                "postgres",
                                "--no-sync",
                                "--pwfile=" + password));
        append(
                """
                listen_addresses = '127.0.0.1'
                unix_socket_directories = ''
                fsync = off
                wal_log_hints = on
                shared_buffers = '8MB'
                max_wal_size = '64MB'
                wal_keep_size = '64MB'
                """);
        start();
        sql("CREATE ROLE replicator LOGIN REPLICATION PASSWORD '" + PASSWORD + "'");
        return this;
    }

    void append(String lines) throws IOException {
        Files.writeString(
                dataDir.resolve("postgresql.conf"),
                lines,
                StandardOpenOption.CREATE,
                StandardOpenOption.APPEND);
    }

    /** Makes the next start one of a standby. */
    TestServer follow(TestServer primary) throws IOException {
        Files.writeString(dataDir.resolve("standby.signal"), "");
        append(
                "primary_conninfo = 'host=127.0.0.1 port="
                        + primary.port
                        + " user=replicator password="
                        + PASSWORD.replace("\\", "\\\\\\\\")
                        + " application_name="
                        + dataDir.getFileName()
                        + "'\n");
        return this;
    }

    TestServer start() {
        must(
                programs()
                        .call(
                                "pg_ctl",
                                "-D",
                                dataDir.toString(),
                                "-l",
                                dataDir + ".log",
                                "-w",
                                "-t",
                                "40",
                                "-o",
                                "-p " + port,
                                "start"));
        return this;
    }

    void stop(String mode) {
        if (postmaster() == Postmaster.RUNNING) {
            must(
                    programs()
                            .call(
                                    "pg_ctl",
                                    "-D",
                                    dataDir.toString(),
                                    "-m",
                                    mode,
                                    "-w",
                                    "-t",
                                    "40",
                                    "stop"));
        }
    }

    void promote() {
        must(programs().call("pg_ctl", "-D", dataDir.toString(), "-w", "-t", "40", "promote"));
    }

    /** The postmaster's process, from its own file. */
    ProcessHandle process() throws IOException {
        String pid = Files.readAllLines(dataDir.resolve("postmaster.pid")).getFirst().strip();
        return ProcessHandle.of(Long.parseLong(pid)).orElseThrow();
    }

    private static void must(io.kumki.agent.postgres.ProgramCall call) {
        ProgramRun run = Programs.run(call);
        if (!run.succeeded()) {
            throw new AssertionError(call.command() + ": " + run.summary());
        }
    }

    void sql(String statement) throws SQLException {
        try (Connection connection = connect();
                var prepared = connection.createStatement()) {
            prepared.execute(statement);
        }
    }

    String ask(String query) throws SQLException {
        try (Connection connection = connect()) {
            var rows = PgConnections.rows(connection, query);
            return rows.isEmpty() ? "" : rows.getFirst().getFirst().orElse("");
        }
    }

    private Connection connect() throws SQLException {
        return PgConnections.open(Target.local(config(), "test"), Duration.ofSeconds(10));
    }

    @Override
    public void close() {
        stop("immediate");
    }
}
