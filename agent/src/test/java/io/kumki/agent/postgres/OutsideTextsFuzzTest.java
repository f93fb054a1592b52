package io.kumki.agent.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.argumentSet;

import io.kumki.dcs.fuzz.Mutations;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Whatever PostgreSQL, its programs and its files say: it is read, left out or refused by an {@link
 * IllegalArgumentException}, in a short time.
 */
class OutsideTextsFuzzTest {

    private static final int RUNS = 5_000;

    @TempDir static Path directory;

    static Stream<Arguments> texts() {
        return Stream.of(
                argumentSet(
                        "pg_controldata",
                        """
                        Database system identifier:           7564523310192731234
                        Database cluster state:               in archive recovery
                        Latest checkpoint location:           0/3000060
                        Latest checkpoint's TimeLineID:       4
                        Minimum recovery ending location:     0/30001A8
                        Min recovery ending loc's timeline:   5
                        Current wal_log_hints setting:        on
                        """,
                        consumer(
                                text -> ControlFile.parse(text).toControlData(true, false, false))),
                argumentSet(
                        "postmaster.pid",
                        "4711\n/data\n1763740800\n5432\n/run/postgresql\nlocalhost\n 5432001 3\nready   \n",
                        consumer(text ->
                                assertThat(PostmasterPid.parse(text).map(PostmasterPid::ready))
                                        .isNotNull())),
                argumentSet(
                        "the server's log",
                        """
                        2026-11-21 10:00:00.000 UTC [1] LOG:  database system is ready to accept connections
                        2026-11-21 10:00:01.000 UTC [2] PANIC:  could not write to file "pg_wal/xlogtemp.2": No space left on device
                        2026-11-21 10:00:01.000 UTC [1] FATAL:  data directory "/data" has wrong ownership
                        """,
                        consumer(text ->
                                LastWords.in(text)
                                        .ifPresent(cause ->
                                                assertThat(cause.text()).hasSizeLessThan(2_000)))),
                argumentSet(
                        "primary_conninfo",
                        "host=10.0.0.1,'10.0.0.2' port=5432 user=replicator password='a\\'b\\\\' application_name=n1",
                        consumer(text -> {
                            ConnInfo info = ConnInfo.parse(text);
                            assertThat(ConnInfo.parse(info.text())).isEqualTo(info);
                        })),
                argumentSet(
                        "postgresql.auto.conf",
                        "# comment\nprimary_conninfo = 'host=''a'' port=1' # why\nwork_mem 4MB\nx = 'it''s \\'\n",
                        consumer(text -> GeneratedConf.read(file(text)))),
                argumentSet(
                        "pg_hba.conf",
                        "host all,\"a b\" all 10.0.0.0/8 md5\nlocal replication \\\nall peer # x\nhost all all ::/0 reject\n",
                        consumer(text ->
                                assertThat(
                                                HeldOffAccess.of(
                                                        text.lines().toList(),
                                                        new TreeSet<>(List.of("postgres"))))
                                        .isNotNull())),
                argumentSet(
                        "a setting of memory",
                        "128MB",
                        consumer(text -> compared(text, "integer", "8kB"))),
                argumentSet(
                        "a setting of time",
                        "1.5min",
                        consumer(text -> compared(text, "real", "ms"))));
    }

    private static Consumer<String> consumer(Consumer<String> reader) {
        return reader;
    }

    private static void compared(String text, String type, String unit) {
        SettingValue.same(text, "16384", type, unit);
        assertThat(SettingValue.shown(text, unit).length()).isLessThan(text.length() + 40);
    }

    private static Path file(String text) {
        try {
            return Files.write(
                    directory.resolve("auto.conf"), text.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @ParameterizedTest
    @MethodSource("texts")
    @Timeout(60)
    void isReadOrRefused(String text, Consumer<String> reader) {
        reader.accept(text);
        for (int seed = 0; seed < RUNS; seed++) {
            String damaged = Mutations.of(text, new Random(seed));
            try {
                reader.accept(damaged);
            } catch (IllegalArgumentException refused) {
                assertThat(refused.getMessage()).as("seed %d", seed).isNotBlank();
                assertThat(refused).isNotInstanceOf(NumberFormatException.class);
            } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
    }
}
