package io.kumki.restapi;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.dcs.cluster.Volumes;
import io.kumki.restapi.Api.Reply;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class MetricsTest {

    private static final List<String> ORDER =
            List.of(
                    "patroni_version gauge",
                    "patroni_postgres_running gauge",
                    "patroni_postmaster_start_time gauge",
                    "patroni_primary gauge",
                    "patroni_xlog_location counter",
                    "patroni_standby_leader gauge",
                    "patroni_replica gauge",
                    "patroni_sync_standby gauge",
                    "patroni_quorum_standby gauge",
                    "patroni_xlog_received_location counter",
                    "patroni_xlog_replayed_location counter",
                    "patroni_xlog_replayed_timestamp gauge",
                    "patroni_xlog_paused gauge",
                    "patroni_postgres_streaming gauge",
                    "patroni_postgres_in_archive_recovery gauge",
                    "patroni_postgres_server_version gauge",
                    "patroni_cluster_unlocked gauge",
                    "patroni_failsafe_mode_is_active gauge",
                    "patroni_failsafe_mode_enabled gauge",
                    "patroni_failsafe_member gauge",
                    "patroni_postgres_timeline gauge",
                    "patroni_dcs_last_seen gauge",
                    "patroni_pending_restart gauge",
                    "patroni_is_paused gauge",
                    "patroni_postgres_state gauge",
                    "patroni_failover_priority gauge");

    @Test
    void namesTypesAndOrderAreTheContracts() {
        String text = write(Nodes.leader());
        assertThat(
                        text.lines()
                                .filter(line -> line.startsWith("# TYPE patroni_"))
                                .map(line -> line.substring(7)))
                .containsExactlyElementsOf(ORDER);
        assertThat(text).endsWith("\n");
    }

    @Test
    void aLeadersValues() {
        assertThat(write(Nodes.leader()).lines())
                .contains(
                        "patroni_version{scope=\"demo\",name=\"n1\"} 040104",
                        "patroni_postgres_running{scope=\"demo\",name=\"n1\"} 1",
                        "patroni_postmaster_start_time{scope=\"demo\",name=\"n1\"} 1782900000.123456",
                        "patroni_primary{scope=\"demo\",name=\"n1\"} 1",
                        "patroni_xlog_location{scope=\"demo\",name=\"n1\"} 1000000",
                        "patroni_replica{scope=\"demo\",name=\"n1\"} 0",
                        "patroni_postgres_streaming{scope=\"demo\",name=\"n1\"} 0",
                        "patroni_postgres_server_version{scope=\"demo\",name=\"n1\"} 150020",
                        "patroni_cluster_unlocked{scope=\"demo\",name=\"n1\"} 0",
                        "patroni_postgres_timeline{scope=\"demo\",name=\"n1\"} 2",
                        "patroni_dcs_last_seen{scope=\"demo\",name=\"n1\"} 1782900000",
                        "patroni_postgres_state{scope=\"demo\",name=\"n1\"} 5",
                        "kumki_loop_turns_total{scope=\"demo\",name=\"n1\"} 7",
                        "kumki_loop_last_turn_seconds{scope=\"demo\",name=\"n1\"} 0.012500000",
                        "kumki_store_failures_total{scope=\"demo\",name=\"n1\"} 2",
                        "kumki_decisions_total{scope=\"demo\",name=\"n1\",rule=\"leader.renews\"} 5");
    }

    @Test
    void aStandbysValues() {
        assertThat(write(Nodes.standby()).lines())
                .contains(
                        "patroni_xlog_received_location{scope=\"demo\",name=\"n2\"} 999500",
                        "patroni_xlog_replayed_location{scope=\"demo\",name=\"n2\"} 999000",
                        "patroni_xlog_replayed_timestamp{scope=\"demo\",name=\"n2\"} 1782900000.000000",
                        "patroni_postgres_streaming{scope=\"demo\",name=\"n2\"} 1",
                        "kumki_lease_left_seconds{scope=\"demo\",name=\"n2\"} 0.000000000");
    }

    @Test
    void whatAnOperatorShouldLookAfterIsThere() {
        NodeSnapshot node =
                Nodes.leader()
                        .withCondition(
                                new NodeSnapshot.Condition(
                                        new Volumes(
                                                Optional.of(new Volumes.Volume(5_000, 9_000)),
                                                Optional.of(
                                                        new Volumes.Volume(
                                                                1_000,
                                                                8_000,
                                                                Optional.of(
                                                                        Duration.ofMinutes(7))))),
                                        3,
                                        Optional.of("no room"),
                                        Optional.of("it crashes"),
                                        List.of("n1", "n2")));
        assertThat(write(node).lines())
                .contains(
                        "kumki_multiple_primaries{scope=\"demo\",name=\"n1\"} 2",
                        "kumki_primary_crashes{scope=\"demo\",name=\"n1\"} 3",
                        "kumki_volume_free_bytes{scope=\"demo\",name=\"n1\",volume=\"wal\"} 1000",
                        "kumki_volume_total_bytes{scope=\"demo\",name=\"n1\",volume=\"data\"} 9000",
                        "kumki_volume_full_in_seconds{scope=\"demo\",name=\"n1\",volume=\"data\"} +Inf",
                        "kumki_volume_full_in_seconds{scope=\"demo\",name=\"n1\",volume=\"wal\"} 420");
        assertThat(StatusDocument.of(new Probes(node, System.nanoTime())))
                .containsEntry("impaired", "no room")
                .containsEntry("trouble", "it crashes")
                .containsEntry("crashes", 3)
                .containsEntry("multiple_primaries", List.of("n1", "n2"))
                .containsEntry(
                        "volumes",
                        Map.of(
                                "data",
                                Map.of("free_bytes", 5_000L, "total_bytes", 9_000L),
                                "wal",
                                Map.of(
                                        "free_bytes",
                                        1_000L,
                                        "total_bytes",
                                        8_000L,
                                        "full_in_minutes",
                                        7L)));
        assertThat(write(Nodes.leader()))
                .contains("kumki_multiple_primaries{scope=\"demo\",name=\"n1\"} 0")
                .doesNotContain("kumki_volume");
    }

    @Test
    void aStandstillIsMeasuredFromItsBeginning() {
        assertThat(write(Nodes.standby()))
                .contains("kumki_standby_stalled_seconds{scope=\"demo\",name=\"n2\"} 0.000000000");
        assertThat(write(Nodes.standingStill(java.time.Duration.ofSeconds(3))))
                .contains("kumki_standby_stalled_seconds{scope=\"demo\",name=\"n2\"} 3.000000000");
    }

    @Test
    void withoutAnswerTheStreamingMetricsAreAbsent() {
        String text =
                write(
                        Nodes.with(
                                Nodes.standby(),
                                Nodes.server("unknown", "replica", Optional.empty())));
        assertThat(text)
                .doesNotContain("patroni_postgres_streaming", "in_archive_recovery")
                .contains(
                        "patroni_postgres_state{scope=\"demo\",name=\"n2\"} -1",
                        "patroni_xlog_replayed_location{scope=\"demo\",name=\"n2\"} 0\n",
                        "patroni_postmaster_start_time{scope=\"demo\",name=\"n2\"} 0\n");
    }

    @Test
    void servedAsPlainText() {
        try (Api api = Api.start()) {
            Reply reply = api.get("/metrics");
            assertThat(reply.status()).isEqualTo(200);
            assertThat(reply.header("content-type")).isEqualTo("text/plain");
            assertThat(reply.body()).contains("kumki_jvm_threads{scope=\"demo\",name=\"n1\"} ");
        }
    }

    @Test
    void histogramsCountCumulatively() {
        assertThat(write(Nodes.leader()).lines())
                .contains(
                        "# TYPE kumki_failover_phase_seconds histogram",
                        "kumki_failover_phase_seconds_bucket{scope=\"demo\",name=\"n1\",phase=\"writable\",le=\"0.01\"} 1",
                        "kumki_failover_phase_seconds_bucket{scope=\"demo\",name=\"n1\",phase=\"writable\",le=\"1.0\"} 2",
                        "kumki_failover_phase_seconds_bucket{scope=\"demo\",name=\"n1\",phase=\"writable\",le=\"+Inf\"} 3",
                        "kumki_failover_phase_seconds_sum{scope=\"demo\",name=\"n1\",phase=\"writable\"} 2.510000000",
                        "kumki_failover_phase_seconds_count{scope=\"demo\",name=\"n1\",phase=\"writable\"} 3");
    }

    @Test
    void aCopyShowsHowFarItIs() {
        NodeSnapshot copying =
                Nodes.standby()
                        .withClone(
                                new NodeSnapshot.CloneProgress(
                                        "basebackup",
                                        "n1",
                                        500,
                                        java.util.OptionalLong.of(2000),
                                        7));
        String labels = "{scope=\"demo\",name=\"n2\",method=\"basebackup\",source=\"n1\"} ";
        assertThat(write(copying).lines())
                .contains(
                        "kumki_clone_bytes" + labels + "500",
                        "kumki_clone_total_bytes" + labels + "2000",
                        "kumki_clone_running_seconds" + labels + "7");
        assertThat(write(Nodes.standby())).doesNotContain("kumki_clone_");
    }

    /** The rules of OpenMetrics 1.0 that a scraper insists on. */
    @Test
    void openMetricsIsWellFormed() {
        String text = write(Nodes.leader(), MetricsText.Format.OPENMETRICS);
        assertThat(text).endsWith("\n# EOF\n");
        java.util.Map<String, String> types = new java.util.LinkedHashMap<>();
        String family = "";
        for (String line : text.lines().toList()) {
            if (line.startsWith("# TYPE ")) {
                String[] parts = line.split(" ", 4);
                family = parts[2];
                assertThat(types.put(family, parts[3])).as("a family comes once: " + line).isNull();
            } else if (!line.startsWith("#")) {
                String name = line.substring(0, line.indexOf('{'));
                String type = types.getOrDefault(family, "");
                List<String> endings =
                        switch (type) {
                            case "counter" -> List.of("_total");
                            case "histogram" -> List.of("_bucket", "_sum", "_count");
                            default -> List.of("");
                        };
                String of = family;
                assertThat(endings.stream().map(ending -> of + ending)).as(line).contains(name);
            } else {
                assertThat(line).matches("# (HELP .+|EOF)");
            }
        }
        assertThat(types)
                .containsEntry("patroni_xlog_location", "unknown")
                .containsEntry("kumki_loop_turns", "counter")
                .containsEntry("kumki_loop_turn_seconds", "histogram");
    }

    @org.junit.jupiter.params.ParameterizedTest
    @org.junit.jupiter.params.provider.CsvSource(
            delimiter = '|',
            value = {
                "application/openmetrics-text | true",
                "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2 | true",
                "application/openmetrics-text;version=0.0.1 | false",
                "application/openmetrics-text;q=0.1, text/plain | false",
                "application/openmetrics-text;q=0 | false",
                "application/openmetrics-text;q=banana;version | true",
                "text/plain | false",
                "*/* | false",
                ",;,;=, | false",
            })
    void theClientChoosesTheFormat(String accept, boolean openMetrics) {
        try (Api api = Api.start()) {
            Reply reply = api.call("GET", "/metrics", null, "Accept", accept);
            assertThat(reply.header("content-type"))
                    .isEqualTo(
                            openMetrics
                                    ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                    : "text/plain");
            assertThat(reply.body().endsWith("# EOF\n")).isEqualTo(openMetrics);
        }
    }

    private static String write(NodeSnapshot node) {
        return write(node, MetricsText.Format.PROMETHEUS);
    }

    private static String write(NodeSnapshot node, MetricsText.Format format) {
        return Metrics.write(
                        new Probes(node, System.nanoTime()),
                        new FakeNode().loopMetrics(),
                        new RestMeter(),
                        format)
                .toString();
    }
}
