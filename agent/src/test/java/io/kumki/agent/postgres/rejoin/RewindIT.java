package io.kumki.agent.postgres.rejoin;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.agent.ha.Divergence;
import io.kumki.agent.ha.LocalServer.ClusterState;
import io.kumki.agent.postgres.Cancellation;
import io.kumki.agent.postgres.OperationResult;
import io.kumki.agent.postgres.ProgramCall;
import io.kumki.agent.postgres.Programs;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A crashed former primary whose log since the fork lies in an archive only. */
@Timeout(180)
class RewindIT {

    private static final Cancellation NEVER = new Cancellation();

    /** What PostgreSQL's manual says that a role other than a superuser needs for pg_rewind. */
    private static final List<String> RIGHTS =
            List.of(
                    "pg_ls_dir(text, boolean, boolean)",
                    "pg_stat_file(text, boolean)",
                    "pg_read_binary_file(text)",
                    "pg_read_binary_file(text, bigint, bigint, boolean)");

    @TempDir Path base;

    @Test
    void aCrashedPrimaryIsRecoveredAndRewoundWithLogFromTheArchiveByARoleWithTheLeastRights()
            throws Exception {
        try (TestServer a = TestServer.at(base, "a").create();
                TestServer b = TestServer.at(base, "b")) {
            a.sql("CREATE ROLE rewinder LOGIN PASSWORD '" + TestServer.PASSWORD + "'");
            for (String function : RIGHTS) {
                a.sql("GRANT EXECUTE ON FUNCTION pg_catalog." + function + " TO rewinder");
            }
            a.sql("CREATE TABLE public.t (n int)");
            b.cloning().run(Optional.of(a.asUpstream()), false, NEVER);
            b.follow(a).start();
            a.sql("CREATE TABLE public.many AS SELECT generate_series(1, 40000) AS n");
            String at = a.ask("SELECT pg_current_wal_flush_lsn()");
            Await.until(
                    "b has everything",
                    () -> b.ask("SELECT coalesce(pg_last_wal_replay_lsn() >= '" + at + "', false)"),
                    "t"::equals);
            long checkpointer =
                    Long.parseLong(
                            b.ask(
                                    "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'"));
            signal("STOP", checkpointer);
            b.promote();
            b.sql("INSERT INTO public.t VALUES (2)");
            for (int i = 0; i < 3; i++) {
                a.sql("INSERT INTO public.t VALUES (1)");
                a.sql("SELECT pg_switch_wal()");
            }
            a.sql("CHECKPOINT");
            a.sql("INSERT INTO public.t VALUES (1)");
            crash(a);
            a.rewindAs("rewinder");

            // in the order of the ladder's rungs
            assertThat(a.check().assess(b.asUpstream())).isInstanceOf(Divergence.Unknown.class);
            SingleUserRecovery recovery = new SingleUserRecovery(a::config, a.programs());
            assertThat(recovery.run(NEVER)).isInstanceOf(OperationResult.Done.class);
            assertThat(a.control().state()).isEqualTo(ClusterState.SHUT_DOWN);
            assertThat(a.check().assess(b.asUpstream())).isInstanceOf(Divergence.Diverged.class);

            // control files are what pg_rewind compares: it would find nothing to do, and say
            // "done"
            assertThat(b.control().timeline()).isEqualTo(1);
            assertThat(a.rewind().run(b.asUpstream(), NEVER))
                    .isInstanceOfSatisfying(
                            OperationResult.Postponed.class,
                            wait ->
                                    assertThat(wait.reason())
                                            .contains("no checkpoint on timeline 2"));
            signal("CONT", checkpointer);
            Path archive = Files.createDirectory(base.resolve("archive"));
            archived(a, archive);
            onlyASuperuserHurriesTheCheckpoint(a, b);
            assertThat(a.rewind().run(b.asUpstream(), NEVER))
                    .isInstanceOfSatisfying(
                            OperationResult.Failed.class,
                            failed -> assertThat(failed.reason()).contains("nothing was changed"));
            String command = "cp " + archive + "/%f %p";
            ownFetchFindsAll(a, b, command);
            archived(a, archive);
            a.append("restore_command = '" + command + "'\n");

            assertThat(a.rewind().run(b.asUpstream(), NEVER))
                    .isInstanceOf(OperationResult.Done.class);
            a.append("restore_command = ''\n");
            a.follow(b).start();
            Await.until("rows", () -> a.ask("SELECT n FROM public.t"), "2"::equals);
            assertThat(a.check().assess(b.asUpstream()))
                    .as("asked with the least rights")
                    .isInstanceOf(Divergence.None.class);
        }
    }

