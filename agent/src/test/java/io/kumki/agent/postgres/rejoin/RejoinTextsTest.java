package io.kumki.agent.postgres.rejoin;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Options, commands and messages of the programs that a rejoin calls. */
class RejoinTextsTest {

    private static List<String> words(String line) {
        return List.of(line.split(" ", -1));
    }

    @Test
    void takesBasebackupOptionsAsListOrObject() {
        assertThat(ToolOptions.basebackup(List.of("verbose", Map.of("max-rate", "'100M'")), 15))
                .isEqualTo(new ToolOptions(List.of("--verbose", "--max-rate=100M"), List.of()));
        assertThat(
                        ToolOptions.basebackup(
                                        new TreeMap<>(Map.of("checkpoint", "fast", "label", "")),
                                        15)
                                .arguments())
                .containsExactly("--checkpoint=fast");
    }

    @Test
    void leavesOutWhatWouldMakeTheCopyUnusable() {
        ToolOptions options =
                ToolOptions.basebackup(
                        List.of("gzip", Map.of("pgdata", "/x"), Map.of("compress", "gzip"), 7), 15);

        assertThat(options.arguments()).isEmpty();
        assertThat(options.problems()).hasSize(4);
        assertThat(
                        ToolOptions.basebackup(List.of(Map.of("compress", "server-lz4")), 15)
                                .arguments())
                .containsExactly("--compress=server-lz4");
        assertThat(ToolOptions.basebackup(List.of(Map.of("compress", "server-lz4")), 14).problems())
                .hasSize(1);
    }

    @Test
    void replicaMethodsGetOptionsAndOurArguments() {
        ReplicaMethod method =
                ReplicaMethod.of(
                        "backrest",
                        new TreeMap<>(
                                Map.of("command", "/bin/restore -v", "keep_data", true, "x", 1)),
                        RejoinTextsTest::words);

        assertThat(method.keepData()).isTrue();
        assertThat(method.commandLine("demo", "/data", "host=a"))
                .containsExactly(
                        "/bin/restore",
                        "-v",
                        "--keep_data=true",
                        "--x=1",
                        "--scope=demo",
                        "--role=replica",
                        "--datadir=/data",
                        "--connstring=host=a");
    }

    @Test
    void aMethodWithoutParamsGetsOnlyItsOwnOptions() {
        ReplicaMethod method =
                ReplicaMethod.of(
                        "restore",
                        new TreeMap<>(Map.of("no_params", true, "no_leader", "true", "x", 1)),
                        RejoinTextsTest::words);

        assertThat(method.noLeader()).isTrue();
        assertThat(method.commandLine("demo", "/data", "")).containsExactly("restore", "--x=1");
    }

    @Test
    void fillsPlaceholdersOfWalCommands() {
        assertThat(WalCommand.fill("cp /a/%f \"%p\" %r %%f %x %", "S", "pg_wal/S"))
                .isEqualTo("cp /a/S \"pg_wal/S\" 000000010000000000000001 %f %x %");
    }

    @Test
    void findsTheSegmentThatPgRewindMisses() {
        assertThat(
                        MissingWal.missing(
                                "pg_rewind: error: could not open file"
                                        + " \"/data/pg_wal/000000010000000000000004\": No such file"
                                        + " or directory"))
                .contains("000000010000000000000004");
        assertThat(MissingWal.missing("could not open file \"/data/pg_wal/00000002.history\""))
                .isEmpty();
    }

    @Test
    void readsTheOptionsOfTheLastServer() {
        assertThat(
                        SingleUserRecovery.options(
                                "/usr/bin/postgres \"-D\" \"/data\" \"--config-file=/etc/p.conf\""
                                        + " \"--wal_level=replica\" \"-c\" \"max_wal_senders=5\" \"-p\""
                                        + " \"5432\"\n"))
                .containsExactly(
                        "config_file=/etc/p.conf", "wal_level=replica", "max_wal_senders=5");
    }
}
