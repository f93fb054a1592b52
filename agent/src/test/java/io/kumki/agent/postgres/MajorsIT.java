package io.kumki.agent.postgres;

import static io.kumki.agent.postgres.ServerFixture.LIMIT;
import static io.kumki.agent.postgres.ServerFixture.await;
import static io.kumki.agent.postgres.ServerFixture.expectDone;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.kumki.agent.ha.Divergence;
import io.kumki.agent.ha.LocalServer;
import io.kumki.agent.ha.LocalServer.Answer;
import io.kumki.agent.ha.LocalServer.ClusterState;
import io.kumki.agent.ha.LocalServer.Postmaster;
import io.kumki.agent.ha.PermanentSlot;
import io.kumki.agent.ha.SlotChange;
import io.kumki.agent.ha.StandbyTarget;
import io.kumki.agent.ha.Upstream;
import io.kumki.agent.postgres.PostgresServer.ShutdownListener;
import io.kumki.agent.postgres.PostgresServer.StopMode;
import io.kumki.dcs.cluster.ParameterChange;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * One life of a server of each supported major: what differs between them is the control file, the
 * monitoring query, names and ranges of parameters and recovery settings. The servers come from
 * Debian or {@code tools/fetch-postgres-majors}; one that is missing is skipped by name.
 */
class MajorsIT {

    @ParameterizedTest(name = "PostgreSQL {0}")
    @ValueSource(ints = {12, 13, 14, 15, 16, 17, 18})
    void livesItsWholeLife(int major, @TempDir Path directory) {
        Optional<Path> programs = programs(major);
        assumeTrue(
                programs.isPresent(),
                () ->
                        "NOT TESTED: there is no PostgreSQL "
                                + major
                                + " here; get it with tools/fetch-postgres-majors");
        Map<String, String> logical = Map.of("wal_level", "logical", "hot_standby_feedback", "on");
        try (ServerFixture pg = new ServerFixture(directory, "pg", logical, programs);
                ServerFixture other = new ServerFixture(directory, "other", logical, programs)) {
            isCreatedAndSeen(pg.bootstrapped(), major);
            takesParametersOfItsMajorAndNoOthers(pg, major);
            restarts(pg);
            becomesAStandbyAndIsPromoted(pg);
            aStandbyTakesOverWithItsLogicalSlot(pg, other);
        }
    }

    private static void isCreatedAndSeen(ServerFixture pg, int major) {
        LocalServer seen = pg.observe();
        assertThat(seen.postmaster()).isEqualTo(Postmaster.RUNNING);
        assertThat(seen.control().orElseThrow().state()).isEqualTo(ClusterState.IN_PRODUCTION);
        Answer.Primary primary = (Answer.Primary) seen.answer().orElseThrow();
        assertThat(primary.info().version() / 10_000).isEqualTo(major);
        assertThat(primary.timeline()).isEqualTo(1);
        assertThat(seen.pendingRestart()).isEmpty();
    }

    /** Each wrong one is left out or corrected; the right ones beside them take effect. */
    private static void takesParametersOfItsMajorAndNoOthers(ServerFixture pg, int major) {
        await(
                pg.server.applyConfiguration(
                        pg.config(
                                Map.of(
                                        "wal_level", "logical",
                                        "work_mem", "5MB",
                                        "max_connections", "120",
                                        "wal_keep_segments", "4",
                                        "no_such_parameter", "1",
                                        "fsync", "maybe",
                                        "maintenance_work_mem", "1kB",
                                        "recovery_prefetch", "off",
                                        "io_method", "sync",
                                        "vacuum_defer_cleanup_age", "7"))));

        await().untilAsserted(() -> assertThat(pg.query("SHOW work_mem")).isEqualTo("5MB"));
        assertThat(pg.query("SHOW fsync")).isEqualTo("on");
        // PostgreSQL 17 lowered the least value from 1 MB to 64 kB
        assertThat(pg.query("SHOW maintenance_work_mem")).isEqualTo(major >= 17 ? "64kB" : "1MB");
        assertThat(pg.query("SHOW " + (major >= 13 ? "wal_keep_size" : "wal_keep_segments")))
                .isEqualTo(major >= 13 ? "64MB" : "4");
        assertThat(pg.query(count("vacuum_defer_cleanup_age", "7")))
                .isEqualTo(major <= 15 ? "1" : "0");
        assertThat(pg.query(count("recovery_prefetch", "off"))).isEqualTo(major >= 15 ? "1" : "0");
        assertThat(pg.observe().pendingRestart())
                .containsEntry("max_connections", new ParameterChange("100", "120"))
                .doesNotContainKeys("wal_keep_segments", "wal_keep_size", "no_such_parameter");
    }