    /** It was ahead of the one that was promoted; pg_rewind alone refuses what it left. */
    @Test
    void aCrashedStandbyIsRecoveredAloneAndRewound() throws Exception {
        try (TestServer a = TestServer.at(base, "a").create();
                TestServer b = TestServer.at(base, "b");
                TestServer c = TestServer.at(base, "c")) {
            a.sql("CREATE TABLE public.t (n int)");
            for (TestServer standby : List.of(b, c)) {
                standby.cloning().run(Optional.of(a.asUpstream()), false, NEVER);
                standby.follow(a).start();
            }
            a.sql("INSERT INTO public.t VALUES (1)");
            Await.until("b has it", () -> b.ask("SELECT count(*) FROM public.t"), "1"::equals);
            b.stop("fast");
            a.sql("INSERT INTO public.t VALUES (2)");
            Await.until("c has more", () -> c.ask("SELECT count(*) FROM public.t"), "2"::equals);
            a.sql("CHECKPOINT");
            String at = a.ask("SELECT pg_current_wal_flush_lsn()");
            Await.until(
                    "c could begin there",
                    () -> c.ask("SELECT pg_last_wal_replay_lsn() >= '" + at + "'"),
                    "t"::equals);
            c.sql("CHECKPOINT"); // its pages are on disk, and mustn't be without their log
            crash(c);
            a.stop("fast");
            b.start();
            b.promote();
            b.sql("CHECKPOINT");
            b.sql("INSERT INTO public.t VALUES (3)");
            assertThat(c.control().state()).isEqualTo(ClusterState.IN_ARCHIVE_RECOVERY);
            assertThat(c.check().assess(b.asUpstream())).isInstanceOf(Divergence.Diverged.class);
            assertThat(c.rewind().run(b.asUpstream(), NEVER))
                    .as("as it is")
                    .isInstanceOf(OperationResult.Failed.class);

            SingleUserRecovery recovery = new SingleUserRecovery(c::config, c.programs());
            assertThat(recovery.run(NEVER)).isInstanceOf(OperationResult.Done.class);
            assertThat(c.rewind().run(b.asUpstream(), NEVER))
                    .isInstanceOf(OperationResult.Done.class);
            c.follow(b).start();
            Await.until(
                    "rows",
                    () -> c.ask("SELECT string_agg(n::text, ' ' ORDER BY n) FROM public.t"),
                    "1 3"::equals);
        }
    }

    /** The promotion's own is spread over minutes. A role that may not hurry it waits for it. */
    private static void onlyASuperuserHurriesTheCheckpoint(TestServer a, TestServer b)
            throws Exception {
        assertThat(a.rewind().run(b.asUpstream(), NEVER))
                .as("rewinder")
                .isInstanceOf(OperationResult.Postponed.class);
        assertThat(b.control().timeline()).isEqualTo(1);
        a.rewindAs("postgres");
        assertThat(a.rewind().run(b.asUpstream(), NEVER))
                .as("superuser")
                .isInstanceOf(OperationResult.Failed.class);
        assertThat(b.control().timeline()).isEqualTo(2);
        a.rewindAs("rewinder");
    }

    /** How it is done for PostgreSQL 12, whose pg_rewind knows no restore_command. */
    private static void ownFetchFindsAll(TestServer a, TestServer b, String command) {
        ProgramCall dry =
                a.programs()
                        .call(
                                "pg_rewind",
                                "--dry-run",
                                "--target-pgdata=" + a.dataDir,
                                "--source-server=host=127.0.0.1 dbname=postgres user=rewinder port="
                                        + b.port)
                        .with("PGPASSWORD", TestServer.PASSWORD);
        assertThat(
                        new MissingWal(a.dataDir, Optional.empty(), NEVER)
                                .runWithFetching(dry)
                                .succeeded())
                .isFalse();
        var run = new MissingWal(a.dataDir, Optional.of(command), NEVER).runWithFetching(dry);
        assertThat(run.succeeded()).as(run.output()).isTrue();
    }

    /** Moves what comes before the last segment out of the way, as if archived and recycled. */
    private static void archived(TestServer server, Path archive) throws Exception {
        String last = LastSegment.name(1, server.control().checkpointLsn(), 16L << 20);
        try (Stream<Path> files = Files.list(server.dataDir.resolve("pg_wal"))) {
            for (Path file : files.toList()) {
                String name = file.getFileName().toString();
                if (name.matches("[0-9A-F]{24}") && name.compareTo(last) < 0) {
                    Files.move(file, archive.resolve(name), StandardCopyOption.REPLACE_EXISTING);
                }
            }
        }
    }

    private static void signal(String signal, long pid) {
        assertThat(
                        Programs.run(
                                        ProgramCall.of(
                                                List.of("kill", "-" + signal, Long.toString(pid))))
                                .succeeded())
                .isTrue();
    }

    private static void crash(TestServer server) throws Exception {
        ProcessHandle postmaster = server.process();
        List<ProcessHandle> children = postmaster.children().toList();
        postmaster.destroyForcibly();
        Await.until(
                "the crashed server's processes are gone",
                () -> !postmaster.isAlive() && children.stream().noneMatch(ProcessHandle::isAlive),
                Boolean::booleanValue);
        Files.delete(server.dataDir.resolve("postmaster.pid")); // by which a test server is known
    }
}
