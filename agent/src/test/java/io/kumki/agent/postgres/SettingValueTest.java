package io.kumki.agent.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.argumentSet;

import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class SettingValueTest {

    static Stream<Arguments> comparisons() {
        return Stream.of(
                argumentSet("pages and megabytes", "16384", "128MB", "integer", "8kB", true),
                argumentSet("pages and less", "16384", "127MB", "integer", "8kB", false),
                argumentSet("seconds and minutes", "300", "5min", "integer", "s", true),
                argumentSet("a bare number is in base units", "300", "300", "integer", "s", true),
                argumentSet("half a gigabyte", "524288", "0.5GB", "integer", "kB", true),
                argumentSet("yes is on", "on", "yes", "bool", "", true),
                argumentSet("zero is off", "off", "0", "bool", "", true),
                argumentSet("nonsense is no truth", "on", "perhaps", "bool", "", false),
                argumentSet("words of an enum", "replica", "REPLICA", "enum", "", true),
                argumentSet("text by letter", "a", "A", "string", "", false),
                argumentSet("not a number", "100", "lots", "integer", "", false),
                argumentSet("real numbers", "0.5", ".50", "real", "", true));
    }

    @ParameterizedTest
    @MethodSource("comparisons")
    void comparesByTypeAndUnit(String one, String other, String type, String unit, boolean same) {
        assertThat(SettingValue.same(one, other, type, unit)).isEqualTo(same);
    }

    static Stream<Arguments> texts() {
        return Stream.of(
                argumentSet("pages to gigabytes", "131072", "8kB", "1GB"),
                argumentSet("milliseconds to minutes", "300000", "ms", "5min"),
                argumentSet("what no larger unit divides", "1537", "kB", "1537kB"),
                argumentSet("without unit", "100", "", "100"),
                argumentSet("special values stay", "-1", "ms", "-1"),
                argumentSet("zero stays", "0", "s", "0"));
    }

    @ParameterizedTest
    @MethodSource("texts")
    void showsTheLargestUnitThatDivides(String value, String unit, String shown) {
        assertThat(SettingValue.shown(value, unit)).isEqualTo(shown);
    }
}