    private static String count(String name, String setting) {
        return "SELECT count(*) FROM pg_settings WHERE name = '%s' AND setting = '%s'"
                .formatted(name, setting);
    }

    private static void restarts(ServerFixture pg) {
        expectDone(pg.server.restart(LIMIT, new Cancellation()));
        assertThat(pg.query("SHOW max_connections")).isEqualTo("120");
        assertThat(pg.observe().pendingRestart()).isEmpty();
    }

    private static void becomesAStandbyAndIsPromoted(ServerFixture pg) {
        expectDone(pg.server.stop(StopMode.FAST, Optional.of(LIMIT), ShutdownListener.NONE));
        LocalServer stopped = pg.observe();
        assertThat(stopped.postmaster()).isEqualTo(Postmaster.STOPPED);
        assertThat(stopped.control().orElseThrow().state()).isEqualTo(ClusterState.SHUT_DOWN);

        expectDone(pg.server.startAsStandby(StandbyTarget.NOBODY, LIMIT, new Cancellation()));
        assertThat(pg.observe().answer()).get().isInstanceOf(Answer.Standby.class);

        expectDone(pg.server.promote(LIMIT, new Cancellation()));
        LocalServer promoted = pg.observeUntil(LocalServer::primary);
        assertThat(((Answer.Primary) promoted.answer().orElseThrow()).timeline()).isEqualTo(2);
    }

    /** The files of slots, the comparison of logs and what a promotion keeps. */
    private static void aStandbyTakesOverWithItsLogicalSlot(ServerFixture pg, ServerFixture other) {
        expectDone(pg.server.stop(StopMode.FAST, Optional.of(LIMIT), ShutdownListener.NONE));
        pg.copyTo(other);
        expectDone(pg.server.startAsPrimary(LIMIT, new Cancellation()));
        await(pg.server.reconcileSlots(List.of(new SlotChange.Create("other"))));
        StandbyTarget target = StandbyTarget.of(pg.upstream(Optional.of("other")));
        expectDone(other.server.startAsStandby(target, LIMIT, new Cancellation()));
        pg.sql(
                "CREATE TABLE public.rows (id int)",
                "SELECT pg_create_logical_replication_slot('feed', 'test_decoding')");
        TreeMap<String, PermanentSlot.Logical> wanted = new TreeMap<>();
        wanted.put("feed", new PermanentSlot.Logical("postgres", "test_decoding"));
        Upstream primary = pg.upstream(Optional.empty());
        expectDone(other.server.copySlots(primary, wanted, target, LIMIT, new Cancellation()));
        pg.sql("INSERT INTO public.rows VALUES (4711)");
        String end = pg.query("SELECT pg_current_wal_flush_lsn()");
        await().untilAsserted(() ->
                assertThat(other.query("SELECT pg_last_wal_replay_lsn() >= '" + end + "'"))
                        .isEqualTo("t"));
        assertThat(await(other.server.assess(primary))).isInstanceOf(Divergence.None.class);

        expectDone(pg.server.stop(StopMode.IMMEDIATE, Optional.of(LIMIT), ShutdownListener.NONE));
        expectDone(other.server.promote(LIMIT, new Cancellation()));
        other.observeUntil(LocalServer::primary);
        assertThat(
                        other.query(
                                "SELECT string_agg(data, ' ') FROM pg_logical_slot_get_changes('feed', NULL, NULL)"))
                .contains("4711");
    }

    private static Optional<Path> programs(int major) {
        String fetched = System.getenv("KUMKI_POSTGRES_MAJORS");
        Path directory =
                Path.of(
                        fetched == null || fetched.isEmpty()
                                ? "/var/tmp/kumki-postgres-majors"
                                : fetched);
        return Stream.of(Path.of("/usr/lib/postgresql"), directory)
                .map(parent -> parent.resolve(Integer.toString(major)).resolve("bin"))
                .filter(bin -> Files.isExecutable(bin.resolve("postgres")))
                .findFirst();
    }
}
