package io.kumki.agent.ha;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.argumentSet;

import io.kumki.agent.ha.LocalServer.Answer;
import io.kumki.agent.ha.LocalServer.Sender;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.Tags;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** For whom commits shall wait: n1 leads at 1000, n2 and n3 stream through their slots. */
@Timeout(10)
class SyncStandbysTest {

    private static final UnaryOperator<Situations> SAME = UnaryOperator.identity();

    static Stream<Arguments> eligible() {
        return Stream.of(
                row("one of two", SAME, "n2", n2(), n3()),
                row("who has more", SAME, "n3", n2().at(900), n3()),
                row("who is synchronous already", SAME, "n3", n2(), n3().at(900).state("sync")),
                row("two wanted", s -> s.set("synchronous_node_count", 2), "2 (n2,n3)", n2(), n3()),
                row(
                        "more wanted than there are",
                        s -> s.set("synchronous_node_count", 5),
                        "2 (n2,n3)",
                        n2(),
                        n3()),
                row("nobody streams", SAME, ""),
                row("nobody streams, strict", s -> s.set("synchronous_mode_strict", true), "*"),
                row("a quorum of all", quorum(1), "ANY 1 (n2,n3)", n2(), n3()),
                row("a quorum of more than there are", quorum(5), "ANY 2 (n2,n3)", n2(), n3()),
                row(
                        "a strict quorum of nobody",
                        quorum(1).andThen(s -> s.set("synchronous_mode_strict", true))::apply,
                        "ANY 1 (*)"),
                row("two connections of one name", SAME, "n3", n2(), n2().slot(""), n3()),
                row(
                        "a namesake in other letters",
                        SAME,
                        "n3",
                        n2(),
                        sender("N2").slot("other"),
                        n3()),
                row(
                        "two members whose names differ in case",
                        s -> s.member("N2", "replica", Tags.NONE),
                        "n3",
                        n2(),
                        n3()),
                row("somebody else by that name", SAME, "n3", n2().slot("backup"), n3()),
                row("a stranger without a slot", SAME, "n3", n2().slot(""), n3()),
                row("a stranger", SAME, "n3", sender("pg_receivewal"), n3()),
                row("by the leader's own name", SAME, "n3", sender("n1"), n3()),
                row("in other letters", SAME, "n3", sender("N1").slot("n1"), n3()),
                row("not streaming yet", SAME, "n3", n2().phase("catchup"), n3()),
                row("a base backup", SAME, "n3", n2().phase("backup"), n3()),
                row("nothing confirmed yet", SAME, "n3", n2().at(0), n3()),
                row("nosync", tagged("n2", Map.of("nosync", true)), "n3", n2(), n3()),
                row("nosync, alone", tagged("n2", Map.of("nosync", true)), "", n2()),
                row("priority zero", tagged("n2", Map.of("sync_priority", 0)), "n3", n2(), n3()),
                row("priority below", tagged("n2", Map.of("sync_priority", -1)), "n3", n2(), n3()),
                row(
                        "nosync outweighs priority",
                        tagged("n2", Map.of("nosync", true, "sync_priority", 9)),
                        "n3",
                        n2(),
                        n3()),
                row(
                        "a higher priority outweighs who is synchronous",
                        tagged("n3", Map.of("sync_priority", 2)),
                        "n3",
                        n2().state("sync"),
                        n3().at(900)),
                row(
                        "a higher priority among more than are wanted",
                        tagged("n4", Map.of("sync_priority", 2))
                                        .andThen(s -> s.set("synchronous_node_count", 2))
                                ::apply,
                        "2 (n2,n4)",
                        n2().state("sync"),
                        n3().state("sync").at(900),
                        sender("n4").at(900)),
                row("nostream", tagged("n2", Map.of("nostream", true)), "n3", n2(), n3()),
                row(
                        "who may not lead comes last",
                        tagged("n2", Map.of("nofailover", true)),
                        "n3",
                        n2().state("sync"),
                        n3().at(900)),
                row("but before nobody", tagged("n2", Map.of("nofailover", true)), "n2", n2()),
                row(
                        "it isn't in a quorum that is there without",
                        quorum(1).andThen(tagged("n2", Map.of("nofailover", true)))::apply,
                        "ANY 1 (n3)",
                        n2(),
                        n3()),
                row(
                        "it fills a quorum up",
                        quorum(2).andThen(tagged("n2", Map.of("nofailover", true)))::apply,
                        "ANY 2 (n2,n3)",
                        n2(),
                        n3()),
                row("too far behind the best", lag(100), "n3", n2().state("sync").at(899), n3()),
                row("just near enough", lag(100), "n2", n2().state("sync").at(900), n3()),
                row("alone, too far behind the primary", lag(100), "", n2().at(899)),
                row("alone, near enough", lag(100), "n2", n2().at(900)),
                row("no limit", lag(-1), "n2", n2().state("sync").at(1), n3()),
                row("zero is no limit", lag(0), "n2", n2().state("sync").at(1), n3()),
                row(
                        "a quorum without who lags",
                        quorum(2).andThen(lag(100))::apply,
                        "ANY 1 (n3)",
                        n2().at(899),
                        n3()),
                row("behind and silent, another isn't", silent("n2", 5), "n3", held(), n3()),
                row("silent for a moment", silent("n2", 4), "n2", held(), n3()),
                row(
                        "silent, and two are wanted",
                        silent("n2", 5).andThen(s -> s.set("synchronous_node_count", 2))::apply,
                        "2 (n2,n3)",
                        held(),
                        n3()),
                row(
                        "silent outweighs a higher priority",
                        silent("n2", 5).andThen(tagged("n2", Map.of("sync_priority", 9)))::apply,
                        "n3",
                        held(),
                        n3()),
                row("silent, another has less", silent("n2", 5), "n2", held(), n3().at(899)),
                row("silent, another has as much", silent("n2", 5), "n3", held(), n3().at(900)),
                row("silent, nobody else", silent("n2", 5), "n2", held()),
                row(
                        "both are silent",
                        silent("n2", 5).andThen(silent("n3", 5))::apply,
                        "n2",
                        held(),
                        n3()),
                row(
                        "one of a quorum is silent",
                        silent("n2", 5).andThen(quorum(1))::apply,
                        "ANY 1 (n2,n3)",
                        held(),
                        n3()),
                row(
                        "should stream from another eligible one",
                        tagged("n2", Map.of("replicatefrom", "n3")),
                        "n3",
                        n2().state("sync"),
                        n3()),
                row("that isn't there", tagged("n2", Map.of("replicatefrom", "n3")), "n2", n2()));
    }

