package io.kumki.agent.postgres;

import static io.kumki.agent.postgres.ServerFixture.LIMIT;
import static io.kumki.agent.postgres.ServerFixture.await;
import static io.kumki.agent.postgres.ServerFixture.expectDone;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.kumki.agent.config.PostgresConfig;
import io.kumki.agent.postgres.PgConnections.Target;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The files that a server reads: where they are, who writes them, and when they count. */
@Timeout(120)
class ConfigFilesIT {

    @TempDir private Path directory;

    @Test
    void changedAccessListsCountWithoutARestart() throws SQLException {
        try (ServerFixture pg = new ServerFixture(directory, "pg-1").bootstrapped()) {
            asReplicator(pg);
            List<String> hba = new ArrayList<>(pg.config.pgHba());
            hba.addFirst("host all replicator 127.0.0.1/32 reject");
            await(
                    pg.server.applyConfiguration(
                            access(pg.config, hba, List.of("staff /^(.*)@shop$ \\1"))));

            await().untilAsserted(() ->
                    assertThatThrownBy(() -> asReplicator(pg))
                            .hasMessageContaining("pg_hba.conf rejects connection"));
            assertThat(
                            pg.query(
                                    "SELECT map_name || ' ' || sys_name || ' ' || pg_username"
                                            + " FROM pg_ident_file_mappings"))
                    .isEqualTo("staff /^(.*)@shop$ \\1");
            assertThat(pg.observe().pendingRestart()).isEmpty();

            await(pg.server.applyConfiguration(pg.config));
            await().untilAsserted(() -> asReplicator(pg));
        }
    }

    @Test
    void anAccessFileElsewhereIsLeftToItsOwner() throws IOException {
        try (ServerFixture pg = new ServerFixture(directory, "pg-1").bootstrapped()) {
            Path own = pg.home.resolve("own_hba.conf");
            Files.writeString(own, "host all all 127.0.0.1/32 scram-sha-256\n");
            String before = Files.readString(pg.dataDir().resolve("pg_hba.conf"));
            await(
                    pg.server.applyConfiguration(
                            access(
                                    pg.config(Map.of("hba_file", own.toString())),
                                    List.of("local all all reject"),
                                    List.of())));
            assertThat(pg.observe().pendingRestart()).containsOnlyKeys("hba_file");
            expectDone(pg.server.restart(LIMIT, new Cancellation()));

            assertThat(pg.query("SHOW hba_file")).isEqualTo(own.toString());
            assertThat(own).hasContent("host all all 127.0.0.1/32 scram-sha-256\n");
            assertThat(Files.readString(pg.dataDir().resolve("pg_hba.conf"))).isEqualTo(before);
        }
    }

    @Test
    void aDirectoryAndAnIncludedFileOfTheOperatorAreUsed() throws IOException {
        try (ServerFixture pg = new ServerFixture(directory, "pg-1")) {
            Path etc = pg.home.resolve("etc");
            Path custom = pg.home.resolve("custom.conf");
            Files.writeString(custom, "work_mem = 9MB\nmax_connections = 33\nport = 1\n");
            PostgresConfig elsewhere = files(pg.config, etc, custom.toString());
            await(pg.server.applyConfiguration(elsewhere));
            pg.bootstrapped();

            assertThat(pg.query("SHOW config_file"))
                    .isEqualTo(etc.resolve("postgresql.conf").toString());
            assertThat(pg.query("SHOW hba_file")).isEqualTo(etc.resolve("pg_hba.conf").toString());
            assertThat(pg.query("SHOW work_mem")).isEqualTo("9MB");
            assertThat(pg.query("SHOW max_connections")).isEqualTo("100");

            // not watched: counts with the next reload
            Files.writeString(custom, "work_mem = 10MB\n");
            await(pg.server.reload());
            await().untilAsserted(() -> assertThat(pg.query("SHOW work_mem")).isEqualTo("10MB"));

            // a server with an include that isn't there neither starts nor reloads
            Path missing = pg.home.resolve("missing.conf");
            await(pg.server.applyConfiguration(files(pg.config, etc, missing.toString())));
            await().untilAsserted(() -> assertThat(pg.query("SHOW work_mem")).isEqualTo("4MB"));
            expectDone(pg.server.restart(LIMIT, new Cancellation()));
        }
    }

    @Test
    void recoverySettingsOfAlterSystemAreTakenOutAndOthersStay() throws IOException {
        try (ServerFixture pg = new ServerFixture(directory, "pg-1").bootstrapped()) {
            pg.sql(
                    "ALTER SYSTEM SET work_mem = '11MB'",
                    "ALTER SYSTEM SET restore_command = 'false'",
                    "ALTER SYSTEM SET recovery_target_lsn = '0/1'");
            await(pg.server.reload());

            await().untilAsserted(() -> assertThat(pg.query("SHOW work_mem")).isEqualTo("11MB"));
            assertThat(Files.readString(pg.dataDir().resolve("postgresql.auto.conf")))
                    .contains("work_mem")
                    .doesNotContain("restore_command")
                    .doesNotContain("recovery_target");
            expectDone(pg.server.restart(LIMIT, new Cancellation()));
            assertThat(pg.query("SHOW recovery_target_lsn")).isEmpty();
        }
    }

    private static void asReplicator(ServerFixture pg) throws SQLException {
        PgConnections.open(
                        Target.of(
                                "127.0.0.1", pg.port, "postgres", pg.config.replication(), "test"),
                        LIMIT)
                .close();
    }

    private static PostgresConfig access(
            PostgresConfig config, List<String> hba, List<String> ident) {
        return ServerFixture.changed(
                config, config.listen(), config.files(), config.sockets(), hba, ident);
    }

    private static PostgresConfig files(PostgresConfig config, Path configDir, String custom) {
        PostgresConfig.Files usual = config.files();
        return ServerFixture.changed(
                config,
                config.listen(),
                new PostgresConfig.Files(
                        usual.dataDir(),
                        configDir,
                        usual.binDir(),
                        usual.binNames(),
                        usual.configBaseName(),
                        Optional.of(custom),
                        usual.pgpass()),
                config.sockets(),
                config.pgHba(),
                config.pgIdent());
    }
}
