package io.kumki.agent.postgres.rejoin;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.agent.ha.Divergence;
import io.kumki.agent.postgres.Cancellation;
import io.kumki.dcs.cluster.Lsn;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What proves that a standby can't go on, and what doesn't. */
@Timeout(120)
class NextLogIT {

    @TempDir Path base;

    private static List<Path> segments(TestServer server) throws Exception {
        try (Stream<Path> files = Files.list(server.dataDir.resolve("pg_wal"))) {
            return files.filter(file -> file.getFileName().toString().matches("[0-9A-F]{24}"))
                    .sorted()
                    .toList();
        }
    }

    /** As the server's archive_command would: all before the one of that name. */
    private static void moveOlder(List<Path> segments, String than, Path archive)
            throws IOException {
        for (Path segment : segments) {
            if (segment.getFileName().toString().compareTo(than) < 0) {
                Files.move(
                        segment,
                        archive.resolve(segment.getFileName()),
                        StandardCopyOption.ATOMIC_MOVE);
            }
        }
    }

    private static void fillSegments(TestServer primary, int count) throws Exception {
        for (int i = 0; i < count; i++) {
            primary.sql("CREATE TABLE public.t" + System.nanoTime() + " (n int)");
            primary.sql("SELECT pg_switch_wal()");
        }
    }

    private static void restoreBy(TestServer standby, String command) throws Exception {
        standby.sql("ALTER SYSTEM SET restore_command = '" + command.replace("'", "''") + "'");
        standby.sql("SELECT pg_reload_conf()");
        Await.until(
                "the new restore_command",
                () -> standby.ask("SELECT current_setting('restore_command')"),
                command::equals);
    }

    private static void reads(Divergence answer, Class<?> kind, String... words) {
        assertThat(answer).isInstanceOf(kind);
        assertThat(answer.toString()).contains(words);
    }

    @Test
    void onlyLogThatIsGoneAtTheLeaderAndFromTheArchiveStrandsAStandby() throws Exception {
        try (TestServer a = TestServer.at(base, "a").create();
                TestServer b = TestServer.at(base, "b")) {
            b.cloning().run(Optional.of(a.asUpstream()), false, new Cancellation());
            b.follow(a).start();
            Await.until(
                    "streaming",
                    () -> b.ask("SELECT status FROM pg_stat_wal_receiver"),
                    "streaming"::equals);
            b.append("recovery_min_apply_delay = '1h'\n");
            b.sql("SELECT pg_reload_conf()");
            Await.until(
                    "the delay",
                    () -> b.ask("SELECT current_setting('recovery_min_apply_delay')"),
                    "1h"::equals);
            fillSegments(a, 4);
            String at = a.ask("SELECT pg_current_wal_flush_lsn()");
            Await.until(
                    "all is received",
                    () -> b.ask("SELECT pg_last_wal_receive_lsn() >= '" + at + "'"),
                    "t"::equals);
            // from now on nothing comes; as a firewall does it that lets our questions through
            b.stop("fast");
            b.append("primary_conninfo = 'host=127.0.0.1 port=1'\n");
            b.start();
            fillSegments(a, 4);
            reads(
                    b.check().assess(a.asUpstream()),
                    Divergence.None.class,
                    "the leader has the log");

            // what was received and isn't replayed yet isn't missed
            Path archive = Files.createDirectory(base.resolve("archive"));
            String needed = LastSegment.name(1, Lsn.parse(at), 16L << 20);
            moveOlder(segments(a), needed, archive);
            reads(
                    b.check().assess(a.asUpstream()),
                    Divergence.None.class,
                    "the leader has the log");

            b.append("recovery_min_apply_delay = 0\n");
            b.sql("SELECT pg_reload_conf()");
            Await.until(
                    "all is replayed",
                    () -> b.ask("SELECT pg_last_wal_replay_lsn() >= '" + at + "'"),
                    "t"::equals);
            List<Path> left = segments(a);
            String current = a.ask("SELECT pg_walfile_name(pg_current_wal_flush_lsn())");
            moveOlder(left, current, archive);
            reads(
                    b.check().assess(a.asUpstream()),
                    Divergence.Stranded.class,
                    "doesn't have the log from",
                    "no restore_command");

            restoreBy(b, "exit 1");
            reads(
                    b.check().assess(a.asUpstream()),
                    Divergence.Stranded.class,
                    "restore_command doesn't find it");
            // what a shell says of a missing program; PostgreSQL itself ends on it, so only we see
            // it
            restoreBy(b, "test %p != pg_wal/KUMKI_PROBE || exit 127; exit 1");
            reads(b.check().assess(a.asUpstream()), Divergence.None.class, "isn't known", "127");
            restoreBy(b, "test %p != pg_wal/KUMKI_PROBE || sleep 600; exit 1");
            reads(b.check().assess(a.asUpstream()), Divergence.None.class, "isn't known", "limit");
            restoreBy(b, "test %p != pg_wal/KUMKI_PROBE || cp " + archive + "/%f %p");
            reads(b.check().assess(a.asUpstream()), Divergence.None.class, "restore_command finds");
            assertThat(b.dataDir.resolve("pg_wal/KUMKI_PROBE")).doesNotExist();
        }
    }
}
