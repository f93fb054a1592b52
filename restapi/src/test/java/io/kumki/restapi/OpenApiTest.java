package io.kumki.restapi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kumki.dcs.cluster.ClusterSettings.SynchronousMode;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * {@code /openapi.yaml} and the API are the same. That answers are described is checked with every
 * request of every test, see {@link OpenApi#check}.
 */
@Timeout(60)
class OpenApiTest {

    private static final OpenApi DOCUMENT = OpenApi.DOCUMENT;
    private static final Pattern PARAMETER =
            Pattern.compile("\\b(?:query(?:\\(\\))?|parameters)\\.get\\(\"([a-z_]+)\"\\)");

    @Test
    void itIsServed() throws IOException {
        try (Api api = Api.start()) {
            Api.Reply reply = api.get("/openapi.yaml");
            assertThat(reply.status()).isEqualTo(200);
            assertThat(reply.header("Content-Type")).isEqualTo("application/yaml");
            assertThat(reply.body())
                    .startsWith("openapi: 3.1.0\n")
                    .contains("version: \"" + Versions.WIRE + "\"");
        }
    }

    @Test
    void itHasEveryRouteAndNoOther() {
        SortedSet<String> routes = new TreeSet<>();
        registered()
                .forEach(route -> {
                    String[] parts = route.split(" ", 2);
                    routes.add(parts[0].toLowerCase(Locale.ROOT) + " /" + parts[1]);
                });
        for (String check : Probes.CHECKS) {
            for (String method : List.of("get", "head", "options")) {
                routes.add(method + " " + check);
            }
        }
        Dashboard.paths().forEach(path -> routes.add("get " + path));
        assertThat(DOCUMENT.operations()).isEqualTo(routes);
    }

    static Set<String> registered() {
        Vertx vertx = Vertx.vertx();
        try {
            FakeNode node = new FakeNode();
            RestMeter meter = new RestMeter();
            InstantSource clock = InstantSource.system();
            return new Endpoints(
                            vertx,
                            node,
                            node,
                            clock,
                            meter,
                            new EventStreams(vertx, node, clock, meter))
                    .routes();
        } finally {
            vertx.close().await();
        }
    }

    /** What isn't a health check answers 503 in every state. */
    @Test
    void everyHealthCheckIsOneSomewhere() {
        List<Probes> states =
                Stream.of(
                                Nodes.leader(),
                                Nodes.standby(),
                                synchronous(SynchronousMode.ON),
                                synchronous(SynchronousMode.QUORUM),
                                Nodes.with(
                                        Nodes.leader(),
                                        Map.of("standby_cluster", Map.of("host", "x"))),
                                Nodes.with(
                                        Nodes.with(Nodes.standby(), Nodes.leads()),
                                        Map.of("standby_cluster", Map.of("host", "x"))))
                        .map(node -> new Probes(node, System.nanoTime()))
                        .toList();
        for (String check : Probes.CHECKS) {
            assertThat(states)
                    .as(check)
                    .anyMatch(state -> state.healthy(check, Query.NONE))
                    .anyMatch(
                            state -> !state.healthy(check, Query.NONE) || check.equals("/health"));
        }
    }

    private static NodeSnapshot synchronous(SynchronousMode mode) {
        NodeSnapshot node =
                Nodes.with(
                        Nodes.standby(),
                        Map.of(
                                "synchronous_mode",
                                mode == SynchronousMode.QUORUM ? "quorum" : "on"));
        return Nodes.with(node, Optional.of(Nodes.withSync(Nodes.cluster(), Nodes.N2)));
    }

    @Test
    void itHasEveryParameterThatIsLookedAtAndNoOther() throws IOException {
        SortedSet<String> used = new TreeSet<>();
        try (Stream<Path> files = Files.walk(Path.of("src", "main", "java"))) {
            for (Path file : files.filter(path -> path.toString().endsWith(".java")).toList()) {
                Matcher matcher =
                        PARAMETER.matcher(Files.readString(file).replaceAll("\\s+(?=\\.)", ""));
                while (matcher.find()) {
                    used.add(matcher.group(1));
                }
            }
        }
        used.add("tag_KEY");
        assertThat(DOCUMENT.queryParameters()).isEqualTo(used).hasSizeGreaterThan(5);
    }

    /** A check for reading has those for positions; the others overlook them. */
    @Test
    void itTellsWhereToWaitForAPosition() {
        for (String check : Probes.CHECKS) {
            assertThat(String.valueOf(DOCUMENT.paths().get(check)).contains("parameters/MinLsn"))
                    .as(check)
                    .isEqualTo(Probes.forReading(check));
        }
    }

    @Test
    void allItRefersToIsThereAndUsed() {
        SortedSet<String> defined = new TreeSet<>();
        for (String kind : List.of("parameters", "responses", "schemas")) {
            DOCUMENT.components(kind)
                    .keySet()
                    .forEach(name -> defined.add("#/components/" + kind + "/" + name));
        }
        defined.remove("#/components/schemas/Event"); // of a stream, which has no schema
        assertThat(DOCUMENT.references()).isEqualTo(defined);
        DOCUMENT.references().forEach(DOCUMENT::resolve);
    }

    @Test
    void anAnswerThatItLacksIsFound() {
        try (Api api = Api.start()) {
            Api.Reply good = api.get("/patroni");
            assertThatThrownBy(() ->
                            DOCUMENT.check(
                                    "GET", "/patroni", new Api.Reply(418, "", good.headers())))
                    .hasMessageContaining("GET /patroni: 418");
            String other = good.body().replace("\"role\"", "\"rule\"");
            assertThatThrownBy(() ->
                            DOCUMENT.check(
                                    "GET", "/patroni", new Api.Reply(200, other, good.headers())))
                    .hasMessageContaining(".rule isn't described")
                    .hasMessageContaining(".role is missing");
        }
    }

    /** People read docs/rest.md: each call is there, and each health check by its name. */
    @Test
    void theManualShowsEveryCall() throws IOException {
        String manual = Files.readString(Path.of("..", "docs", "rest.md"));
        for (String operation : DOCUMENT.operations()) {
            String[] parts = operation.split(" ", 2);
            String path = Pattern.quote(parts[1]);
            boolean shown =
                    Probes.CHECKS.contains(parts[1])
                                    || List.of("/liveness", "/readiness").contains(parts[1])
                            ? manual.contains("`" + parts[1] + "`")
                            : curl(parts[0], path).matcher(manual).find()
                                    || manual.contains(
                                            "`"
                                                    + parts[0].toUpperCase(Locale.ROOT)
                                                    + " "
                                                    + parts[1]
                                                    + "`");
            assertThat(shown).as(operation).isTrue();
        }
        for (String parameter : DOCUMENT.queryParameters()) {
            assertThat(manual).contains(parameter + "=");
        }
    }

    private static Pattern curl(String method, String path) {
        String option =
                method.equals("get") ? "" : "-X " + method.toUpperCase(Locale.ROOT) + " [^\n]*";
        return Pattern.compile(
                "\\$ curl -s[^\n]* ?" + option + "http://[0-9.:]+" + path + "(?:[ '?\n]|$)");
    }
}
