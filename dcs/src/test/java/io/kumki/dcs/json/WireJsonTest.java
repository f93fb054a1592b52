package io.kumki.dcs.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kumki.dcs.cluster.ClusterStatus;
import io.kumki.dcs.cluster.FailoverRequest;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.Member.Addresses;
import io.kumki.dcs.cluster.Member.Status;
import io.kumki.dcs.cluster.Member.WalProgress;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.dcs.cluster.ParameterChange;
import io.kumki.dcs.cluster.ScheduledRestart;
import io.kumki.dcs.cluster.SyncState;
import io.kumki.dcs.cluster.Tags;
import io.kumki.dcs.cluster.TimelineHistory;
import io.kumki.dcs.cluster.Volumes;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The wire JSON: exact when written, tolerant when read, historic forms included. */
class WireJsonTest {

    private static final MemberName A = new MemberName("pg-a");
    private static final MemberName B = new MemberName("pg-b");

    @Test
    void volumes_are_written_roughly_and_come_back() {
        Volumes.Volume free = new Volumes.Volume(1_000_000, 9_000_000);
        Member member =
                Member.nameOnly(A)
                        .withVolumes(new Volumes(Optional.of(free), Optional.empty()).coarse());
        String text = MemberJson.write(member);
        assertThat(text)
                .contains("\"volumes\":{\"data\":{\"free_bytes\":917504,\"total_bytes\":9000000}}");
        assertThat(MemberJson.read(A, text, 0).value()).isEqualTo(member);
        assertThat(MemberJson.read(A, "{\"volumes\":{\"data\":7,\"wal\":{}}}", 0).value().volumes())
                .isEqualTo(Volumes.UNKNOWN);
    }

    @Test
    void a_full_member_is_written_field_by_field_and_comes_back() {
        Member member =
                new Member(
                        A,
                        new Addresses(
                                Optional.of("postgres://10.0.0.1:5432/postgres"),
                                Optional.of("http://10.0.0.1:8008/patroni"),
                                Optional.of("postgres://10.0.0.9:6432/postgres")),
                        new Status(
                                "running",
                                "primary",
                                "4.1.4",
                                true,
                                true,
                                new TreeMap<>(
                                        Map.of(
                                                "max_connections",
                                                new ParameterChange("100", "200"))),
                                Optional.of(
                                        new ScheduledRestart(
                                                "2030-01-01T00:00:00+00:00",
                                                Optional.of("2026-01-01 00:00:00.000000+00:00"),
                                                new ScheduledRestart.Conditions(
                                                        Optional.of("primary"),
                                                        Optional.of("15.4"),
                                                        OptionalInt.of(30),
                                                        true))),
                                true),
                        new WalProgress(
                                Optional.of(new Lsn(67108864)),
                                Optional.empty(),
                                Optional.empty(),
                                Optional.empty(),
                                2),
                        Tags.of(Map.of("clonefrom", true, "zone", "süd")),
                        7);

        String text = MemberJson.write(member);

        assertThat(text)
                .isEqualTo(
                        """
                        {"conn_url":"postgres://10.0.0.1:5432/postgres",\
                        "api_url":"http://10.0.0.1:8008/patroni",\
                        "state":"running","role":"primary","version":"4.1.4",\
                        "proxy_url":"postgres://10.0.0.9:6432/postgres",\
                        "checkpoint_after_promote":false,\
                        "tags":{"clonefrom":true,"zone":"s\\u00FCd"},\
                        "pending_restart":true,\
                        "pending_restart_reason":{"max_connections":{"old_value":"100","new_value":"200"}},\
                        "xlog_location":67108864,"timeline":2,\
                        "scheduled_restart":{"schedule":"2030-01-01T00:00:00+00:00",\
                        "postmaster_start_time":"2026-01-01 00:00:00.000000+00:00",\
                        "role":"primary","postgres_version":"15.4","timeout":30,"restart_pending":true},\
                        "pause":true}\
                        """);
        assertThat(MemberJson.read(A, text, 7)).isEqualTo(Parsed.fine(member));
    }

    @Test
    void a_member_writes_nothing_that_it_does_not_know() {
        assertThat(MemberJson.write(Member.nameOnly(A)))
                .isEqualTo("{\"state\":\"\",\"role\":\"\",\"version\":\"\"}");
    }

