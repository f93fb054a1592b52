package io.kumki.agent.postgres;

import static io.kumki.agent.postgres.ServerFixture.LIMIT;
import static io.kumki.agent.postgres.ServerFixture.await;
import static io.kumki.agent.postgres.ServerFixture.expectDone;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kumki.agent.config.PostgresConfig;
import io.kumki.agent.config.PostgresConfig.Credentials;
import io.kumki.agent.config.PostgresConfig.Listen;
import io.kumki.agent.config.PostgresConfig.Sockets;
import io.kumki.agent.ha.LocalServer;
import io.kumki.agent.postgres.PgConnections.Target;
import io.kumki.dcs.FreePort;
import io.kumki.dcs.cluster.ParameterChange;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** How the agent comes to its own server. */
@Timeout(120)
class ConnectionsIT {

    @TempDir private Path directory;

    @Test
    void aServerThatLetsNobodyInOverTheNetworkIsRunThroughItsSocket() throws SQLException {
        try (ServerFixture pg = new ServerFixture(directory, "pg-1")) {
            PostgresConfig bySocket =
                    ServerFixture.changed(
                            pg.config,
                            pg.config.listen(),
                            pg.config.files(),
                            new Sockets(true, true, Optional.empty()),
                            List.of("local replication replicator trust", "local all all peer"),
                            List.of());
            await(pg.server.applyConfiguration(bySocket));
            pg.bootstrapped();

            LocalServer seen = pg.observeUntil(LocalServer::primary);
            assertThat(seen.answer()).isPresent();
            assertThatThrownBy(() -> PgConnections.open(Target.local(pg.config, "test"), LIMIT))
                    .hasMessageContaining("no pg_hba.conf entry");
            Duration second = Duration.ofSeconds(1);
            try (Connection own = PgConnections.open(Target.local(bySocket, "test"), second);
                    Connection replication =
                            PgConnections.openReplication(
                                    Target.localReplication(bySocket, "test"), LIMIT)) {
                assertThat(PgConnections.rows(own, "SELECT pg_catalog.inet_server_addr()"))
                        .containsExactly(List.of(Optional.empty()));
                assertThat(
                                PgConnections.rows(
                                        own,
                                        "SELECT pg_catalog.current_setting('search_path'),"
                                                + " pg_catalog.current_setting('synchronous_commit')"))
                        .as("what no operator and no missing standby can change")
                        .containsExactly(List.of(Optional.of("pg_catalog"), Optional.of("local")));
                assertThat(PgConnections.rows(own, "SELECT pg_catalog.repeat('x', 300000)"))
                        .first()
                        .satisfies(row -> assertThat(row.getFirst().orElseThrow()).hasSize(300000));
                assertThat(PgConnections.rows(replication, "IDENTIFY_SYSTEM")).hasSize(1);
                assertThatThrownBy(() -> PgConnections.rows(own, "SELECT pg_catalog.pg_sleep(20)"))
                        .hasMessageContaining("statement timeout");
            }
        }
    }

    @Test
    void aChangedPortCountsFromTheRestartOn() {
        try (ServerFixture pg = new ServerFixture(directory, "pg-1").bootstrapped()) {
            int port = FreePort.next();
            Listen elsewhere =
                    new Listen("127.0.0.1", port, "127.0.0.1", port, Optional.empty(), "postgres");
            await(
                    pg.server.applyConfiguration(
                            ServerFixture.changed(
                                    pg.config,
                                    elsewhere,
                                    pg.config.files(),
                                    pg.config.sockets(),
                                    pg.config.pgHba(),
                                    pg.config.pgIdent())));

            LocalServer before = pg.observeUntil(seen -> seen.answer().isPresent());
            assertThat(before.pendingRestart())
                    .containsOnly(
                            Map.entry(
                                    "port",
                                    new ParameterChange(
                                            Integer.toString(pg.port), Integer.toString(port))));
            expectDone(pg.server.restart(LIMIT, new Cancellation()));

            LocalServer after = pg.observeUntil(seen -> seen.answer().isPresent());
            assertThat(after.pendingRestart()).isEmpty();
            assertThat(LocalAddress.ofSuperuser(pg.config).port()).isEqualTo(port);
        }
    }

    @Test
    void aServersCertificateIsVerifiedAsLibpqDoes() throws SQLException {
        TestKeys keys =
                new TestKeys(directory.resolve("keys"))
                        .certificate("server", "server", "-newkey", "rsa:2048");
        TestKeys foreign = new TestKeys(directory.resolve("foreign"));
        keys.revocationList("server");
        foreign.revocationList();
        Map<String, String> tls =
                Map.of(
                        "ssl", "on",
                        "ssl_cert_file", keys.file("server.crt"),
                        "ssl_key_file", keys.file("server.key"));
        try (ServerFixture pg = new ServerFixture(directory, "pg-1", tls).bootstrapped()) {
            String own = keys.file("ca.crt");
            String other = foreign.file("ca.crt");
            Map<Map<String, String>, String> refused =
                    Map.of(
                            Map.of("sslmode", "verify-ca", "sslrootcert", other),
                            "SSL error",
                            Map.of("sslmode", "require", "sslrootcert", other),
                            "SSL error",
                            Map.of(
                                    "sslmode",
                                    "verify-full",
                                    "sslrootcert",
                                    own,
                                    "sslcrl",
                                    keys.file("ca.crl")),
                            "revoked",
                            Map.of("sslmode", "verify-ca", "sslrootcert", own + ".missing"),
                            "there is no file",
                            Map.of("sslmode", "require", "sslcert", own, "sslkey", own),
                            "no PRIVATE KEY block");
            refused.forEach((options, message) ->
                    assertThatThrownBy(() -> open(pg, options).close())
                            .as(options.toString())
                            .hasStackTraceContaining(message));
            for (Map<String, String> options :
                    List.of(
                            Map.of("sslmode", "require"),
                            Map.of("sslmode", "verify-full", "sslrootcert", own),
                            Map.of("channel_binding", "require", "gssencmode", "disable"))) {
                try (Connection connection = open(pg, options)) {
                    assertThat(
                                    PgConnections.rows(
                                            connection,
                                            "SELECT ssl FROM pg_catalog.pg_stat_ssl"
                                                    + " WHERE pid = pg_catalog.pg_backend_pid()"))
                            .as(options.toString())
                            .containsExactly(List.of(Optional.of("t")));
                }
            }
        }
    }

    private static Connection open(ServerFixture pg, Map<String, String> options)
            throws SQLException {
        SortedMap<String, String> sorted = new TreeMap<>(options);
        Credentials superuser =
                new Credentials(
                        pg.config.superuser().username(), pg.config.superuser().password(), sorted);
        return PgConnections.open(
                Target.of("localhost", pg.port, "postgres", superuser, "test"), LIMIT);
    }
}
