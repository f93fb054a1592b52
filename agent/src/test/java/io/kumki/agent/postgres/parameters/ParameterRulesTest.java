package io.kumki.agent.postgres.parameters;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.agent.postgres.parameters.Complaint.OutOfRange;
import io.kumki.agent.postgres.parameters.Complaint.Refused;
import io.kumki.agent.postgres.parameters.ParameterRules.Adapted;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ParameterRulesTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "1 kB is outside the valid range for parameter \"work_mem\" (64 .. 2147483647) | work_mem | 64",
                "1 kB is outside the valid range for parameter \"work_mem\" (64 kB .. 2147483647 kB) | work_mem | 64",
                "0 8kB is outside the valid range for parameter \"shared_buffers\" (16 .. 1073741823) | shared_buffers | 16",
                "864000 s is outside the valid range for parameter \"X\" (30 .. 86400) | x | 86400",
                "-1 is outside the valid range for parameter \"c\" (0 .. 1.79769e+308) | c | 0",
                "200 ms is outside the valid range for parameter \"d\" (-1 ms .. 100 ms) | d | 100"
            })
    void readsRangesOfAllVersions(String message, String name, String nearest) {
        String line = "2026-11-21 06:08:52.366 GMT [2237] LOG:  " + message;

        assertThat(Complaint.in(line)).containsExactly(new OutOfRange(name, message, nearest));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "unrecognized configuration parameter \"x\" in file \"/t\" line 3 | x",
                "invalid value for parameter \"TimeZone\": \"nowhere\" | timezone",
                "parameter \"fsync\" requires a Boolean value | fsync",
                "parameter \"data_checksums\" cannot be changed | data_checksums",
                "invalid configuration parameter name \"a.b-c\" | a.b-c"
            })
    void readsRefusals(String message, String name) {
        assertThat(Complaint.in("[1] FATAL:  " + message + "\n[1] HINT:  parameter \"y\""))
                .containsExactly(new Refused(name, message.replace(" in file \"/t\" line 3", "")));
    }

    @Test
    void leavesOutReservedConnectionsThatWouldNotLeaveAnyForOthers() {
        Adapted adapted =
                ParameterRules.together(
                        new TreeMap<>(
                                Map.of(
                                        "max_connections", "50",
                                        "superuser_reserved_connections", "50")));

        assertThat(adapted.parameters()).isEqualTo(Map.of("max_connections", "50"));
        assertThat(adapted.warnings())
                .singleElement()
                .asString()
                .startsWith("postgresql parameter superuser_reserved_connections = 50 is left out");
        assertThat(
                        ParameterRules.together(
                                        new TreeMap<>(
                                                Map.of(
                                                        "max_connections", "50",
                                                        "superuser_reserved_connections", "49")))
                                .warnings())
                .isEmpty();
    }

    @Test
    void ignoresWhatIsNotAboutAParameter() {
        assertThat(
                        Complaint.in(
                                """
                                LOG:  skipping missing configuration file "/x/postgresql.auto.conf"
                                FATAL:  configuration file "/t" contains errors
                                """))
                .isEmpty();
    }

    @Test
    void clampsAndLeavesOut() {
        Adapted adapted =
                ParameterRules.answer(
                        new TreeMap<>(Map.of("a", "1", "b", "x", "c", "5", "d", "7")),
                        List.of(
                                new OutOfRange("a", "too small", "10"),
                                new Refused("b", "no word"),
                                new OutOfRange("d", "still", "7"),
                                new Refused("absent", "?")));

        assertThat(adapted.parameters()).isEqualTo(Map.of("a", "10", "c", "5"));
        assertThat(adapted.warnings())
                .containsExactly(
                        "postgresql parameter a = 1 becomes 10: too small",
                        "postgresql parameter b = x is left out: no word",
                        "postgresql parameter d = 7 is left out: still");
    }

    @Test
    void leavesOutNamesThatWouldBreakTheFile() {
        Adapted adapted =
                ParameterRules.writable(
                        new TreeMap<>(
                                Map.of(
                                        "work_mem",
                                        "1",
                                        "my.x",
                                        "2",
                                        "a b",
                                        "3",
                                        "x\ny",
                                        "4",
                                        "",
                                        "5")));

        assertThat(adapted.parameters()).containsOnlyKeys("work_mem", "my.x");
        assertThat(adapted.warnings()).hasSize(3);
    }
}
