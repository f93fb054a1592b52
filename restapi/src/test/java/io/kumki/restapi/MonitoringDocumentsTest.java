package io.kumki.restapi;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.dcs.cluster.Volumes;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

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

    /** Where Prometheus is installed, or {@code -Dpromtool} says where. */
    @Test
    @Timeout(60)
    void prometheusUnderstandsTheAlerts() throws Exception {
        Path promtool = Path.of(System.getProperty("promtool", "/usr/bin/promtool"));
        Assumptions.assumeTrue(Files.isExecutable(promtool), "promtool isn't installed");
        Process check =
                new ProcessBuilder(
                                promtool.toString(),
                                "check",
                                "rules",
                                DIRECTORY.resolve("alerts.yml").toString())
                        .redirectErrorStream(true)
                        .start();
        String said = new String(check.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(check.waitFor()).as(said).isZero();
        assertThat(said).contains("SUCCESS");
    }

    /** Without Prometheus: what most mistakes in an expression are. */
    @Test
    void everyExpressionIsWholeAndAsksForAMetricOfOurs() throws IOException {
        Map<String, ?> alerts =
                new Yaml(new SafeConstructor(new LoaderOptions()))
                        .load(Files.readString(DIRECTORY.resolve("alerts.yml")));
        List<String> expressions = new ArrayList<>();
        collect(alerts, expressions);
        assertThat(expressions).hasSizeGreaterThan(20);
        for (String expression : expressions) {
            assertThat(balanced(expression)).as(expression).isTrue();
            assertThat(expression.strip())
                    .doesNotMatch("(?s).*(==|[<>+*/-]|\\b(and|or|unless|by|on))");
            assertThat(existing()).as(expression).containsAnyElementsOf(named(expression));
        }
        assertThat(balanced("rate(a[5m]) > (1")).isFalse();
        assertThat(balanced("rate(a[5m)]")).isFalse();
    }

    private static void collect(Object node, List<String> expressions) {
        switch (node) {
            case Map<?, ?> map ->
                    map.forEach((key, value) -> {
                        if (key.equals("expr")) {
                            expressions.add(String.valueOf(value));
                        } else {
                            collect(value, expressions);
                        }
                    });
            case List<?> list -> list.forEach(element -> collect(element, expressions));
            default -> {}
        }
    }

    private static boolean balanced(String expression) {
        Deque<Character> open = new ArrayDeque<>();
        for (char c : expression.replaceAll("\"[^\"]*\"", "").toCharArray()) {
            switch (c) {
                case '(' -> open.push(')');
                case '[' -> open.push(']');
                case '{' -> open.push('}');
                case ')', ']', '}' -> {
                    if (open.isEmpty() || open.pop() != c) {
                        return false;
                    }
                }
                default -> {}
            }
        }
        return open.isEmpty();
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