    @ParameterizedTest
    @MethodSource("eligible")
    void commitsWaitForThese(
            UnaryOperator<Situations> setting, String demand, List<SenderBuilder> senders) {
        Answer.Primary primary = primary(senders);
        Situations s =
                setting.apply(Situations.leader().set("synchronous_mode", true).answers(primary));
        assertThat(SyncStandbys.wanted(s.get(), primary).text()).isEqualTo(demand);
    }

    @Test
    void whoIsBehindAndDoesNotMoveIsSilentUntilItDoesOrConnectsToAnotherServer() {
        long second = Duration.ofSeconds(1).toNanos();
        Answer.Primary behind = primary(List.of(n2().at(900), n3()));
        Sender n2 = behind.info().senders().getFirst();
        SyncSilence first = SyncSilence.NOTHING.look(behind, 0);
        assertThat(first.heard()).containsOnlyKeys("n2");
        SyncSilence second5 = first.look(behind, 5 * second);
        assertThat(second5.silent(n2, 5 * second)).isTrue();
        assertThat(second5.silent(n2, 5 * second - 1)).isFalse();
        assertThat(second5.look(primary(List.of(n2().at(901))), 6 * second).silent(n2, 6 * second))
                .as("it moves")
                .isFalse();
        assertThat(second5.look(primary(List.of(n2(), n3())), 6 * second).heard())
                .as("all have everything")
                .isEmpty();
        SyncSilence other = new SyncSilence("another start", second5.heard());
        assertThat(other.look(behind, 6 * second).silent(n2, 6 * second)).isFalse();
    }

    private static Arguments row(
            String name,
            UnaryOperator<Situations> setting,
            String demand,
            SenderBuilder... senders) {
        return argumentSet(name, setting, demand, List.of(senders));
    }

    private static UnaryOperator<Situations> quorum(int count) {
        return s -> s.set("synchronous_mode", "quorum").set("synchronous_node_count", count);
    }

    private static UnaryOperator<Situations> lag(int bytes) {
        return s -> s.set("maximum_lag_on_syncnode", bytes);
    }

    private static UnaryOperator<Situations> tagged(String member, Map<String, ?> tags) {
        return s -> s.member(member, "replica", Tags.of(new TreeMap<>(tags)));
    }

    /** For so many seconds it hasn't confirmed anything beyond. */
    private static UnaryOperator<Situations> silent(String member, int seconds) {
        return s ->
                s.memory(m -> {
                    SortedMap<String, SyncSilence.Heard> heard =
                            new TreeMap<>(m.sync().silence().heard());
                    long since = Situations.NOW - Duration.ofSeconds(seconds).toNanos();
                    heard.put(member, new SyncSilence.Heard(new Lsn(900), since));
                    return m.withSync(
                            new Memory.Sync(Optional.empty(), false, new SyncSilence("", heard)));
                });
    }

    /** The synchronous one, behind. */
    private static SenderBuilder held() {
        return n2().at(900).state("sync");
    }

    private static SenderBuilder n2() {
        return sender("n2");
    }

    private static SenderBuilder n3() {
        return sender("n3");
    }

    private static SenderBuilder sender(String name) {
        return new SenderBuilder(name, name, 1000, "async", "streaming");
    }

    /** A row of {@code pg_stat_replication}. */
    record SenderBuilder(String name, String slot, long flushed, String state, String phase) {
        SenderBuilder slot(String other) {
            return new SenderBuilder(name, other, flushed, state, phase);
        }

        SenderBuilder at(long position) {
            return new SenderBuilder(name, slot, position, state, phase);
        }

        SenderBuilder state(String other) {
            return new SenderBuilder(name, slot, flushed, other, phase);
        }

        SenderBuilder phase(String other) {
            return new SenderBuilder(name, slot, flushed, state, other);
        }

        Sender build() {
            Lsn at = new Lsn(flushed);
            return new Sender(
                    "replicator", name, Optional.of("10.0.0.2"), phase, state, 0, at, at, at, slot);
        }
    }

    private static Answer.Primary primary(List<SenderBuilder> senders) {
        List<Sender> rows = new ArrayList<>();
        senders.forEach(one -> rows.add(one.build()));
        return new Answer.Primary(
                new LocalServer.ServerInfo("2026-01-01 00:00:00.000000+00:00", 150004, rows),
                2,
                new Lsn(1000),
                List.of());
    }
}
