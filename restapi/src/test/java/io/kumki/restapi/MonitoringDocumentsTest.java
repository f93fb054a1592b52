package io.kumki.restapi;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.dcs.cluster.Volumes;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What docs/monitoring names exists, and what exists is shown there. */
class MonitoringDocumentsTest {

    private static final Path DIRECTORY = Path.of("..", "docs", "monitoring");
    private static final Pattern METRIC = Pattern.compile("\\b(?:patroni|kumki)_[a-z0-9_]+");

    @ParameterizedTest
    @ValueSource(strings = {"alerts.yml", "grafana-dashboard.json"})
    void everyMetricNamedThereExists(String file) throws IOException {
        Set<String> named = named(Files.readString(DIRECTORY.resolve(file)));
        assertThat(named).hasSizeGreaterThan(20);
        assertThat(existing()).containsAll(named);
    }

    @Test
    void theDashboardIsJson() throws IOException {
        Map<String, ?> dashboard =
                Json.object(
                                Buffer.buffer(
                                        Files.readAllBytes(
                                                DIRECTORY.resolve("grafana-dashboard.json"))))
                        .orElseThrow();
        assertThat(dashboard.get("panels"))
                .asInstanceOf(org.assertj.core.api.InstanceOfAssertFactories.LIST)
                .hasSizeGreaterThan(30);
    }

    /** Names of families and samples, as the documents use them. */
    private static Set<String> existing() {
        NodeSnapshot full =
                Nodes.leader()
                        .withClone(
                                new NodeSnapshot.CloneProgress(
                                        "basebackup", "n2", 5, OptionalLong.of(9), 1))
                        .withCondition(
                                new NodeSnapshot.Condition(
                                        new Volumes(volume(), volume()),
                                        0,
                                        Optional.empty(),
                                        Optional.empty(),
                                        List.of()));
        String text =
                Metrics.write(
                                new Probes(full, System.nanoTime()),
                                new FakeNode().loopMetrics(),
                                new RestMeter(),
                                MetricsText.Format.PROMETHEUS)
                        .toString();
        Set<String> names = new TreeSet<>();
        text.lines()
                .forEach(line -> {
                    if (line.startsWith("# TYPE ")) {
                        names.add(line.split(" ", 4)[2]); // of a histogram no sample has it
                    } else if (!line.startsWith("#")) {
                        names.add(line.substring(0, line.indexOf('{')));
                    }
                });
        return names;
    }

    private static Optional<Volumes.Volume> volume() {
        return Optional.of(new Volumes.Volume(1, 2, Optional.of(Duration.ofHours(1))));
    }

    private static Set<String> named(String text) {
        Set<String> names = new TreeSet<>();
        Matcher matcher = METRIC.matcher(text);
        while (matcher.find()) {
            names.add(matcher.group());
        }
        return names;
    }
}
