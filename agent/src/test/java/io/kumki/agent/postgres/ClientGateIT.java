package io.kumki.agent.postgres;

import static io.kumki.agent.postgres.ServerFixture.LIMIT;
import static io.kumki.agent.postgres.ServerFixture.await;
import static io.kumki.agent.postgres.ServerFixture.expectDone;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.kumki.agent.config.PostgresConfig;
import io.kumki.agent.ha.StandbyTarget;
import io.kumki.agent.postgres.PgConnections.Target;
import io.kumki.agent.postgres.PostgresServer.ShutdownListener;
import io.kumki.agent.postgres.PostgresServer.StopMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Clients are held off a real server, and let in again, whatever happens between. */
@Timeout(120)
class ClientGateIT {

    @TempDir private Path directory;

    @Test
    void onlyOurOwnRolesGetInUntilClientsAreAdmitted() throws Exception {
        try (ServerFixture pg = withClient()) {
            asClient(pg);
            expectDone(pg.server.holdClientsOff());
            asClient(pg); // the running server isn't told
            startAgain(pg);

            assertThat(pg.observe().clientsHeldOff()).isTrue();
            assertRefused(pg);
            assertThat(pg.query("SELECT 1")).isEqualTo("1");
            PgConnections.openReplication(
                            Target.localReplication(pg.config, "test"), Duration.ofSeconds(3))
                    .close();
            await(pg.server.applyConfiguration(pg.config));
            expectDone(pg.server.setSynchronousStandbyNames(Optional.of("nobody")));
            await(pg.server.reload());
            assertRefused(pg);
            assertThat(new LocalPostgres(pg.config))
                    .satisfies(another -> {
                        assertThat(await(another.observe()).clientsHeldOff()).isTrue();
                        expectDone(another.admitClients());
                        await(another.close());
                    });
            await().untilAsserted(() -> asClient(pg));
            assertThat(pg.observe().clientsHeldOff()).isFalse();
        }
    }

    @Test
    void anAccessFileThatIsNotInTheConfigurationIsPutBackAsItWas() throws Exception {
        try (ServerFixture pg = withClient()) {
            PostgresConfig own = withAccess(pg.config, List.of());
            await(pg.server.applyConfiguration(own));
            Path file = pg.dataDir().resolve("pg_hba.conf");
            String before = "# mine\n" + Files.readString(file);
            Files.writeString(file, before);
            expectDone(pg.server.holdClientsOff());
            expectDone(pg.server.holdClientsOff());
            startAgain(pg);
            assertRefused(pg);

            expectDone(pg.server.admitClients());
            await().untilAsserted(() -> asClient(pg));
            assertThat(file).hasContent(before);
        }
    }

    @Test
    void aStandbyLetsEverybodyIn() throws Exception {
        try (ServerFixture pg = withClient()) {
            expectDone(pg.server.holdClientsOff());
            expectDone(pg.server.stop(StopMode.FAST, Optional.empty(), ShutdownListener.NONE));
            expectDone(pg.server.startAsStandby(StandbyTarget.NOBODY, LIMIT, new Cancellation()));
            asClient(pg);
            assertThat(pg.observe().clientsHeldOff()).isFalse();
        }
    }

    @Test
    void aGateThatHoldsTheAgentOffIsOpened() throws Exception {
        try (ServerFixture pg = withClient()) {
            Path roles = pg.dataDir().resolve("roles");
            Files.writeString(roles, "postgres, app\n");
            List<String> byFile = List.of("host all @roles 127.0.0.1/32 scram-sha-256");
            await(pg.server.applyConfiguration(withAccess(pg.config, byFile)));
            expectDone(pg.server.holdClientsOff());
            startAgain(pg);

            await().untilAsserted(() -> {
                assertThat(pg.observe().answer()).isPresent();
                asClient(pg);
            });
            assertThat(pg.observe().clientsHeldOff()).isFalse();
        }
    }

    private ServerFixture withClient() {
        ServerFixture pg = new ServerFixture(directory, "pg-1").bootstrapped();
        pg.sql("CREATE ROLE app LOGIN PASSWORD 'app'");
        return pg;
    }

    /** As after a crash. */
    private static void startAgain(ServerFixture pg) {
        expectDone(pg.server.stop(StopMode.IMMEDIATE, Optional.of(LIMIT), ShutdownListener.NONE));
        expectDone(pg.server.startAsPrimary(LIMIT, new Cancellation()));
    }

    private static void asClient(ServerFixture pg) throws SQLException {
        PostgresConfig.Credentials app =
                new PostgresConfig.Credentials(
                        Optional.of("app"), Optional.of("app"), new TreeMap<>());
        Target target = Target.of("127.0.0.1", pg.port, "postgres", app, "test");
        PgConnections.open(target, Duration.ofSeconds(3)).close();
    }

    private static void assertRefused(ServerFixture pg) {
        assertThatThrownBy(() -> asClient(pg))
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("28000"));
    }

    private static PostgresConfig withAccess(PostgresConfig config, List<String> hba) {
        return ServerFixture.changed(
                config, config.listen(), config.files(), config.sockets(), hba, config.pgIdent());
    }
}
