package io.kumki.agent.postgres;

import static io.kumki.agent.postgres.ServerFixture.LIMIT;
import static io.kumki.agent.postgres.ServerFixture.await;
import static io.kumki.agent.postgres.ServerFixture.expectDone;
import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.agent.config.PostgresConfig;
import io.kumki.agent.ha.LocalServer;
import io.kumki.agent.ha.LocalServer.Answer;
import io.kumki.agent.ha.LocalServer.ClusterState;
import io.kumki.agent.ha.LocalServer.DataDirectory;
import io.kumki.agent.ha.LocalServer.Postmaster;
import io.kumki.agent.ha.PermanentSlot;
import io.kumki.agent.ha.StandbyTarget;
import io.kumki.agent.postgres.PostgresServer.ShutdownListener;
import io.kumki.agent.postgres.PostgresServer.StopMode;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.ParameterChange;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalPostgresIT {

    private ServerFixture pg;

    @BeforeEach
    void setUp(@TempDir Path directory) {
        pg = new ServerFixture(directory, "pg-1");
    }

    @AfterEach
    void tearDown() {
        pg.close();
    }

    @Test
    void bootstrapsObservesRestartsAndStops() throws Exception {
        assertThat(pg.observe().data()).isEqualTo(new DataDirectory.Empty());
        pg.bootstrapped();

        LocalServer seen = pg.observe();
        assertThat(seen.postmaster()).isEqualTo(Postmaster.RUNNING);
        assertThat(seen.answer())
                .get()
                .isInstanceOfSatisfying(
                        Answer.Primary.class,
                        primary -> {
                            assertThat(primary.timeline()).isEqualTo(1);
                            assertThat(primary.flushedLsn()).isGreaterThan(Lsn.ZERO);
                            assertThat(primary.info().postmasterStartTime())
                                    .matches(
                                            "\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d\\.\\d{6}[+-]\\d\\d:\\d\\d");
                        });
        assertThat(seen.control().orElseThrow().state()).isEqualTo(ClusterState.IN_PRODUCTION);
        assertThat(
                        pg.query(
                                "SELECT string_agg(rolname, ',' ORDER BY rolname) FROM pg_roles WHERE rolcanlogin"))
                .isEqualTo("postgres,replicator,rewinder");

        expectDone(pg.server.restart(LIMIT, new Cancellation()));
        assertThat(pg.observe().primary()).isTrue();

        BlockingQueue<Lsn> told = new LinkedBlockingQueue<>();
        expectDone(pg.server.stop(StopMode.FAST, Optional.of(LIMIT), told::add));
        LocalServer stopped = pg.observe();
        assertThat(stopped.postmaster()).isEqualTo(Postmaster.STOPPED);
        assertThat(stopped.control().orElseThrow().state()).isEqualTo(ClusterState.SHUT_DOWN);
        assertThat(told).containsExactly(stopped.control().orElseThrow().checkpointLsn());
    }

    @Test
    void noticesACrashAtOnceAndStartsAgainWithinASecond() throws Exception {
        pg.bootstrapped();
        BlockingQueue<Long> changes = new LinkedBlockingQueue<>();
        pg.server.onProcessChange(() -> changes.add(System.nanoTime()));
        long pid = PostmasterPid.read(pg.dataDir()).orElseThrow().pid();
        assertThat(pg.observe().primary()).isTrue();

        long killed = System.nanoTime();
        ProcessHandle.of(pid).orElseThrow().destroyForcibly();
        Long noticed = changes.poll(5, TimeUnit.SECONDS);

        assertThat(noticed).isNotNull();
        assertThat(Duration.ofNanos(noticed - killed)).isLessThan(Duration.ofMillis(500));
        LocalServer dead = pg.observe();
        assertThat(dead.postmaster()).isEqualTo(Postmaster.STOPPED);
        assertThat(dead.control().orElseThrow().state().unclean()).isTrue();

        Cancellation lapsed = new Cancellation(() -> Optional.of("the lease ended"));
        assertThat(await(pg.server.startAsPrimary(LIMIT, lapsed)))
                .isEqualTo(new OperationResult.Postponed("not started: the lease ended"));
        assertThat(pg.observe().postmaster()).isEqualTo(Postmaster.STOPPED);

        long begun = System.nanoTime();
        expectDone(pg.server.startAsPrimary(LIMIT, new Cancellation()));
        assertThat(pg.observe().primary()).isTrue();
        Duration took = Duration.ofNanos(System.nanoTime() - begun);
        assertThat(took).isLessThan(Duration.ofSeconds(5));
    }

    /** A session that computes doesn't look for its postmaster before it has committed. */
    @Test
    void aPostmasterThatDiesAloneIsNotStoppedBeforeItsSessionsHaveEnded() throws Exception {
        pg.bootstrapped();
        pg.sql("CREATE TABLE public.rows (id int)", BUSY);
        CompletableFuture<Optional<String>> client =
                CompletableFuture.supplyAsync(() -> failureOf("SELECT public.busy()"));
        pg.observeUntil(_ -> pg.query(WORKING).equals("1"));
        long pid = PostmasterPid.read(pg.dataDir()).orElseThrow().pid();

        ProcessHandle.of(pid).orElseThrow().destroyForcibly();
        pg.observeUntil(seen -> seen.postmaster() != Postmaster.RUNNING);

        assertThat(pg.observe().postmaster()).isEqualTo(Postmaster.ORPHANED);
        assertThat(pg.anotherAgent().observe().postmaster()).isEqualTo(Postmaster.ORPHANED);
        assertThat(client).isNotDone();

        expectDone(
                pg.server.stop(
                        StopMode.IMMEDIATE,
                        Optional.of(Duration.ofSeconds(2)),
                        ShutdownListener.NONE));

        assertThat(pg.observe().postmaster()).isEqualTo(Postmaster.STOPPED);
        assertThat(client.get(5, TimeUnit.SECONDS)).as("the session's end").isPresent();
        expectDone(pg.server.startAsPrimary(LIMIT, new Cancellation()));
        assertThat(pg.query("SELECT count(*) FROM public.rows")).isEqualTo("0");
    }

    /** Computes for long, then would commit. */
    private static final String BUSY =
            """
            CREATE FUNCTION public.busy() RETURNS void LANGUAGE plpgsql AS $$
            BEGIN
              INSERT INTO public.rows VALUES (1);
              WHILE clock_timestamp() < now() + interval '30 s' LOOP END LOOP;
            END $$\
            """;

    private static final String WORKING =
            "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT public.busy()' AND state = 'active'";

    private Optional<String> failureOf(String sql) {
        try {
            pg.query(sql);
            return Optional.empty();
        } catch (AssertionError e) {
            return Optional.of(e.toString());
        }
    }

    /** Frozen alone, it stops nothing: its sessions would go on committing. */
    @Test
    void aPostmasterThatDoesNotReactIsKilledWithItsSessionsWhenTheLimitPasses() throws Exception {
        pg.bootstrapped();
        long pid = PostmasterPid.read(pg.dataDir()).orElseThrow().pid();
        ProcessHandle postmaster = ProcessHandle.of(pid).orElseThrow();
        List<ProcessHandle> children = postmaster.descendants().toList();
        assertThat(children).isNotEmpty();
        new ProcessBuilder("kill", "-STOP", Long.toString(pid)).start().waitFor();

        long begun = System.nanoTime();
        expectDone(
                pg.server.stop(
                        StopMode.IMMEDIATE,
                        Optional.of(Duration.ofSeconds(1)),
                        ShutdownListener.NONE));

        assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(4));
        assertThat(pg.observe().postmaster()).isEqualTo(Postmaster.STOPPED);
        for (ProcessHandle child : children) {
            child.onExit().get(5, TimeUnit.SECONDS);
        }
        expectDone(pg.server.startAsPrimary(LIMIT, new Cancellation()));
    }

    @Test
    void aServerWhoseClockWasSetSinceItsStartIsStillFound() throws Exception {
        pg.bootstrapped();
        Path file = pg.dataDir().resolve("postmaster.pid");
        List<String> lines = new ArrayList<>(Files.readAllLines(file));
        lines.set(2, Long.toString(Long.parseLong(lines.get(2)) - 3600));
        Files.write(file, lines);

        // an agent started after the clock was set: the file tells the time by the old clock
        try (ServerFixture again = pg.anotherAgent()) {
            assertThat(again.observe().postmaster()).isEqualTo(Postmaster.RUNNING);
            assertThat(again.observe().primary()).isTrue();
        }
    }

    @Test
    void aServerThatCannotStartSaysWhy() throws Exception {
        pg.bootstrapped();
        expectDone(pg.server.stop(StopMode.FAST, Optional.of(LIMIT), ShutdownListener.NONE));
        // no change of parameters helps against it
        await(pg.server.applyConfiguration(pg.config(Map.of("work_mem", "5MB"))));
        Files.writeString(
                pg.dataDir().resolve("postgresql.base.conf"),
                "include 'no_such_file.conf'\n",
                StandardOpenOption.APPEND);

        OperationResult result = await(pg.server.startAsPrimary(LIMIT, new Cancellation()));

        assertThat(result)
                .isInstanceOfSatisfying(
                        OperationResult.Failed.class,
                        failed -> assertThat(failed.reason()).contains("no_such_file.conf"));
        assertThat(pg.server.parameterProblems()).isEmpty();
    }

    @Test
    void parametersTheServerWouldRefuseDoNotKeepItFromStarting() {
        pg.bootstrapped();
        expectDone(pg.server.stop(StopMode.FAST, Optional.of(LIMIT), ShutdownListener.NONE));
        await(
                pg.server.applyConfiguration(
                        pg.config(
                                Map.of(
                                        "shared_buffers", "lots",
                                        "work_mem", "1kB",
                                        "no_such_parameter", "1",
                                        "my.own", "kept"))));

        expectDone(pg.server.startAsPrimary(LIMIT, new Cancellation()));

        assertThat(pg.query("SHOW work_mem")).isEqualTo("64kB");
        assertThat(pg.query("SHOW my.own")).isEqualTo("kept");
    }

    /** What {@code postgres -C} doesn't notice, and what a rule for access may be. */
    @Test
    void whatKeepsTheServerFromStartingIsLeftAsItWasAndNamed() {
        pg.bootstrapped();
        expectDone(pg.server.restart(LIMIT, new Cancellation()));
        PostgresConfig changed =
                pg.config(Map.of("shared_preload_libraries", "no_such_library", "work_mem", "5MB"));
        List<String> rules = new ArrayList<>(changed.pgHba());
        rules.addFirst("hst all all everywhere maybe");
        await(
                pg.server.applyConfiguration(
                        ServerFixture.changed(
                                changed,
                                changed.listen(),
                                changed.files(),
                                changed.sockets(),
                                rules,
                                changed.pgIdent())));
        assertThat(pg.server.parameterProblems())
                .singleElement()
                .asString()
                .startsWith(
                        "pg_hba: line 3 of the file: invalid connection type \"hst\"; the rules");

        expectDone(pg.server.restart(LIMIT, new Cancellation()));

        assertThat(pg.query("SHOW shared_preload_libraries")).isEmpty();
        assertThat(pg.observe().pendingRestart())
                .containsEntry(
                        "shared_preload_libraries", new ParameterChange("", "no_such_library"));
        assertThat(pg.server.parameterProblems())
                .last()
                .asString()
                .contains("shared_preload_libraries=no_such_library", "work_mem=5MB", "pg_hba");

        // one that is corrected is no problem any more, and what is right counts with it
        await(pg.server.applyConfiguration(pg.config(Map.of("work_mem", "5MB"))));
        assertThat(pg.server.parameterProblems()).isEmpty();
        expectDone(pg.server.restart(LIMIT, new Cancellation()));
        assertThat(pg.query("SHOW work_mem")).isEqualTo("5MB");
        assertThat(pg.observe().pendingRestart()).isEmpty();
    }

    @Test
    void slotsThatAParameterHasNoPlaceForKeepNoServerDown() {
        pg.bootstrapped();
        await(pg.server.applyConfiguration(pg.config(Map.of("wal_level", "logical"))));
        expectDone(pg.server.restart(LIMIT, new Cancellation()));
        pg.sql("SELECT pg_create_logical_replication_slot('feed', 'test_decoding')");
        for (int i = 0; i < 4; i++) {
            pg.sql("SELECT pg_create_physical_replication_slot('more" + i + "')");
        }

        // 5 slots, and the next start is to have 5 places: a sixth would keep it from starting
        await(
                pg.server.applyConfiguration(
                        pg.config(Map.of("wal_level", "logical", "max_replication_slots", "5"))));
        String since = pg.query("SELECT pg_postmaster_start_time()");
        OperationResult copied =
                await(
                        pg.server.copySlots(
                                pg.upstream(Optional.empty()),
                                new TreeMap<>(
                                        Map.of(
                                                "other",
                                                new PermanentSlot.Logical(
                                                        "postgres", "test_decoding"))),
                                StandbyTarget.NOBODY,
                                LIMIT,
                                new Cancellation()));
        assertThat(copied)
                .asString()
                .contains("no place for other in max_replication_slots=5: raise it");
        assertThat(pg.query("SELECT pg_postmaster_start_time()")).isEqualTo(since);

        // all of the cluster's, as by a mistake in its configuration
        await(pg.server.applyConfiguration(pg.config(Map.of("max_replication_slots", "4"))));
        expectDone(pg.server.restart(LIMIT, new Cancellation()));

        assertThat(pg.query("SHOW wal_level")).isEqualTo("logical");
        assertThat(pg.query("SHOW max_replication_slots")).isEqualTo("10");
        assertThat(pg.observe().pendingRestart())
                .containsEntry("wal_level", new ParameterChange("logical", "replica"))
                .containsEntry("max_replication_slots", new ParameterChange("10", "4"));

        expectDone(pg.server.stop(StopMode.FAST, Optional.of(LIMIT), ShutdownListener.NONE));
        expectDone(pg.server.startAsStandby(StandbyTarget.NOBODY, LIMIT, new Cancellation()));

        assertThat(pg.query("SHOW max_replication_slots")).isEqualTo("10");
        assertThat(pg.server.parameterProblems())
                .last()
                .asString()
                .contains("max_replication_slots=4", "wal_level=replica");
    }

    @Test
    void withArchivingTheSwitchBeforeTheShutdownCheckpointIsTheLastPosition(
            @TempDir Path directory, @TempDir Path archive) {
        try (ServerFixture archiving =
                new ServerFixture(
                        directory,
                        "pg-2",
                        Map.of(
                                "archive_mode",
                                "on",
                                "archive_command",
                                "test ! -f " + archive + "/%f && cp %p " + archive + "/%f"))) {
            archiving.bootstrapped();
            archiving.sql("CREATE TABLE public.t AS SELECT generate_series(1, 100) AS x");
            BlockingQueue<Lsn> told = new LinkedBlockingQueue<>();

            expectDone(archiving.server.stop(StopMode.FAST, Optional.of(LIMIT), told::add));

            LocalServer.ControlData control = archiving.observe().control().orElseThrow();
            assertThat(control.checkpointLsn().bytes() % (16 << 20)).isEqualTo(40);
            assertThat(told).hasSize(1);
            assertThat(told.remove())
                    .isLessThan(new Lsn(control.checkpointLsn().bytes() - 40))
                    .isGreaterThan(new Lsn(control.checkpointLsn().bytes() - (16 << 20)));

            long segment = control.checkpointLsn().bytes() >> 24;
            Path last = archive.resolve("00000001%016X".formatted(segment));
            assertThat(last).doesNotExist();
            expectDone(archiving.server.archiveEnd(new Cancellation()));
            assertThat(last).hasSize(16 << 20);
            assertThat(archive.resolve("00000001%016X".formatted(segment - 1))).exists();
            assertThat(await(archiving.server.archiveEnd(new Cancellation())).toString())
                    .startsWith("Failed[reason=archive_command for " + last.getFileName());
        }
    }
}
