package io.kumki.agent.postgres;

import static io.kumki.agent.postgres.ServerFixture.LIMIT;
import static io.kumki.agent.postgres.ServerFixture.await;
import static io.kumki.agent.postgres.ServerFixture.expectDone;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.kumki.agent.ha.LocalServer;
import io.kumki.agent.ha.LocalServer.Answer;
import io.kumki.agent.ha.LocalServer.Postmaster;
import io.kumki.agent.ha.LocalServer.Slot;
import io.kumki.agent.ha.SlotChange;
import io.kumki.agent.ha.StandbyTarget;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.ParameterChange;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigurationIT {

    private ServerFixture pg;

    @BeforeEach
    void setUp(@TempDir Path directory) {
        pg = new ServerFixture(directory, "pg-1").bootstrapped();
    }

    @AfterEach
    void tearDown() {
        pg.close();
    }

    @Test
    void reloadsWhatCanBeReloadedAndNamesWhatWaitsForARestart() {
        await(
                pg.server.applyConfiguration(
                        pg.config(
                                Map.of(
                                        "work_mem", "5MB",
                                        "max_connections", "120",
                                        "shared_buffers", "32MB"))));

        await().untilAsserted(() -> assertThat(pg.query("SHOW work_mem")).isEqualTo("5MB"));
        assertThat(pg.observe().pendingRestart())
                .containsOnly(
                        Map.entry("max_connections", new ParameterChange("100", "120")),
                        Map.entry("shared_buffers", new ParameterChange("16MB", "32MB")));

        expectDone(pg.server.restart(LIMIT, new Cancellation()));

        assertThat(pg.observe().pendingRestart()).isEmpty();
        assertThat(pg.query("SHOW max_connections")).isEqualTo("120");
    }

    @Test
    void anotherWordForTheSameValueWaitsForNothing() {
        expectDone(pg.server.restart(LIMIT, new Cancellation()));
        for (Map<String, String> same :
                List.of(
                        Map.of("shared_buffers", "2048"),
                        Map.of("shared_buffers", "16384kB", "logging_collector", "Yes"),
                        Map.of("huge_pages", "TRY", "wal_level", "Replica"),
                        Map.of("wal_buffers", "-1", "max_connections", "0100"))) {
            await(pg.server.applyConfiguration(pg.config(same)));
            assertThat(pg.observe().pendingRestart()).as(same.toString()).isEmpty();
        }
        await(pg.server.applyConfiguration(pg.config(Map.of("huge_pages", "OFF"))));
        assertThat(pg.observe().pendingRestart())
                .containsOnly(Map.entry("huge_pages", new ParameterChange("try", "off")));
    }

    @Test
    void aParameterTakenOutWaitsForTheServersOwnValue() {
        Map<String, String> more =
                Map.of("wal_buffers", "1MB", "max_files_per_process", "500", "work_mem", "5MB");
        await(pg.server.applyConfiguration(pg.config(more)));
        expectDone(pg.server.restart(LIMIT, new Cancellation()));
        assertThat(pg.observe().pendingRestart()).isEmpty();

        await(pg.server.applyConfiguration(pg.config));

        assertThat(pg.observe().pendingRestart())
                .containsOnly(
                        Map.entry("max_files_per_process", new ParameterChange("500", "1000")),
                        Map.entry("wal_buffers", new ParameterChange("1MB", "512kB")));
        await(pg.server.applyConfiguration(pg.config(more)));
        assertThat(pg.observe().pendingRestart()).isEmpty();
    }

    @Test
    void whatAlterSystemSetsIsWhatARestartBrings() {
        pg.sql("ALTER SYSTEM SET shared_buffers = '64MB'");
        await(pg.server.applyConfiguration(pg.config(Map.of("shared_buffers", "32MB"))));

        assertThat(pg.observe().pendingRestart())
                .containsOnly(Map.entry("shared_buffers", new ParameterChange("16MB", "64MB")));
        expectDone(pg.server.restart(LIMIT, new Cancellation()));
        assertThat(pg.query("SHOW shared_buffers")).isEqualTo("64MB");
    }

    @Test
    void theClustersParametersWinOverAlterSystem() {
        pg.sql("ALTER SYSTEM SET max_connections = 50");
        expectDone(pg.server.restart(LIMIT, new Cancellation()));

        assertThat(pg.query("SHOW max_connections")).isEqualTo("100");
    }

    @Test
    void synchronousStandbyNamesOutliveARestartOfTheAgent() {
        expectDone(pg.server.setSynchronousStandbyNames(Optional.of("2 (\"pg-2\",\"pg-3\")")));
        await().untilAsserted(() ->
                assertThat(pg.query("SHOW synchronous_standby_names"))
                        .isEqualTo("2 (\"pg-2\",\"pg-3\")"));

        LocalPostgres another = new LocalPostgres(pg.config);
        await(another.applyConfiguration(pg.config(Map.of("work_mem", "6MB"))));
        await().untilAsserted(() -> assertThat(pg.query("SHOW work_mem")).isEqualTo("6MB"));
        assertThat(pg.query("SHOW synchronous_standby_names")).isEqualTo("2 (\"pg-2\",\"pg-3\")");

        expectDone(another.setSynchronousStandbyNames(Optional.empty()));
        await().untilAsserted(
                        () -> assertThat(pg.query("SHOW synchronous_standby_names")).isEmpty());
        await(another.close());
    }

    @Test
    void createsAdvancesAndDropsSlots() {
        await(
                pg.server.reconcileSlots(
                        List.of(new SlotChange.Create("a"), new SlotChange.Create("b"))));
        pg.sql("CREATE TABLE public.t AS SELECT generate_series(1, 1000) AS x");
        Answer.Primary before = (Answer.Primary) pg.observe().answer().orElseThrow();
        assertThat(before.slots()).extracting(Slot::name).containsExactlyInAnyOrder("a", "b");
        Lsn target = before.flushedLsn();

        await(
                pg.server.reconcileSlots(
                        List.of(
                                new SlotChange.Drop("missing"),
                                new SlotChange.Create("a"),
                                new SlotChange.Advance("a", target),
                                new SlotChange.Drop("b"))));

        assertThat(((Answer.Primary) pg.observe().answer().orElseThrow()).slots())
                .singleElement()
                .satisfies(slot -> {
                    assertThat(slot.name()).isEqualTo("a");
                    assertThat(slot.restartLsn()).isEqualTo(target);
                    assertThat(slot.walStatus()).isEqualTo("reserved");
                });
    }

    @Test
    void aQueryThatWaitsTooLongIsNotKnownAndNotStopped() {
        pg.observe();
        // the monitoring query reads pg_authid by way of pg_stat_replication
        try (var connection =
                        PgConnections.open(PgConnections.Target.local(pg.config, "test"), LIMIT);
                var statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute("LOCK TABLE pg_authid IN ACCESS EXCLUSIVE MODE");
            LocalServer seen = pg.observe();
            assertThat(seen.postmaster()).isEqualTo(Postmaster.RUNNING);
            assertThat(seen.answer()).isEmpty();
            connection.rollback();
        } catch (java.sql.SQLException e) {
            throw new AssertionError(e);
        }
        pg.observeUntil(LocalServer::primary);
    }

    @Test
    void aStandbyKeepsLimitsThatItsPrimaryHad() {
        await(pg.server.applyConfiguration(pg.config(Map.of("max_connections", "60"))));
        expectDone(
                pg.server.stop(
                        PostgresServer.StopMode.FAST,
                        Optional.of(LIMIT),
                        PostgresServer.ShutdownListener.NONE));

        expectDone(pg.server.startAsStandby(StandbyTarget.NOBODY, LIMIT, new Cancellation()));

        assertThat(pg.query("SHOW max_connections")).isEqualTo("100");
        assertThat(pg.observe().pendingRestart())
                .containsOnly(Map.entry("max_connections", new ParameterChange("100", "60")));
    }
}
