package io.kumki.agent.node;

import io.kumki.agent.config.InvalidConfigException;
import io.kumki.agent.config.LocalConfigLoader;
import io.kumki.agent.config.NodeConfig;
import io.kumki.agent.config.NodeConfigReader;
import io.kumki.agent.config.RefusedConfigException;
import io.kumki.agent.ha.Rules;
import io.kumki.agent.postgres.LocalPostgres;
import io.kumki.dcs.etcd.EtcdClusterStore;
import io.kumki.restapi.RestConfig;
import io.kumki.restapi.RestServer;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.net.ClientSSLOptions;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/**
 * Runs a node's parts for a moment against nothing: an etcd that isn't there, an empty data
 * directory, its own REST API. Whoever installs Kumki sees that the installation is whole; the run
 * also trains the class archive.
 */
final class SelfTest {

    private static final Duration LIMIT = Duration.ofSeconds(60);

    /** A port of loopback on which nothing answers: the reserved one. */
    private static final int DEAD_PORT = 1;

    private static final List<String> PATHS =
            List.of(
                    "/primary",
                    "/replica?lag=1MB",
                    "/patroni",
                    "/metrics",
                    "/decisions",
                    "/liveness");

    private SelfTest() {}

    static int run(Vertx vertx, Map<String, String> environment) throws IOException {
        Path home = Files.createTempDirectory("kumki-self-test");
        PrintStream out = System.out;
        try {
            NodeConfig node = configuration(home, environment);
            LogOutput.configure(node.log());
            CompletableFuture<String> result = new CompletableFuture<>();
            VertxClock clock = new VertxClock(vertx, vertx.getOrCreateContext());
            clock.execute(() -> tryOut(vertx, clock, node, result));
            out.println("self-test: " + result.get(LIMIT.toSeconds(), TimeUnit.SECONDS));
            return 0;
        } catch (InvalidConfigException
                | RefusedConfigException
                | ExecutionException
                | TimeoutException e) {
            out.println("self-test failed: " + e);
            return 1;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return 1;
        } finally {
            delete(home);
        }
    }

    private static NodeConfig configuration(Path home, Map<String, String> environment)
            throws IOException, InvalidConfigException, RefusedConfigException {
        Path file = home.resolve("node.yml");
        Files.writeString(
                file,
                """
                scope: self-test
                name: self
                log: {level: CRITICAL}
                restapi: {listen: '127.0.0.1:8008', connect_address: '127.0.0.1:8008'}
                etcd3: {hosts: '127.0.0.1:%d'}
                bootstrap: {dcs: {ttl: 20, loop_wait: 1, retry_timeout: 3}}
                postgresql:
                  listen: 127.0.0.1:%d
                  connect_address: 127.0.0.1:%d
                  data_dir: %s
                  authentication:
                    superuser: {username: postgres, password: none}
                    replication: {username: replicator, password: none}
                """
                        .formatted(DEAD_PORT, DEAD_PORT, DEAD_PORT, home.resolve("data")));
        return NodeConfigReader.read(new LocalConfigLoader(Optional.of(file), environment).load())
                .config();
    }

    private static void tryOut(
            Vertx vertx, LoopClock clock, NodeConfig node, CompletableFuture<String> result) {
        try {
            AgentConfiguration configuration =
                    new AgentConfiguration(node, Mapping.rest(node.rest()).advertisedUrl());
            EtcdClusterStore store =
                    EtcdClusterStore.open(
                            vertx, Mapping.etcd(node.etcd()), Mapping.path(node), clock::nanos);
            LocalPostgres server = new LocalPostgres(configuration.postgres());
            LoopParts parts =
                    new LoopParts(
                            node.scope(),
                            configuration,
                            store,
                            server,
                            new HttpPeers(vertx, clock, Optional::empty, ClientSSLOptions::new),
                            Guard.NONE,
                            clock,
                            Rules::decide,
                            _ -> {});
            HaLoop loop = new HaLoop(parts);
            RestServer.start(
                            vertx,
                            RestConfig.of("127.0.0.1", 0),
                            new AgentView(loop, clock, server::walPosition),
                            new AgentControl(loop, parts, () -> {}))
                    .compose(rest -> {
                        loop.start();
                        return askAll(vertx, rest.port());
                    })
                    .onComplete(answers -> {
                        loop.stop();
                        if (answers.succeeded()) {
                            result.complete(answers.result());
                        } else {
                            result.completeExceptionally(answers.cause());
                        }
                    });
        } catch (RefusedConfigException e) {
            result.completeExceptionally(e);
        }
    }

    private static Future<String> askAll(Vertx vertx, int port) {
        HttpClient client = vertx.createHttpClient();
        Future<List<String>> answers = Future.succeededFuture(new ArrayList<>());
        // several rounds: the archive shall hold what a running node needs, not only what a
        // starting one does
        for (int round = 0; round < 20; round++) {
            for (String path : PATHS) {
                answers =
                        answers.compose(seen ->
                                client.request(HttpMethod.GET, port, "127.0.0.1", path)
                                        .compose(request -> request.send())
                                        .compose(response ->
                                                response.body()
                                                        .map(_ -> {
                                                            seen.add(
                                                                    path
                                                                            + " "
                                                                            + response
                                                                                    .statusCode());
                                                            return seen;
                                                        })));
            }
        }
        return answers.map(seen -> String.join(", ", seen.subList(0, PATHS.size())));
    }

    private static void delete(Path home) throws IOException {
        List<Path> paths;
        try (Stream<Path> walk = Files.walk(home)) {
            paths = walk.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path path : paths) {
            Files.deleteIfExists(path);
        }
    }
}
