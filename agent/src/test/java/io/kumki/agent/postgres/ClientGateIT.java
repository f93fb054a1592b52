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
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Clients are held off a real server, and let in again, whatever happens between. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(120)
class ClientGateIT {

    private ServerFixture pg;

    @BeforeAll
    void start(@TempDir Path directory) {
        pg = new ServerFixture(directory, "pg-1").bootstrapped();
        pg.sql("CREATE ROLE app LOGIN PASSWORD 'app'");
    }

    @AfterAll
    void end() {
        pg.close();
    }

    @Test
    @Order(1)
    void onlyOurOwnRolesGetInUntilClientsAreAdmitted() throws Exception {
        asClient();
        expectDone(pg.server.holdClientsOff());
        asClient(); // the running server isn't told
        startAgain();

        assertThat(pg.observe().clientsHeldOff()).isTrue();
        assertRefused();
        assertThat(pg.query("SELECT 1")).isEqualTo("1");
        PgConnections.openReplication(
                        Target.localReplication(pg.config, "test"), Duration.ofSeconds(3))
                .close();
        await(pg.server.applyConfiguration(pg.config));
        expectDone(pg.server.setSynchronousStandbyNames(Optional.of("nobody")));
        await(pg.server.reload());
        assertRefused();
        assertThat(new LocalPostgres(pg.config))
                .satisfies(another -> {
                    assertThat(await(another.observe()).clientsHeldOff()).isTrue();
                    expectDone(another.admitClients());
                    await(another.close());
                });
        await().untilAsserted(() -> asClient());
        assertThat(pg.observe().clientsHeldOff()).isFalse();
    }

    @Test
    @Order(2)
    void anAccessFileThatIsNotInTheConfigurationIsPutBackAsItWas() throws Exception {
        PostgresConfig own = withAccess(pg.config, List.of());
        await(pg.server.applyConfiguration(own));
        Path file = pg.dataDir().resolve("pg_hba.conf");
        String before = "# mine\n" + Files.readString(file);
        Files.writeString(file, before);
        expectDone(pg.server.holdClientsOff());
        expectDone(pg.server.holdClientsOff());
        startAgain();
        assertRefused();

        expectDone(pg.server.admitClients());
        await().untilAsserted(() -> asClient());
        assertThat(file).hasContent(before);
    }

    @Test
    @Order(4)
    void aStandbyLetsEverybodyIn() throws Exception {
        expectDone(pg.server.holdClientsOff());
        expectDone(pg.server.stop(StopMode.FAST, Optional.empty(), ShutdownListener.NONE));
        expectDone(pg.server.startAsStandby(StandbyTarget.NOBODY, LIMIT, new Cancellation()));
        asClient();
        assertThat(pg.observe().clientsHeldOff()).isFalse();
    }

    @Test
    @Order(3)
    void aGateThatHoldsTheAgentOffIsOpened() throws Exception {
        Path roles = pg.dataDir().resolve("roles");
        Files.writeString(roles, "postgres, app\n");
        List<String> byFile = List.of("host all @roles 127.0.0.1/32 scram-sha-256");
        await(pg.server.applyConfiguration(withAccess(pg.config, byFile)));
        expectDone(pg.server.holdClientsOff());
        startAgain();

        await().untilAsserted(() -> {
            assertThat(pg.observe().answer()).isPresent();
            asClient();
        });
        assertThat(pg.observe().clientsHeldOff()).isFalse();
    }

    /** As after a crash. */
    private void startAgain() {
        expectDone(pg.server.stop(StopMode.IMMEDIATE, Optional.of(LIMIT), ShutdownListener.NONE));
        expectDone(pg.server.startAsPrimary(LIMIT, new Cancellation()));
    }

    private void asClient() throws SQLException {
        PostgresConfig.Credentials app =
                new PostgresConfig.Credentials(
                        Optional.of("app"), Optional.of("app"), new TreeMap<>());
        Target target = Target.of("127.0.0.1", pg.port, "postgres", app, "test");
        PgConnections.open(target, Duration.ofSeconds(3)).close();
    }

    private void assertRefused() {
        assertThatThrownBy(() -> asClient())
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("28000"));
    }

    private static PostgresConfig withAccess(PostgresConfig config, List<String> hba) {
        return ServerFixture.changed(
                config, config.listen(), config.files(), config.sockets(), hba, config.pgIdent());
    }
}
