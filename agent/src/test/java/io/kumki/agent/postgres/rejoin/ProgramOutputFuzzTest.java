package io.kumki.agent.postgres.rejoin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.argumentSet;

import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.fuzz.Mutations;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Whatever the programs that compare and rewind logs print: it is understood, or refused by an
 * {@link IllegalArgumentException}.
 */
class ProgramOutputFuzzTest {

    private static final int RUNS = 5_000;

    static Stream<Arguments> texts() {
        return Stream.of(
                argumentSet(
                        "a history file",
                        "1\t0/3000158\tno recovery target specified\n\n2\t0/4000000\tbefore \"x\"\n# end\n",
                        consumer(HistoryFile::parse)),
                argumentSet(
                        "pg_waldump",
                        "rmgr: XLOG        len (rec/tot):    114/   114, tx:          0, lsn: 0/03000028, prev"
                                + " 0/02FFFF98, desc: CHECKPOINT_SHUTDOWN redo 0/3000028; tli 1;\n",
                        consumer(text ->
                                ShutdownRecord.interpret(
                                        text, Lsn.parse("0/3000028"), 16 << 20, "exit code 0"))),
                argumentSet(
                        "pg_rewind",
                        "pg_rewind: error: could not open file \"/data/pg_wal/000000010000000000000002\": No such file\n",
                        consumer(text ->
                                MissingWal.missing(text)
                                        .ifPresent(segment ->
                                                assertThat(segment).matches("[0-9A-F]{24}")))),
                argumentSet(
                        "postmaster.opts",
                        "/usr/lib/postgresql/15/bin/postgres \"-D\" \"/data\" \"--max-connections=100\" \"-c\" \"a=b\"\n",
                        consumer(SingleUserRecovery::options)));
    }

    private static Consumer<String> consumer(Consumer<String> reader) {
        return reader;
    }

    @ParameterizedTest
    @MethodSource("texts")
    @Timeout(60)
    void isUnderstoodOrRefused(String text, Consumer<String> reader) {
        reader.accept(text);
        for (int seed = 0; seed < RUNS; seed++) {
            try {
                reader.accept(Mutations.of(text, new Random(seed)));
            } catch (IllegalArgumentException refused) {
                assertThat(refused.getMessage()).as("seed %d", seed).isNotBlank();
                assertThat(refused).isNotInstanceOf(NumberFormatException.class);
            } catch (RuntimeException | StackOverflowError e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
    }
}
