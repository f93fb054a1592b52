package io.kumki.dcs.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SettingsCheckTest {

    @Test
    void what_members_take_as_written_is_not_worth_a_line() {
        assertThat(SettingsCheck.findings(Map.of())).isEmpty();
        assertThat(SettingsCheck.findings(Map.of("unknown", "x"))).isEmpty();
        assertThat(
                        SettingsCheck.findings(
                                Map.of(
                                        "ttl",
                                        20,
                                        "loop_wait",
                                        "2",
                                        "retry_timeout",
                                        5,
                                        "maximum_lag_on_syncnode",
                                        -1,
                                        "pause",
                                        "off",
                                        "synchronous_mode",
                                        "Quorum",
                                        "member_slots_ttl",
                                        "30min",
                                        "postgresql",
                                        Map.of("parameters", Map.of("work_mem", "8MB")))))
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "ttl | -5 | ttl: -5 (allowed: a whole number of seconds, at least 5): members take the smallest allowed",
                "ttl | 4 | ttl: 4 (allowed: a whole number of seconds, at least 5): members take the smallest allowed",
                "loop_wait | abc | loop_wait: abc (allowed: a whole number of seconds, at least 1): members refuse the whole new configuration and keep the one before",
                "retry_timeout | 2 | retry_timeout: 2 (allowed: a whole number of seconds, at least 3): members take the smallest allowed",
                "primary_start_timeout | soon | primary_start_timeout: soon (allowed: a whole number, at least 0): members take the default",
                "member_slots_ttl | -1s | member_slots_ttl: -1s (allowed: seconds, or a number with s, min, h or d, at least 0): members take the default",
                "crash_loop_limit | 99 | crash_loop_limit: 99 (allowed: a whole number from 0 (off) to 20): members take the nearest allowed",
                "crash_loop_limit | few | crash_loop_limit: few (allowed: a whole number from 0 (off) to 20): members take the default",
                "crash_loop_window | 0 | crash_loop_window: 0 (allowed: seconds, or a number with s, min, h or d, more than 0): members take the default",
                "pause | maybe | pause: maybe (allowed: true or false (on, off, yes, no, 1, 0)): members take it for false",
                "synchronous_mode | most | synchronous_mode: most (allowed: true or false (on, off, yes, no, 1, 0), or quorum): members take false",
                "postgresql | x | postgresql: x (allowed: a mapping): members refuse the whole new configuration and keep the one before",
                "ttl | 10000000000 | ttl: 10000000000 (allowed: at most 316224000 seconds): members take the largest allowed",
                "retry_timeout | 1e999 | retry_timeout: 1e999 (allowed: at most 316224000 seconds): members take the largest allowed",
                "primary_stop_timeout | 1e10 | primary_stop_timeout: 1e10 (allowed: at most 316224000 seconds): members take the largest allowed",
                "member_slots_ttl | 200000d | member_slots_ttl: 200000d (allowed: at most 316224000 seconds): members take the largest allowed",
                "maximum_lag_on_failover | -1 | maximum_lag_on_failover: -1 (allowed: a whole number, at least 0): members take 0",
            })
    void each_finding_names_key_value_range_and_consequence(
            String key, String value, String expected) {
        assertThat(SettingsCheck.findings(Map.of(key, value))).containsExactly(expected);
    }

    @Test
    void times_that_do_not_fit_together_are_told_with_what_members_take() {
        assertThat(SettingsCheck.findings(Map.of("ttl", 20)))
                .containsExactly(
                        "loop_wait: 10, retry_timeout: 10, ttl: 20 (allowed: loop_wait + 2 *"
                                + " retry_timeout <= ttl): members take loop_wait 1 and"
                                + " retry_timeout 9");
    }

    /** With times that no nanoseconds hold, or with a lag below none, no turn would end well. */
    @Test
    void members_take_what_the_findings_say() {
        ClusterSettings taken =
                ClusterSettings.of(
                        Map.of(
                                "ttl",
                                "1e999",
                                "loop_wait",
                                "1e999",
                                "retry_timeout",
                                Long.MAX_VALUE,
                                "maximum_lag_on_failover",
                                -1,
                                "max_timelines_history",
                                1L << 40,
                                "primary_start_timeout",
                                "1e30",
                                "primary_stop_timeout",
                                "1e30",
                                "member_slots_ttl",
                                "1e30d"));
        Duration longest = Duration.ofSeconds(316_224_000);

        assertThat(taken.timing().ttl()).isEqualTo(longest);
        assertThat(taken.timing().loopWait().plus(taken.timing().retryTimeout().multipliedBy(2)))
                .isLessThanOrEqualTo(longest);
        assertThat(taken.maximumLagOnFailover()).isZero();
        assertThat(taken.maxTimelinesHistory()).isEqualTo(Integer.MAX_VALUE);
        assertThat(
                        List.of(
                                taken.primaryStartTimeout(),
                                taken.primaryStopTimeout(),
                                taken.memberSlotsTtl()))
                .containsOnly(longest);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "hosts | 10.0.0.1 | {hosts=10.0.0.1}",
                "port | 70000 | {port=70000}",
            })
    void a_remote_that_is_none_is_told(String key, String value, String shown) {
        assertThat(SettingsCheck.findings(Map.of("standby_cluster", Map.of(key, value))))
                .containsExactly(
                        "standby_cluster: "
                                + shown
                                + " (allowed: with a host, a port from 1 to 65535 or a"
                                + " restore_command): members ignore it, this is no standby"
                                + " cluster");
        assertThat(SettingsCheck.findings(Map.of("standby_cluster", Map.of()))).isEmpty();
    }

    @Test
    void parameters_must_be_a_mapping() {
        assertThat(SettingsCheck.findings(Map.of("postgresql", Map.of("parameters", 5))))
                .containsExactly(
                        "postgresql.parameters: 5 (allowed: a mapping): members refuse the whole"
                                + " new configuration and keep the one before");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "max_connections | 24 | 24 (allowed: a whole number, at least 25): members take 100",
                "Max_Connections | many | many (allowed: a whole number, at least 25): members take 100",
                "max_wal_senders | 2147483648 | 2147483648 (allowed: a whole number, at least 3): members take 10",
                "hot_standby | off | off (allowed: only on): members take on",
                "wal_log_hints | maybe | maybe (allowed: on or off): members take on",
                "wal_level | minimal | minimal (allowed: replica or logical): members take replica",
                "wal_keep_size | 8MB | 8MB (allowed: a size, at least 16MB): members take 128MB",
                "port | 5433 | 5433 (not allowed here): members ignore it and use their own",
            })
    void parameters_that_the_cluster_controls_have_limits(
            String name, String value, String expected) {
        assertThat(parameters(name, value))
                .containsExactly("postgresql.parameters." + name + ": " + expected);
    }

    @ParameterizedTest
    @CsvSource({
        "max_connections, 25",
        "max_prepared_transactions, 0",
        "hot_standby, true",
        "track_commit_timestamp, on",
        "wal_level, LOGICAL",
        "wal_keep_size, 16",
        "wal_keep_size, 1GB",
        "work_mem, anything",
    })
    void parameters_within_their_limits_and_those_of_the_server_are_not_told(
            String name, String value) {
        assertThat(parameters(name, value)).isEmpty();
    }

    private static List<String> parameters(String name, String value) {
        return SettingsCheck.findings(
                Map.of("postgresql", Map.of("parameters", Map.of(name, value))));
    }
}