    @Test
    void a_member_s_historic_forms_are_read() {
        assertThat(MemberJson.read(A, "{\"role\":\"master\"}", 0).value().status().role())
                .isEqualTo("primary");
        Addresses addresses =
                MemberJson.read(
                                A,
                                "postgres://h:5432/postgres?application_name=http://h:8008/patroni",
                                0)
                        .value()
                        .addresses();
        assertThat(addresses.connUrl()).contains("postgres://h:5432/postgres");
        assertThat(addresses.apiUrl()).contains("http://h:8008/patroni");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "%%%", "[]", "5", "null", "\"text\"", "{", "{} x", "{\"a\":}"})
    void a_member_without_sense_is_known_by_name_only(String garbage) {
        Parsed<Member> parsed = MemberJson.read(A, garbage, 0);

        assertThat(parsed.value()).isEqualTo(Member.nameOnly(A));
        assertThat(parsed.problems()).hasSize(1);
    }

    @Test
    void a_member_s_fields_of_the_wrong_type_are_left_out_and_named() {
        Parsed<Member> parsed =
                MemberJson.read(
                        A,
                        "{\"state\":\"running\",\"timeline\":\"x\",\"xlog_location\":-5,\"tags\":[],"
                                + "\"pause\":\"yes\",\"api_url\":{}}",
                        0);

        assertThat(parsed.value().status().state()).isEqualTo("running");
        assertThat(parsed.value().wal()).isEqualTo(WalProgress.UNKNOWN);
        assertThat(parsed.problems())
                .hasSize(5)
                .anyMatch(problem -> problem.startsWith("timeline is not an integer"));
    }

    @Test
    void a_status_is_written_without_empty_parts() {
        assertThat(
                        StatusJson.write(
                                new ClusterStatus(
                                        Optional.of(new Lsn(67108864)),
                                        new TreeMap<>(
                                                Map.of(
                                                        "node1",
                                                        new Lsn(67108864),
                                                        "permanent_slot",
                                                        new Lsn(67100000))),
                                        List.of("node1", "node2"))))
                .isEqualTo(
                        "{\"optime\":67108864,\"slots\":{\"node1\":67108864,\"permanent_slot\":67100000},"
                                + "\"retain_slots\":[\"node1\",\"node2\"]}");
        assertThat(StatusJson.write(ClusterStatus.NONE)).isEqualTo("{}");
    }

    @Test
    void a_status_is_read_in_all_its_forms() {
        ClusterStatus position =
                new ClusterStatus(Optional.of(new Lsn(42)), new TreeMap<>(), List.of());
        assertThat(StatusJson.read("{\"optime\":42}")).isEqualTo(Parsed.fine(position));
        assertThat(StatusJson.read("{\"optime\":\"42\"}")).isEqualTo(Parsed.fine(position));
        assertThat(StatusJson.read("42")).isEqualTo(Parsed.fine(position));
        assertThat(StatusJson.readPosition("42")).isEqualTo(Parsed.fine(position));
        assertThat(
                        StatusJson.read(
                                        "{\"slots\":\"{\\\"a\\\":1,\\\"b\\\":null}\",\"retain_slots\":\"[\\\"a\\\"]\"}")
                                .value())
                .isEqualTo(
                        new ClusterStatus(
                                Optional.empty(),
                                new TreeMap<>(Map.of("a", new Lsn(1))),
                                List.of("a")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "x", "-1", "[]", "\"x\"", "{\"optime\":-1}", "{\"slots\":5}"})
    void a_status_without_sense_is_none(String garbage) {
        assertThat(StatusJson.read(garbage).value()).isEqualTo(ClusterStatus.NONE);
        assertThat(StatusJson.read(garbage).problems()).isNotEmpty();
    }

    @Test
    void a_request_is_written_and_read() {
        FailoverRequest request =
                new FailoverRequest(
                        Optional.of(A),
                        Optional.of(B),
                        Optional.of("2030-01-01T00:00:00+00:00"),
                        5);
        String text =
                "{\"leader\":\"pg-a\",\"member\":\"pg-b\",\"scheduled_at\":\"2030-01-01T00:00:00+00:00\"}";
        assertThat(FailoverJson.write(request)).isEqualTo(text);
        assertThat(FailoverJson.read(text, 5)).isEqualTo(Parsed.fine(request));
        assertThat(FailoverJson.write(FailoverRequest.NONE)).isEqualTo("{}");
    }

    @Test
    void a_request_in_its_older_form_is_read() {
        assertThat(FailoverJson.read(" pg-a : pg-b ", 5).value())
                .isEqualTo(
                        new FailoverRequest(Optional.of(A), Optional.of(B), Optional.empty(), 5));
        assertThat(FailoverJson.read(":pg-b", 5).value().leader()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "x",
                "[]",
                "5",
                "{\"leader\":5,\"member\":{}}",
                "{\"member\":\"a/b\"}",
                "{:"
            })
    void a_request_without_sense_asks_for_nothing(String garbage) {
        FailoverRequest read = FailoverJson.read(garbage, 5).value();

        assertThat(read.present()).isFalse();
        assertThat(read.modRevision()).isEqualTo(5);
    }

    @Test
    void a_sync_state_is_written_and_read() {
        SyncState state = new SyncState(Optional.of(A), 0, List.of(B, new MemberName("c")), 9);
        String text = "{\"leader\":\"pg-a\",\"quorum\":0,\"sync_standby\":\"c,pg-b\"}";
        assertThat(SyncJson.write(state)).isEqualTo(text);
        assertThat(SyncJson.read(text, 9)).isEqualTo(Parsed.fine(state));
        assertThat(
                        SyncJson.read(
                                        "{\"leader\":\"pg-a\",\"sync_standby\":\" c ,, pg-b\",\"quorum\":null}",
                                        9)
                                .value())
                .isEqualTo(state);
        assertThat(SyncJson.write(SyncState.NONE))
                .isEqualTo("{\"leader\":null,\"quorum\":0,\"sync_standby\":null}");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "x", "[]", "{}", "{\"leader\":null,\"quorum\":3}"})
    void a_sync_state_without_leader_is_inactive_and_keeps_its_revision(String text) {
        assertThat(SyncJson.read(text, 9).value())
                .isEqualTo(new SyncState(Optional.empty(), 0, List.of(), 9));
    }

    @Test
    void a_history_is_written_and_read() {
        String text =
                "[[1,25623960,\"no recovery target specified\",\"2026-07-01T10:00:00.123456+00:00\",\"pg-a\"],"
                        + "[2,25624000,\"again\"]]";
        Parsed<TimelineHistory> parsed = HistoryJson.read(text);
        assertThat(parsed.problems()).isEmpty();
        assertThat(parsed.value().clusterTimeline()).isEqualTo(3);
        assertThat(HistoryJson.write(parsed.value())).isEqualTo(text);
        assertThat(HistoryJson.read("[]").value()).isEqualTo(TimelineHistory.EMPTY);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "x",
                "{}",
                "[1]",
                "[[1]]",
                "[[\"x\",5,\"\"]]",
                "[[0,1,\"\"]]",
                "[[1,-1,\"\"]]"
            })
    void a_history_without_sense_is_unknown(String garbage) {
        assertThat(HistoryJson.read(garbage).value()).isEqualTo(TimelineHistory.UNKNOWN);
    }

    @Test
    void a_failsafe_map_leaves_out_what_is_no_member() {
        Parsed<?> parsed =
                FailsafeJson.read("{\"pg-a\":\"http://a/patroni\",\"a/b\":\"x\",\"pg-b\":[]}");
        assertThat(parsed.value())
                .isEqualTo(Optional.of(new TreeMap<>(Map.of(A, "http://a/patroni"))));
        assertThat(parsed.problems()).hasSize(2);
        assertThat(FailsafeJson.read("[]").value()).isEmpty();
    }

    @Test
    void a_configuration_keeps_everything_in_it() {
        String text =
                "{\"ttl\":30,\"big\":12345678901234567890,\"exact\":0.10000000000000000001,\"half\":0.5,"
                        + "\"own\":{\"z\":null,\"a\":[1,\"\\u00E4\",true,{}]}}";
        Map<String, Object> values = ConfigJson.read(text, 3).value().orElseThrow().values();
        assertThat(ConfigJson.write(values)).isEqualTo(text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "x", "[]", "{}", "5", "{\"a\":1"})
    void a_configuration_that_is_no_object_with_entries_is_absent(String text) {
        assertThat(ConfigJson.read(text, 3).value()).isEmpty();
    }

    @Test
    void equal_content_is_recognised_in_any_spelling() {
        assertThat(WireEquality.sameText("{\"a\":1,\"b\":\"x\"}", "{ \"b\": \"x\", \"a\": \"1\" }"))
                .isTrue();
        assertThat(WireEquality.sameText("{\"a\":1}", "{\"a\":2}")).isFalse();
        assertThat(WireEquality.sameText("{\"a\":1}", "{")).isFalse();
    }

    @Test
    void deep_and_unrepresentable_values_are_refused_without_harm() {
        assertThatThrownBy(() -> JsonText.parse("[".repeat(100_000)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> JsonText.write(Double.NaN))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> JsonText.write(new Object()))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
