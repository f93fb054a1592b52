package io.kumki.agent.ha;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.kumki.agent.ha.SyncDemand.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code synchronous_standby_names} in every form that PostgreSQL takes, and in none. */
@Timeout(10)
class SyncDemandTest {

    static Stream<Arguments> forms() {
        return Stream.of(
                arguments("n2", first(1, "n2")),
                arguments("n2, n3", first(1, "n2", "n3")),
                arguments("2 (n2, n3)", first(2, "n2", "n3")),
                arguments("2(n2,n3)", first(2, "n2", "n3")),
                arguments("FIRST 2 (n2, n3)", first(2, "n2", "n3")),
                arguments("first\t1\n( n2 ,n3 )", first(1, "n2", "n3")),
                arguments("ANY 1 (n2, n3)", any(1, "n2", "n3")),
                arguments("any 2(n2,n3,n4)", any(2, "n2", "n3", "n4")),
                arguments("\"n-2\"", first(1, "n-2")),
                arguments("\"a\"\"b\", c", first(1, "a\"b", "c")),
                arguments("1 (\"x (\", \"y, )\")", first(1, "x (", "y, )")),
                arguments("\"FIRST 1 (a)\"", first(1, "FIRST 1 (a)")),
                arguments("\"any\", \"first\"", first(1, "any", "first")),
                arguments("1, 2", first(1, "1", "2")),
                arguments("ANY 1 (1, 2)", any(1, "1", "2")),
                arguments("*", SyncDemand.somebody(Kind.FIRST)),
                arguments("n2, *", SyncDemand.somebody(Kind.FIRST)),
                arguments("1 (*)", SyncDemand.somebody(Kind.FIRST)),
                arguments("ANY 1 (*)", SyncDemand.somebody(Kind.ANY)),
                arguments("\"*\"", SyncDemand.somebody(Kind.FIRST)),
                arguments("3 (n2)", first(1, "n2")),
                arguments("N2, n2", first(1, "n2")),
                arguments("", SyncDemand.NOBODY),
                arguments("  ", SyncDemand.NOBODY));
    }

    @ParameterizedTest
    @MethodSource("forms")
    void readsWhatPostgresqlTakes(String value, SyncDemand demand) {
        assertThat(SyncDemand.parse(value)).isEqualTo(demand);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "n2 n3",
                "n2,",
                ",",
                "\"n2",
                "n2\"",
                "\"\"",
                "0 (n2)",
                "ANY 0 (n2)",
                "2 ()",
                "2 (n2",
                "2 n2)",
                "1234567 (n2)",
                "ANY x (n2)",
                "(n2)",
                "2 (n2) n3",
                "((",
                "ANY 1 (n2,,n3)"
            })
    void nothingIsBuiltOnWhatCannotBeRead(String value) {
        SyncDemand demand = SyncDemand.parse(value);
        assertThat(demand.count()).as("%s", demand).isZero();
    }

    @Test
    void whatIsWrittenIsReadAsTheSame() {
        Random chance = new Random(7);
        String letters = "ab_1$-\", ()*é'\\ ";
        for (int round = 0; round < 5_000; round++) {
            List<String> names = new ArrayList<>();
            for (int i = 0; i <= chance.nextInt(4); i++) {
                StringBuilder name = new StringBuilder("n");
                for (int j = 0; j < chance.nextInt(5); j++) {
                    name.append(letters.charAt(chance.nextInt(letters.length())));
                }
                names.add(name.toString());
            }
            Kind kind = chance.nextBoolean() ? Kind.ANY : Kind.FIRST;
            int most = SyncDemand.of(kind, 1, names).names().size();
            SyncDemand demand =
                    SyncDemand.of(
                            kind, kind == Kind.FIRST ? most : 1 + chance.nextInt(most), names);
            assertThat(SyncDemand.parse(demand.text())).as(demand.text()).isEqualTo(demand);
        }
    }

    @Test
    void noTextBreaksTheReader() {
        Random chance = new Random(11);
        String letters = "ANYFIRSTanyfirst012 ()\",*\t\n\\n-";
        for (int round = 0; round < 20_000; round++) {
            StringBuilder text = new StringBuilder();
            for (int j = 0; j < chance.nextInt(30); j++) {
                text.append(letters.charAt(chance.nextInt(letters.length())));
            }
            SyncDemand demand = SyncDemand.parse(text.toString());
            assertThat(demand.count()).isBetween(0, demand.names().size());
        }
    }

    private static SyncDemand first(int count, String... names) {
        return SyncDemand.of(Kind.FIRST, count, List.of(names));
    }

    private static SyncDemand any(int count, String... names) {
        return SyncDemand.of(Kind.ANY, count, List.of(names));
    }
}
