package io.kumki.dcs.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.argumentSet;

import io.kumki.dcs.cluster.MemberName;
import io.kumki.dcs.fuzz.Mutations;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Whatever stands in etcd: reading doesn't fail, what makes no sense is named in short, and what
 * was understood is the same after it is written and read again.
 */
class StoredValuesFuzzTest {

    private static final int RUNS = 20_000;

    /** A problem goes into a log line. */
    private static final int LONGEST_PROBLEM = 1_000;

    /** One value, there and back. */
    record Form<T>(Function<String, Parsed<T>> reader, Function<T, String> writer) {

        void survives(String text) {
            Parsed<T> parsed = reader.apply(text);
            assertThat(parsed.problems())
                    .allSatisfy(problem -> assertThat(problem).hasSizeLessThan(LONGEST_PROBLEM));
            String written = writer.apply(parsed.value());
            if (!written.isEmpty()) {
                assertThat(writer.apply(reader.apply(written).value())).isEqualTo(written);
            }
        }
    }

    static Stream<Arguments> values() {
        return Stream.of(
                argumentSet(
                        "members/NAME",
                        """
                        {"conn_url":"postgres://10.0.0.1:5432/postgres","api_url":"http://10.0.0.1:8008/patroni","state":"running",\
                        "role":"replica","version":"4.1.0","xlog_location":67108864,"receive_lsn":67108864,"replay_lsn":67108800,\
                        "replication_state":"streaming","timeline":3,"pending_restart":true,"pending_restart_reason":\
                        {"max_connections":{"old_value":"100","new_value":"200"}},"tags":{"nofailover":true,"clonefrom":"x"},\
                        "scheduled_restart":{"schedule":"2026-07-01T12:00:00+00:00","role":"replica","postgres_version":"15.4"},\
                        "volumes":{"data":{"free_bytes":1,"total_bytes":2}},"pause":true}\
                        """,
                        new Form<>(
                                text -> MemberJson.read(new MemberName("n1"), text, 7),
                                MemberJson::write)),
                argumentSet(
                        "members/NAME in its oldest form",
                        "postgres://10.0.0.1:5432/postgres?application_name=http://10.0.0.1:8008/patroni",
                        new Form<>(
                                text -> MemberJson.read(new MemberName("n1"), text, 7),
                                MemberJson::write)),
                argumentSet(
                        "config",
                        """
                        {"ttl":30,"loop_wait":10,"pause":false,"postgresql":{"parameters":{"max_connections":100.5}},\
                        "slots":{"a":{"type":"logical","database":"d","plugin":"pgoutput"}},"ignore_slots":[{"name":"b"}]}\
                        """,
                        new Form<>(
                                text -> ConfigJson.read(text, 7),
                                config ->
                                        config.map(value -> ConfigJson.write(value.values()))
                                                .orElse(""))),
                argumentSet(
                        "failover",
                        "{\"leader\":\"n1\",\"member\":\"n2\",\"scheduled_at\":\"2026-07-01T12:00:00.123456+02:00\"}",
                        new Form<>(text -> FailoverJson.read(text, 7), FailoverJson::write)),
                argumentSet(
                        "sync",
                        "{\"leader\":\"n1\",\"quorum\":1,\"sync_standby\":\"n2,n3\"}",
                        new Form<>(text -> SyncJson.read(text, 7), SyncJson::write)),
                argumentSet(
                        "status",
                        "{\"optime\":67108864,\"slots\":{\"n2\":67108800,\"logical\":67108700},\"retain_slots\":[\"n2\",\"n3\"]}",
                        new Form<>(StatusJson::read, StatusJson::write)),
                argumentSet(
                        "history",
                        "[[1,25623960,\"no recovery target specified\",\"2026-07-01T12:00:00+00:00\",\"n1\"],[2,25624344,\"x\"]]",
                        new Form<>(HistoryJson::read, HistoryJson::write)),
                argumentSet(
                        "failsafe",
                        "{\"n1\":\"http://10.0.0.1:8008/patroni\",\"n2\":\"http://10.0.0.2:8008/patroni\"}",
                        new Form<>(
                                FailsafeJson::read,
                                members -> members.map(FailsafeJson::write).orElse(""))));
    }

    @ParameterizedTest
    @MethodSource("values")
    @Timeout(60)
    void isReadAsFarAsItMakesSense(String text, Form<?> form) {
        form.survives(text);
        for (int seed = 0; seed < RUNS; seed++) {
            String damaged = Mutations.of(text, new Random(seed));
            try {
                form.survives(damaged);
            } catch (RuntimeException | StackOverflowError | AssertionError e) {
                throw new AssertionError("seed " + seed + ": " + shown(damaged), e);
            }
        }
    }

    private static String shown(String text) {
        return JsonText.write(text.length() > 2_000 ? text.substring(0, 2_000) + "…" : text);
    }
}
