package io.kumki.agent.postgres.rejoin;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.agent.ha.Upstream;
import io.kumki.agent.postgres.Cancellation;
import io.kumki.agent.postgres.OperationResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Replica methods that fail, hang, flood or are missing, and what takes over. */
@Timeout(120)
class ReplicaMethodsIT {

    @TempDir Path base;

    private String script(String name, String body) throws IOException {
        Path file = Files.writeString(base.resolve(name), "#!/bin/sh\n" + body + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
        return file.toString();
    }

    @Test
    void brokenMethodsFallToTheNextInOrder() throws Exception {
        String args = base.resolve("args").toString();
        String flooding =
                script(
                        "flooding",
                        "echo \"$@\" >> "
                                + args
                                + "; mkdir -p "
                                + base.resolve("b")
                                + "; echo half > "
                                + base.resolve("b").resolve("half")
                                + "; head -c 3000000 /dev/zero | tr '\\0' x;"
                                + " echo the repository is empty >&2; exit 7");
        try (TestServer a = TestServer.at(base, "a").create();
                TestServer b = TestServer.at(base, "b")) {
            b.replicaMethod("missing", new TreeMap<>(Map.of("command", "/no/such/program -x")));
            b.replicaMethod("flooding", new TreeMap<>(Map.of("command", flooding, "stanza", "s")));
            b.replicaMethods(List.of("missing", "flooding", "basebackup"));

            OperationResult result =
                    b.cloning().run(Optional.of(a.asUpstream()), false, new Cancellation());

            assertThat(result).isInstanceOf(OperationResult.Done.class);
            assertThat(result.toString()).contains("cloned by basebackup");
            assertThat(Path.of(args))
                    .content()
                    .startsWith("--stanza=s --scope=demo --role=replica --datadir=" + b.dataDir)
                    .contains("--connstring=host=127.0.0.1")
                    .doesNotContain(TestServer.PASSWORD);
            assertThat(b.dataDir.resolve("half")).doesNotExist();
            assertThat(b.dataDir.resolve("standby.signal")).exists();
            b.follow(a).start();
            assertThat(b.ask("SELECT pg_is_in_recovery()")).isEqualTo("t");
        }
    }

    @Test
    void aSourceThatShutsOutLeavesTheOldDirectory() throws Exception {
        try (TestServer a = TestServer.at(base, "a").create();
                TestServer b = TestServer.at(base, "b")) {
            Optional<Upstream> source = Optional.of(a.asUpstream());
            assertThat(b.cloning().run(source, false, new Cancellation()).done()).isTrue();
            a.sql(
                    "ALTER ROLE "
                            + b.config().replication().username().orElseThrow()
                            + " PASSWORD 'another'");

            OperationResult result = b.cloning().prepare(source, source);

            assertThat(result.toString())
                    .contains("over the replication protocol, so the data directory stays")
                    .contains("password authentication failed");
            assertThat(b.dataDir.resolve("PG_VERSION")).exists();
        }
    }

    @Test
    void whenAllFailEachReasonIsTold() throws Exception {
        try (TestServer a = TestServer.at(base, "a").create();
                TestServer b = TestServer.at(base, "b")) {
            b.replicaMethod(
                    "one",
                    new TreeMap<>(Map.of("command", script("one", "echo no backup >&2; exit 1"))));
            b.replicaMethod("two", new TreeMap<>(Map.of("command", "/no/such/program")));
            b.replicaMethods(List.of("one", "two"));

            OperationResult result =
                    b.cloning().run(Optional.of(a.asUpstream()), false, new Cancellation());

            assertThat(result).isInstanceOf(OperationResult.Failed.class);
            assertThat(result.toString())
                    .contains("one exit code 1: no backup")
                    .contains("two could not be started")
                    .contains("/no/such/program");
            assertThat(UnfinishedMarker.read(b.dataDir)).isEmpty();
        }
    }

    @Test
    void keepDataLeavesTheDirectoryToTheMethod() throws Exception {
        try (TestServer a = TestServer.at(base, "a").create();
                TestServer b = TestServer.at(base, "b")) {
            Files.createDirectories(b.dataDir);
            Files.writeString(b.dataDir.resolve("kept"), "");
            b.replicaMethod(
                    "delta",
                    new TreeMap<>(Map.of("command", script("delta", "exit 1"), "keep_data", true)));
            b.replicaMethods(List.of("delta"));

            OperationResult result =
                    b.cloning().run(Optional.of(a.asUpstream()), false, new Cancellation());

            assertThat(result).isInstanceOf(OperationResult.Failed.class);
            assertThat(b.dataDir.resolve("kept")).exists();
            // half a delta restore may lie there: never to be started
            assertThat(UnfinishedMarker.read(b.dataDir)).isPresent();
        }
    }

    @Test
    void aHangingMethodEndsWithItsChildrenWhenCancelled() throws Exception {
        Path alive = base.resolve("alive");
        try (TestServer a = TestServer.at(base, "a").create();
                TestServer b = TestServer.at(base, "b")) {
            b.replicaMethod(
                    "hang",
                    new TreeMap<>(
                            Map.of(
                                    "command",
                                    script(
                                            "hang",
                                            "setsid sh -c 'echo $$ > "
                                                    + alive
                                                    + ".tmp; mv "
                                                    + alive
                                                    + ".tmp "
                                                    + alive
                                                    + "; exec sleep 600' & wait"))));
            b.replicaMethods(List.of("hang", "basebackup"));
            Cancellation cancellation = new Cancellation();
            Thread canceller =
                    Thread.ofVirtual()
                            .start(() -> {
                                while (!Files.exists(alive)) {
                                    Thread.onSpinWait();
                                }
                                cancellation.cancel();
                            });

            OperationResult result =
                    b.cloning().run(Optional.of(a.asUpstream()), false, cancellation);
            canceller.join();

            assertThat(result).isInstanceOf(OperationResult.Cancelled.class);
            long child = Long.parseLong(Files.readString(alive).strip());
            assertThat(ProcessHandle.of(child).filter(ProcessHandle::isAlive)).isEmpty();
        }
    }

    @Test
    void withoutASourceOnlyMethodsThatNeedNoneAreTried() throws Exception {
        Path args = base.resolve("args");
        try (TestServer a = TestServer.at(base, "a").create();
                TestServer b = TestServer.at(base, "b")) {
            b.replicaMethod("needy", new TreeMap<>(Map.of("command", "/no/such/program")));
            b.replicaMethod(
                    "restore",
                    new TreeMap<>(
                            Map.of(
                                    "command",
                                    script(
                                            "restore",
                                            "echo \"$@\" > "
                                                    + args
                                                    + "; cp -a "
                                                    + a.dataDir
                                                    + " "
                                                    + b.dataDir),
                                    "no_leader",
                                    true)));
            b.replicaMethods(List.of("needy", "basebackup", "restore"));
            a.stop("fast");

            OperationResult result = b.cloning().run(Optional.empty(), false, new Cancellation());

            assertThat(result).hasToString("Done[detail=cloned by restore]");
            assertThat(args).content().endsWith("--connstring=\n");
            assertThat(b.dataDir.resolve("standby.signal")).exists();
        }
    }

    @Test
    void programsOfACopyWhoseAgentWasKilledAreEndedFirst() throws Exception {
        try (TestServer a = TestServer.at(base, "a").create();
                TestServer b = TestServer.at(base, "b")) {
            ProcessBuilder builder = new ProcessBuilder("sleep", "597");
            builder.environment().put(StrayCopies.VARIABLE, b.dataDir.toAbsolutePath().toString());
            Process stray = builder.start();
            Process other = new ProcessBuilder("sleep", "596").start();
            try {
                OperationResult result =
                        b.cloning().run(Optional.of(a.asUpstream()), false, new Cancellation());

                assertThat(result).isInstanceOf(OperationResult.Done.class);
                assertThat(stray.isAlive()).isFalse();
                assertThat(other.isAlive()).isTrue();
            } finally {
                stray.destroyForcibly();
                other.destroyForcibly();
            }
        }
    }

    @Test
    void theSlotIsReservedBeforeTheCopyAndRoomIsLookedFor() throws Exception {
        try (TestServer a = TestServer.at(base, "a").create();
                TestServer b = TestServer.at(base, "b")) {
            Upstream source = a.asUpstream();
            Upstream follows =
                    new Upstream(
                            source.member(),
                            source.host(),
                            source.port(),
                            source.database(),
                            Optional.of("pg_b"));
            Clone clone = b.cloning();

            assertThat(clone.prepare(Optional.of(source), Optional.of(follows)))
                    .isInstanceOf(OperationResult.Done.class);
            assertThat(clone.prepare(Optional.of(source), Optional.of(follows)))
                    .isInstanceOf(OperationResult.Done.class);

            assertThat(
                            a.ask(
                                    "SELECT restart_lsn IS NOT NULL FROM pg_replication_slots WHERE"
                                            + " slot_name = 'pg_b'"))
                    .isEqualTo("t");
        }
    }
}
