package io.kumki.agent.postgres;

import static io.kumki.agent.postgres.ServerFixture.LIMIT;
import static io.kumki.agent.postgres.ServerFixture.await;
import static io.kumki.agent.postgres.ServerFixture.expectDone;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.kumki.agent.config.BootstrapConfig;
import io.kumki.agent.config.PostgresConfig;
import io.kumki.agent.ha.LocalServer;
import io.kumki.agent.ha.LocalServer.Answer;
import io.kumki.agent.ha.LocalServer.DataDirectory;
import io.kumki.agent.ha.StandbyTarget;
import io.kumki.agent.postgres.PostgresServer.ShutdownListener;
import io.kumki.agent.postgres.PostgresServer.StopMode;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ScriptsIT {

    private Path directory;
    private ServerFixture pg;

    @BeforeEach
    void setUp(@TempDir Path temporary) {
        directory = temporary;
        pg = new ServerFixture(directory, "pg-1");
    }

    @AfterEach
    void tearDown() {
        pg.close();
    }

    private String script(String name, String body) throws IOException {
        Path file = Files.writeString(directory.resolve(name), "#!/bin/sh\n" + body + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
        return file.toString();
    }

    private BootstrapConfig bootstrap(
            String method, Map<String, Object> custom, Optional<String> postBootstrap) {
        return new BootstrapConfig(
                true,
                Map.of(),
                method,
                List.of("--no-sync", "--auth=trust"),
                custom,
                postBootstrap,
                List.of());
    }

    private PostgresConfig withScripts(Optional<String> prePromote, Optional<String> beforeStop) {
        return ServerFixture.withScripts(
                pg.config, new PostgresConfig.Scripts(new TreeMap<>(), prePromote, beforeStop));
    }

    @Test
    void postBootstrapGetsAConnectionStringWithoutPassword() throws IOException {
        String psql = pg.config.files().binDir().orElseThrow().resolve("psql").toString();
        String script =
                script(
                        "post",
                        "echo \"$1 $2\" > "
                                + directory
                                + "/args; exec "
                                + psql
                                + " -wqc 'CREATE TABLE public.made (x int)' \"$2\"");
        BootstrapConfig config = bootstrap("initdb", Map.of(), Optional.of(script + " word"));

        expectDone(pg.server.bootstrap(config, new Cancellation()));
        expectDone(pg.server.afterBootstrap(config, new Cancellation()));

        assertThat(directory.resolve("args")).content().startsWith("word host=localhost port=");
        assertThat(directory.resolve("args")).content().doesNotContain("secret");
        assertThat(pg.query("SELECT count(*) FROM public.made")).isEqualTo("0");
        assertThat(pg.home.toFile().list()).noneMatch(name -> name.startsWith(".kumki-pgpass"));
    }

    @Test
    void aFailedBootstrapIsSetAside() throws IOException {
        BootstrapConfig config =
                bootstrap(
                        "initdb",
                        Map.of(),
                        Optional.of(script("post", "echo nothing works >&2; exit 3")));
        expectDone(pg.server.bootstrap(config, new Cancellation()));

        OperationResult result = await(pg.server.afterBootstrap(config, new Cancellation()));

        assertThat(result)
                .hasToString("Failed[reason=post_bootstrap failed: exit code 3: nothing works]");
        expectDone(pg.server.discardFailedBootstrap());
        assertThat(pg.observe().data()).isEqualTo(new DataDirectory.Empty());
        assertThat(pg.home.resolve("data.failed")).isDirectory();
    }

    /** As on a mount point: what is half made must not stay there to be started by somebody. */
    @Test
    void aFailedBootstrapThatCannotBeSetAsideIsRemoved() throws IOException {
        expectDone(pg.server.bootstrap(pg.bootstrapConfig(), new Cancellation()));
        Path inTheWay = Files.createDirectories(pg.home.resolve("data.failed/kept"));
        Files.createFile(inTheWay.resolve("file"));
        Files.setPosixFilePermissions(inTheWay, PosixFilePermissions.fromString("r-xr-xr-x"));
        try {
            OperationResult result = await(pg.server.discardFailedBootstrap());
            assertThat(result)
                    .asString()
                    .contains(" was emptied, since it can't be set aside: ")
                    .contains("AccessDenied");
        } finally {
            Files.setPosixFilePermissions(inTheWay, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
        assertThat(pg.observe().data()).isEqualTo(new DataDirectory.Empty());
    }

    @Test
    void aCustomMethodMakesTheClusterAndItsAccessFileComesBack() throws IOException {
        String initdb = pg.config.files().binDir().orElseThrow().resolve("initdb").toString();
        String script =
                script(
                        "custom",
                        "echo \"$@\" > "
                                + directory
                                + "/args; for a; do case $a in --datadir=*) d=${a#*=};; esac; done; "
                                + initdb
                                + " --no-sync -U postgres --auth=reject -D $d");
        BootstrapConfig config =
                bootstrap(
                        "restore",
                        new TreeMap<>(Map.of("command", script, "stanza", "main")),
                        Optional.empty());

        expectDone(pg.server.bootstrap(config, new Cancellation()));
        expectDone(pg.server.afterBootstrap(config, new Cancellation()));

        assertThat(directory.resolve("args"))
                .hasContent("--scope=test-cluster --datadir=" + pg.dataDir() + " --stanza=main");
        assertThat(pg.observe().primary()).isTrue();
        assertThat(pg.query("SELECT count(*) FROM pg_roles WHERE rolname = 'replicator'"))
                .isEqualTo("1");
        assertThat(Files.readString(pg.dataDir().resolve("pg_hba.conf")))
                .contains("scram-sha-256")
                .doesNotContain("trust");
    }

    @Test
    void aConfigurationDirectoryKeepsNoRulesOfABootstrap() throws IOException {
        Path access = Files.createDirectories(directory.resolve("etc")).resolve("pg_hba.conf");
        String rules = "local all all scram-sha-256\nhost all all 127.0.0.1/32 scram-sha-256\n";
        Files.writeString(access, rules);
        PostgresConfig config = configuredIn(directory.resolve("etc"));
        Map<String, Object> custom =
                Map.of(
                        "command",
                        config.files().binDir().orElseThrow().resolve("initdb")
                                + " --no-sync -U postgres --auth=trust -D "
                                + pg.dataDir(),
                        "no_params",
                        true);
        BootstrapConfig failing =
                bootstrap("restore", custom, Optional.of(script("post", "exit 3")));
        LocalPostgres server = new LocalPostgres(config);
        expectDone(server.bootstrap(failing, new Cancellation()));
        assertThat(access).content().contains("trust");
        assertThat(await(server.afterBootstrap(failing, new Cancellation())).done()).isFalse();
        await(server.close());

        LocalPostgres next = new LocalPostgres(config);
        expectDone(next.discardFailedBootstrap());

        assertThat(access).hasContent(rules);
        assertThat(directory.resolve("etc").toFile().list())
                .noneMatch(name -> name.contains("saved"));

        // without a file of its own the restored data directory's counts
        Files.delete(access);
        BootstrapConfig working = bootstrap("restore", custom, Optional.empty());
        expectDone(next.bootstrap(working, new Cancellation()));
        expectDone(next.afterBootstrap(working, new Cancellation()));

        assertThat(access).doesNotExist();
        assertThat(pg.query("SHOW hba_file")).isEqualTo(pg.dataDir() + "/pg_hba.conf");
        assertThat(pg.dataDir().resolve("pg_hba.conf.backup")).doesNotExist();
        await(next.close());
    }

    private PostgresConfig configuredIn(Path configDir) {
        PostgresConfig.Files files = pg.config.files();
        return ServerFixture.changed(
                pg.config,
                pg.config.listen(),
                new PostgresConfig.Files(
                        files.dataDir(),
                        configDir,
                        files.binDir(),
                        files.binNames(),
                        files.configBaseName(),
                        files.customConf(),
                        files.pgpass()),
                pg.config.sockets(),
                List.of(),
                List.of());
    }

    @Test
    void aClusterWhoseCreationBrokeOffWithItsAgentIsSetAside() throws IOException {
        expectDone(pg.server.bootstrap(pg.bootstrapConfig(), new Cancellation()));
        await(pg.server.applyConfiguration(pg.config(Map.of("work_mem", "7MB"))));
        assertThat(Files.readString(pg.dataDir().resolve("postgresql.conf")))
                .as("the bootstrap's, until it is done")
                .doesNotContain("work_mem");

        ServerFixture next = pg.anotherAgent();

        assertThat(next.observe().data())
                .isEqualTo(new DataDirectory.Unfinished(LocalServer.UnfinishedWork.BOOTSTRAP));
        expectDone(next.server.discardFailedBootstrap());
        assertThat(next.observe().data()).isEqualTo(new DataDirectory.Empty());
        assertThat(pg.home.resolve("data.failed/PG_VERSION")).exists();
        await(next.server.close());
        expectDone(pg.server.bootstrap(pg.bootstrapConfig(), new Cancellation()));
        await(pg.server.applyConfiguration(pg.config(Map.of("work_mem", "8MB"))));
        expectDone(pg.server.afterBootstrap(pg.bootstrapConfig(), new Cancellation()));
        assertThat(pg.observe().data()).isInstanceOf(DataDirectory.Initialized.class);
        assertThat(pg.query("SHOW work_mem")).isEqualTo("8MB");
    }

    @Test
    void aServerThatListensOnNoLoopbackAddressLetsItsAgentInMeanwhile() throws Exception {
        String address =
                NetworkInterface.networkInterfaces()
                        .flatMap(NetworkInterface::inetAddresses)
                        .filter(each -> each instanceof Inet4Address && !each.isLoopbackAddress())
                        .map(InetAddress::getHostAddress)
                        .findFirst()
                        .orElse("");
        assumeFalse(address.isEmpty(), "this machine has a loopback address only");
        PostgresConfig.Listen listen =
                new PostgresConfig.Listen(
                        address, pg.port, address, pg.port, Optional.empty(), "postgres");
        List<String> hba = List.of("host all all samehost scram-sha-256");
        LocalPostgres server =
                new LocalPostgres(
                        ServerFixture.changed(
                                pg.config,
                                listen,
                                pg.config.files(),
                                pg.config.sockets(),
                                hba,
                                List.of()));
        String initdb = pg.config.files().binDir().orElseThrow().resolve("initdb").toString();
        Map<String, Object> custom =
                Map.of(
                        "command",
                        initdb + " --no-sync -U postgres -D " + pg.dataDir(),
                        "no_params",
                        true);
        BootstrapConfig config = bootstrap("restore", custom, Optional.empty());

        expectDone(server.bootstrap(config, new Cancellation()));
        expectDone(server.afterBootstrap(config, new Cancellation()));

        assertThat(await(server.observe()).primary()).isTrue();
        await(server.close());
    }

    @Test
    void aRestoredBackupRecoversWithItsSettingsAndLeavesRecovery() throws IOException {
        pg.bootstrapped();
        expectDone(pg.server.stop(StopMode.FAST, Optional.of(LIMIT), ShutdownListener.NONE));
        Files.createFile(pg.dataDir().resolve("go"));
        try (ServerFixture restored = new ServerFixture(directory, "pg-2")) {
            BootstrapConfig config =
                    bootstrap(
                            "restore",
                            new TreeMap<>(
                                    Map.of(
                                            "command",
                                            "cp -a " + pg.dataDir() + " " + restored.dataDir(),
                                            "no_params",
                                            true,
                                            "recovery_conf",
                                            Map.of(
                                                    "restore_command",
                                                    "false",
                                                    "standby_mode",
                                                    "off",
                                                    "pause_at_recovery_target",
                                                    false,
                                                    "trigger_file",
                                                    "go"))),
                            Optional.empty());

            expectDone(restored.server.bootstrap(config, new Cancellation()));
            expectDone(restored.server.afterBootstrap(config, new Cancellation()));

            assertThat(restored.observe().primary()).isTrue();
            assertThat(restored.query("SELECT timeline_id FROM pg_control_checkpoint()"))
                    .isEqualTo("2");
            assertThat(restored.dataDir().resolve("go")).doesNotExist();
            assertThat(restored.query("SHOW restore_command")).isEmpty();
            assertThat(restored.query("SHOW hot_standby")).isEqualTo("on");
            assertThat(restored.observe().pendingRestart()).isEmpty();
        }
    }

    @Test
    void aFailingPrePromoteLeavesTheStandbyAStandby() throws IOException {
        pg.bootstrapped();
        expectDone(pg.server.stop(StopMode.FAST, Optional.of(LIMIT), ShutdownListener.NONE));
        expectDone(pg.server.startAsStandby(StandbyTarget.NOBODY, LIMIT, new Cancellation()));
        await(
                pg.server.applyConfiguration(
                        withScripts(Optional.of(script("pre", "exit 1")), Optional.empty())));

        OperationResult result = await(pg.server.promote(LIMIT, new Cancellation()));

        assertThat(result).hasToString("Failed[reason=pre_promote failed: exit code 1]");
        assertThat(pg.observe().standby()).isTrue();
    }

    @Test
    void beforeStopRunsWhileTheServerStillServes() throws IOException {
        pg.bootstrapped();
        Path seen = directory.resolve("seen");
        await(
                pg.server.applyConfiguration(
                        withScripts(
                                Optional.empty(),
                                Optional.of(
                                        script(
                                                "before",
                                                "sed -n 8p "
                                                        + pg.dataDir().resolve("postmaster.pid")
                                                        + " > "
                                                        + seen)))));

        expectDone(pg.server.stop(StopMode.FAST, Optional.of(LIMIT), ShutdownListener.NONE));

        assertThat(Files.readString(seen).strip()).isEqualTo("ready");
    }

    @Test
    void aBackendThatWillNotGoIsEndedAfterTheLimit() throws Exception {
        pg.bootstrapped();
        long checkpointer =
                Long.parseLong(
                        pg.query(
                                "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'"));
        // a frozen checkpointer can't shut down
        assertThat(
                        Programs.run(
                                        ProgramCall.of(
                                                List.of(
                                                        "/bin/sh",
                                                        "-c",
                                                        "kill -STOP " + checkpointer)))
                                .succeeded())
                .isTrue();

        String detail =
                expectDone(
                        pg.server.stop(
                                StopMode.FAST_NO_CHECKPOINT,
                                Optional.of(Duration.ofMillis(500)),
                                ShutdownListener.NONE));

        assertThat(detail).contains("by force");
        // killed; the kernel may need a moment to take it away
        ProcessHandle.of(checkpointer)
                .ifPresent(killed -> killed.onExit().orTimeout(5, TimeUnit.SECONDS).join());
        assertThat(ProcessIdentity.of(checkpointer)).isEmpty();
        expectDone(pg.server.startAsPrimary(LIMIT, new Cancellation()));
        assertThat(pg.observe().answer()).get().isInstanceOf(Answer.Primary.class);
    }

    @Test
    void anotherAgentAdoptsTheRunningServer() {
        pg.bootstrapped();
        LocalPostgres another = new LocalPostgres(pg.config);

        assertThat(await(another.observe()).primary()).isTrue();
        assertThat(expectDone(another.startAsPrimary(LIMIT, new Cancellation())))
                .contains("runs already");
        await(another.close());
    }
}
