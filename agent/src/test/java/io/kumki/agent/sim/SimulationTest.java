package io.kumki.agent.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.argumentSet;

import io.kumki.agent.ha.Decision;
import io.kumki.agent.ha.Situation;
import io.kumki.agent.sim.Simulation.Mode;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The simulation holds over many seeds, repeats itself, and can fail. */
class SimulationTest {

    private static final long SEEDS = 2_000;

    /** All modes together have less than two minutes. */
    @ParameterizedTest
    @CsvSource({
        "PLAIN, 2000",
        "REMOTE, 250",
        "FAILSAFE, 500",
        "SYNC, 300",
        "RESTORED, 100",
        "GONE, 250",
        "SILENT, 30"
    })
    @Timeout(value = 10, unit = TimeUnit.MINUTES)
    void invariantsHoldOverManySeeds(Mode mode, long seeds) throws Exception {
        List<Simulation.Result> failed = SimulationMain.runAll(1, seeds, mode);
        assertThat(failed)
                .as(() ->
                        failed.stream()
                                .map(result ->
                                        SimulationMain.replay(result, mode)
                                                + ": "
                                                + result.violation().orElseThrow())
                                .toList()
                                .toString())
                .isEmpty();
    }

    @Test
    @Timeout(60)
    void aSeedRunTwiceGivesTheSameTrace() {
        for (long seed : List.of(7L, 42L, 1_001L)) {
            Simulation.Result first = Simulation.run(seed, true);
            Simulation.Result second = Simulation.run(seed, true);
            assertThat(second.trace()).hasSizeGreaterThan(100).isEqualTo(first.trace());
            assertThat(Simulation.run(seed, false).events()).isEqualTo(first.events());
        }
    }

    static Stream<Arguments> brokenRules() {
        return Stream.of(
                argumentSet(
                        "promotion without the lease",
                        Mode.PLAIN,
                        (Function<Situation, Decision>) BrokenRules::promotesWithoutLease,
                        "one writer|one line"),
                argumentSet(
                        "no stop when the lease ends",
                        Mode.PLAIN,
                        (Function<Situation, Decision>) BrokenRules::neverStops,
                        "one writer|one line"),
                argumentSet(
                        "no comparison of logs",
                        Mode.PLAIN,
                        (Function<Situation, Decision>) BrokenRules::comparesNothing,
                        "the best wins"),
                argumentSet(
                        "no comparison of logs before following",
                        Mode.PLAIN,
                        (Function<Situation, Decision>) BrokenRules::followsUnseen,
                        "nobody is sent to another's log"),
                argumentSet(
                        "hand-over without the last record",
                        Mode.PLAIN,
                        (Function<Situation, Decision>) BrokenRules::handsOverBlindly,
                        "a switchover loses nothing"),
                argumentSet(
                        "a restarted primary lets clients in at once",
                        Mode.SYNC,
                        (Function<Situation, Decision>) BrokenRules::letsClientsIn,
                        "what a client sees is never lost"),
                argumentSet(
                        "nobody notices that etcd was restored",
                        Mode.RESTORED,
                        (Function<Situation, Decision>) BrokenRules::believesEveryBackup,
                        "no acknowledged commit is lost"));
    }

    @ParameterizedTest
    @MethodSource("brokenRules")
    @Timeout(value = 3, unit = TimeUnit.MINUTES)
    void aBrokenRuleIsFound(Mode mode, Function<Situation, Decision> rules, String expected) {
        assertThat(
                        LongStream.rangeClosed(1, SEEDS)
                                .mapToObj(seed -> Simulation.run(seed, false, mode, rules))
                                .flatMap(result -> result.violation().stream())
                                .anyMatch(violation ->
                                        violation.matches("(?s).*(" + expected + ").*")))
                .isTrue();
    }

    @Test
    @Timeout(value = 3, unit = TimeUnit.MINUTES)
    void aStandbyWhoseLogIsGoneAndThatIsNeverCopiedIsFound() {
        assertThat(
                        LongStream.rangeClosed(1, SEEDS)
                                .mapToObj(seed ->
                                        Simulation.run(
                                                seed,
                                                false,
                                                Mode.GONE,
                                                BrokenRules::neverCopiesAnew))
                                .flatMap(result -> result.violation().stream())
                                .anyMatch(violation -> violation.contains("broken.waits")))
                .isTrue();
    }

    static Stream<Arguments> foundDefectsOfModes() {
        return Stream.of(
                argumentSet("a voter voted before it had replayed its log", Mode.SYNC, 715L),
                argumentSet("an outsider won by such a vote", Mode.SYNC, 1063L),
                argumentSet("a request promoted whom no leader asks", Mode.FAILSAFE, 387L),
                argumentSet("the named one lagged, the best wasn't named", Mode.FAILSAFE, 947L),
                argumentSet("a view from before a freeze took the key", Mode.FAILSAFE, 2038L),
                argumentSet("no alarm rang in the last turn of a lease", Mode.FAILSAFE, 5547L));
    }

    @ParameterizedTest
    @MethodSource("foundDefectsOfModes")
    @Timeout(60)
    void aFoundDefectOfAModeStaysFixed(Mode mode, long seed) {
        assertThat(Simulation.run(seed, false, mode).violation()).isEmpty();
    }

    /** Defects that the simulation found, by what each seed showed when it did. */
    static Stream<Arguments> foundDefects() {
        return Stream.of(
                argumentSet("a machine was reset in place of a stop of its server", 96L),
                argumentSet("a longer log won over the timeline of a lost leader", 65_985L),
                argumentSet("an answer from before the promotion hid a primary", 212L),
                argumentSet("a longer log off the cluster's line blocked the election", 164L),
                argumentSet("a failed crash recovery was never tried again", 89L),
                argumentSet("a standby on another timeline of the same number stalled", 26L),
                argumentSet("two timelines of one number that left at one place", 59L),
                argumentSet("a promotion went on after it had counted as failed", 961L),
                argumentSet("a lost lease was replaced and the key taken in one turn", 1151L),
                argumentSet("a second request took the place of the one served", 1011L),
                argumentSet("an unhelpful rewind was repeated without end", 1394L),
                argumentSet("a late release took the key from a writing server", 3472L),
                argumentSet("the key went away while the server was starting", 4454L),
                argumentSet("a broken clone was to be started, seen as it was before", 42415L),
                argumentSet("a new agent gave the key of an unseen primary away", 52540L),
                argumentSet("a candidate didn't ask the old leader", 11464L),
                argumentSet("a lagging member won when the heir was lost", 18093L));
    }

    @ParameterizedTest
    @MethodSource("foundDefects")
    @Timeout(60)
    void aFoundDefectStaysFixed(long seed) {
        assertThat(Simulation.run(seed, false).violation()).isEmpty();
    }
}
