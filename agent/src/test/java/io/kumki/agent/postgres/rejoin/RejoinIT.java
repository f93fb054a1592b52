package io.kumki.agent.postgres.rejoin;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.agent.ha.Divergence;
import io.kumki.agent.ha.LocalServer.ClusterState;
import io.kumki.agent.ha.LocalServer.UnfinishedWork;
import io.kumki.agent.ha.Upstream;
import io.kumki.agent.postgres.Cancellation;
import io.kumki.agent.postgres.DataDirectories;
import io.kumki.agent.postgres.OperationResult;
import io.kumki.dcs.cluster.MemberName;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class RejoinIT {

    @TempDir Path base;

    private static final Cancellation NEVER = new Cancellation();

    private static void cloned(TestServer to, TestServer from) {
        OperationResult result = to.cloning().run(Optional.of(from.asUpstream()), false, NEVER);
        assertThat(result).isInstanceOf(OperationResult.Done.class);
    }

    private static void awaitSame(TestServer primary, TestServer standby) throws Exception {
        String at = primary.ask("SELECT pg_current_wal_flush_lsn()");
        Await.until(
                "standby replayed up to " + at,
                () ->
                        standby.ask(
                                "SELECT coalesce(pg_last_wal_replay_lsn() >= '" + at + "', false)"),
                "t"::equals);
    }

    @Test
    void aCloneCanFollowAndADivergedPrimaryIsRewoundAndStreams() throws Exception {
        try (TestServer a = TestServer.at(base, "a").create();
                TestServer b = TestServer.at(base, "b")) {
            a.sql("CREATE TABLE public.t (n int)");
            cloned(b, a);
            assertThat(UnfinishedMarker.read(b.dataDir)).isEmpty();
            assertThat(b.dataDir.resolve(".kumki-clone")).doesNotExist();
            b.follow(a).start();
            awaitSame(a, b);
            assertThat(b.check().assess(a.asUpstream())).isInstanceOf(Divergence.None.class);

            b.promote();
            b.sql("CHECKPOINT");
            a.sql("INSERT INTO public.t VALUES (1)");
            b.sql("INSERT INTO public.t VALUES (2)");
            assertThat(a.check().assess(b.asUpstream())).isInstanceOf(Divergence.Diverged.class);
            a.stop("fast");
            assertThat(a.check().assess(b.asUpstream())).isInstanceOf(Divergence.Diverged.class);
            assertThat(a.rewind().possible()).isTrue();

            OperationResult rewound = a.rewind().run(b.asUpstream(), NEVER);
            assertThat(rewound).isInstanceOf(OperationResult.Done.class);
            assertThat(UnfinishedMarker.read(a.dataDir)).isEmpty();
            a.follow(b).start();
            assertThat(Await.until("rows", () -> a.ask("SELECT n FROM public.t"), "2"::equals))
                    .isEqualTo("2");
            Await.until(
                    "streaming",
                    () -> a.ask("SELECT status FROM pg_stat_wal_receiver"),
                    "streaming"::equals);
            assertThat(b.check().assess(a.asUpstream()))
                    .as("a standby is no leader to compare with")
                    .isInstanceOf(Divergence.Unknown.class);
        }
    }

    @Test
    void aCleanlyStoppedPrimaryThatTheStandbyReceivedWhollyNeedsNoRewind() throws Exception {
        try (TestServer a = TestServer.at(base, "a").create();
                TestServer b = TestServer.at(base, "b")) {
            cloned(b, a);
            b.follow(a).start();
            Await.until(
                    "streaming",
                    () -> b.ask("SELECT status FROM pg_stat_wal_receiver"),
                    "streaming"::equals);
            a.stop("fast");
            b.promote();
            b.sql("CREATE TABLE public.later (n int)");

            assertThat(a.check().assess(b.asUpstream())).isInstanceOf(Divergence.None.class);
            a.follow(b).start();
            Await.until(
                    "rows of the new timeline",
                    () -> a.ask("SELECT count(*) FROM pg_class WHERE relname = 'later'"),
                    "1"::equals);
            assertThat(HistoryFile.read(b.dataDir, 2, "pg-b", java.time.ZoneOffset.UTC).entries())
                    .singleElement()
                    .satisfies(entry -> {
                        assertThat(entry.timeline()).isEqualTo(1);
                        assertThat(entry.newLeader()).contains("pg-b");
                    });
            b.stop("fast");
            assertThat(a.rewind().run(b.asUpstream(), NEVER))
                    .as("no failure: it couldn't be tried")
                    .isInstanceOf(OperationResult.Postponed.class);
            a.start();
            assertThat(a.check().assess(b.asUpstream()))
                    .as("leader not reachable")
                    .isInstanceOf(Divergence.Unknown.class);
        }
    }

    /** Their timelines have one number and one history: only the logs tell them apart. */
    @Test
    void twoStandbysPromotedAtOnePositionAreToldApart() throws Exception {
        try (TestServer a = TestServer.at(base, "a").create();
                TestServer b = TestServer.at(base, "b");
                TestServer c = TestServer.at(base, "c")) {
            for (TestServer standby : java.util.List.of(b, c)) {
                cloned(standby, a);
                standby.follow(a).start();
                awaitSame(a, standby);
            }
            a.stop("fast");
            b.promote();
            c.promote();
            b.sql("CHECKPOINT");
            c.stop("fast");
            assertThat(HistoryFile.entries(c.dataDir, 2))
                    .isEqualTo(HistoryFile.entries(b.dataDir, 2));
            assertThat(c.check().assess(b.asUpstream())).isInstanceOf(Divergence.Diverged.class);
            assertThat(c.rewind().run(b.asUpstream(), NEVER))
                    .isInstanceOfSatisfying(
                            OperationResult.Failed.class,
                            failed -> assertThat(failed.reason()).contains("one timeline number"));

            c.rewindAs("nobody_that_is_let_in");
            assertThat(c.check().assess(member(b.asUpstream())))
                    .as("one number, and nobody is let look")
                    .isInstanceOfSatisfying(
                            Divergence.Unknown.class,
                            unknown -> assertThat(unknown.refused()).isTrue());

            a.follow(b).start();
            awaitSame(b, a);
            assertThat(a.check().assess(b.asUpstream())).isInstanceOf(Divergence.None.class);
        }
    }

    private static Upstream member(Upstream remote) {
        return new Upstream(
                Optional.of(new MemberName("leader")),
                remote.host(),
                remote.port(),
                remote.database(),
                remote.slot());
    }

    /** pg_hba.conf often lets the superuser in from its own host only. */
    @Test
    void aLeaderThatLetsNobodyLookIsComparedByNumbers() throws Exception {
        try (TestServer a = TestServer.at(base, "a").create();
                TestServer b = TestServer.at(base, "b")) {
            a.stop("fast");
            Files.createFile(a.dataDir.resolve("standby.signal"));
            a.start();
            a.promote();
            cloned(b, a);
            b.follow(a).start();
            awaitSame(a, b);
            Upstream remote = a.asUpstream();
            Upstream member = member(remote);
            b.rewindAs("nobody_that_is_let_in");

            assertThat(b.check().assess(member))
                    .isInstanceOfSatisfying(
                            Divergence.None.class,
                            fits ->
                                    assertThat(fits.reason())
                                            .contains("isn't known", "nobody_that"));
            assertThat(b.check().assess(remote))
                    .as("which of a remote's hosts is the primary must be asked")
                    .isInstanceOf(Divergence.Unknown.class);
            a.sql("ALTER SYSTEM SET default_transaction_read_only = on");
            a.sql("SELECT pg_reload_conf()");
            b.rewindAs("postgres");
            Await.until(
                    "read-only transactions",
                    () -> a.ask("SHOW default_transaction_read_only"),
                    "on"::equals);
            assertThat(b.check().assess(member)).isInstanceOf(Divergence.None.class);
        }
    }

    @Test
    void aRewindWithoutTheNeededLogFailsWithAReasonAndChangesNothing() throws Exception {
        try (TestServer a = TestServer.at(base, "a").create();
                TestServer b = TestServer.at(base, "b")) {
            cloned(b, a);
            b.follow(a).start();
            awaitSame(a, b);
            b.promote();
            b.sql("CHECKPOINT");
            for (int i = 0; i < 3; i++) {
                a.sql("CREATE TABLE public.lost" + i + " (n int)");
                a.sql("SELECT pg_switch_wal()");
            }
            a.sql("CHECKPOINT");
            a.stop("fast");
            // all but the last: as if recycled
            try (var files = Files.list(a.dataDir.resolve("pg_wal"))) {
                var segments =
                        files.filter(file -> file.getFileName().toString().matches("[0-9A-F]{24}"))
                                .sorted()
                                .toList();
                String last = "00000001" + walFile(a.control().checkpointLsn().bytes());
                for (Path segment : segments) {
                    if (segment.getFileName().toString().compareTo(last) < 0) {
                        Files.delete(segment);
                    }
                }
            }

            OperationResult result = a.rewind().run(b.asUpstream(), NEVER);

            assertThat(result)
                    .isInstanceOfSatisfying(
                            OperationResult.Failed.class,
                            failed ->
                                    assertThat(failed.reason())
                                            .contains("could not", "nothing was changed"));
            assertThat(UnfinishedMarker.read(a.dataDir)).isEmpty();
            assertThat(a.control().state()).isEqualTo(ClusterState.SHUT_DOWN);
        }
    }

    @Test
    void aRewindThatBreaksOffIsMarkedAndOnlyACloneHelps() throws Exception {
        try (TestServer a = TestServer.at(base, "a").create();
                TestServer b = TestServer.at(base, "b")) {
            cloned(b, a);
            b.follow(a).start();
            awaitSame(a, b);
            b.promote();
            b.sql("CHECKPOINT");
            a.sql("CREATE TABLE public.lost (n int)");
            // pg_rewind deletes what the source hasn't, so all of it must have run
            String real = a.programs().path("pg_rewind");
            Path program = base.resolve("rewind");
            Files.writeString(program, FAILS_AT_THE_END.replace("REAL", real));
            Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
            a.replaceProgram("pg_rewind", program);

            assertThat(a.rewind().run(b.asUpstream(), NEVER))
                    .isInstanceOfSatisfying(
                            OperationResult.Failed.class,
                            failed -> assertThat(failed.reason()).contains("unusable"));
            assertThat(UnfinishedMarker.read(a.dataDir)).contains(UnfinishedWork.REWIND);
            assertThat(a.rewind().run(b.asUpstream(), NEVER))
                    .isInstanceOf(OperationResult.Failed.class);

            cloned(a, b);
            assertThat(UnfinishedMarker.read(a.dataDir)).isEmpty();
            a.follow(b).start();
            awaitSame(b, a);
        }
    }

    private static final String FAILS_AT_THE_END =
            """
            #!/bin/sh
            REAL "$@" || exit $?
            case " $* " in *" --dry-run "*) exit 0;; esac
            exit 1
            """;

    private static String walFile(long lsn) {
        long segment = lsn / (16 << 20);
        return String.format("%08X%08X", segment / 256, segment % 256);
    }

    @Test
    void aCloneThatBrokeOffIsMarkedAndACancelledOneLeavesNothing() throws Exception {
        try (TestServer a = TestServer.at(base, "a").create();
                TestServer b = TestServer.at(base, "b").basebackupOption("max-rate", "512k")) {
            Path there = Files.createDirectory(base.resolve("ts-a"));
            Path here = base.resolve("ts-b");
            a.sql("CREATE TABLESPACE ts LOCATION '" + there + "'");
            a.sql("CREATE TABLE public.t TABLESPACE ts AS SELECT 1 AS n");
            b.basebackupOption("tablespace-mapping", there + "=" + here);
            Cancellation cancellation = new Cancellation();
            CompletableFuture<OperationResult> clone = new CompletableFuture<>();
            Thread.ofVirtual()
                    .start(() ->
                            clone.complete(
                                    b.cloning()
                                            .run(Optional.of(a.asUpstream()), true, cancellation)));
            Await.until(
                    "the copy has begun",
                    () ->
                            Files.exists(b.dataDir.resolve(".kumki-clone/PG_VERSION"))
                                    || Files.exists(b.dataDir.resolve(".kumki-clone/base")),
                    Boolean::booleanValue);
            // what a power failure would leave
            assertThat(UnfinishedMarker.read(b.dataDir)).contains(UnfinishedWork.CLONE);
            assertThat(DataDirectories.isEmpty(b.dataDir)).isFalse();
            assertThat(b.dataDir.resolve("global/pg_control")).doesNotExist();

            cancellation.cancel();
            assertThat(clone.get()).isInstanceOf(OperationResult.Cancelled.class);
            assertThat(DataDirectories.isEmpty(b.dataDir)).isTrue();
            assertThat(here).as("tablespace").isEmptyDirectory();

            b.basebackupOption("max-rate", "");
            cloned(b, a);
            b.follow(a).start();
            assertThat(b.ask("SELECT n FROM public.t")).isEqualTo("1");
        }
    }

    @Test
    void singleUserRecoveryShutsACrashedPrimaryDownCleanly() throws Exception {
        try (TestServer a = TestServer.at(base, "a").create()) {
            a.sql("CREATE TABLE public.t AS SELECT 1 AS n");
            ProcessHandle postmaster = a.process();
            var children = postmaster.children().toList();
            postmaster.destroyForcibly();
            Await.until(
                    "the crashed server's processes are gone",
                    () ->
                            children.stream().noneMatch(ProcessHandle::isAlive)
                                    && !postmaster.isAlive(),
                    Boolean::booleanValue);
            assertThat(a.control().state()).isEqualTo(ClusterState.IN_PRODUCTION);
            SingleUserRecovery recovery = new SingleUserRecovery(a::config, a.programs());

            Path label = Files.createFile(a.dataDir.resolve("backup_label"));
            assertThat(recovery.run(NEVER))
                    .isInstanceOfSatisfying(
                            OperationResult.Failed.class,
                            failed -> assertThat(failed.reason()).contains("backup_label"));
            Files.delete(label);

            assertThat(recovery.run(NEVER)).isInstanceOf(OperationResult.Done.class);
            assertThat(a.control().state()).isEqualTo(ClusterState.SHUT_DOWN);
            a.start();
            assertThat(a.ask("SELECT n FROM public.t")).isEqualTo("1");
        }
    }
}
