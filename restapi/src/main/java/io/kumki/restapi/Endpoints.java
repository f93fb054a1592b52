package io.kumki.restapi;

import io.kumki.restapi.Endpoint.Body;
import io.kumki.restapi.Endpoint.Load;
import io.kumki.restapi.Endpoint.Protection;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import java.time.InstantSource;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The table of endpoints. */
final class Endpoints {

    /** By method and first path segment, such as {@code GET config}. */
    private final Map<String, Endpoint> table = new LinkedHashMap<>();

    private final StatusBody body = new StatusBody();

    /** By first path segment, then by method: each probe looks here. */
    private final Map<String, Map<String, Endpoint>> bySegment = new HashMap<>();

    Endpoints(
            Vertx vertx,
            NodeView view,
            NodeControl control,
            InstantSource clock,
            RestMeter meter,
            EventStreams streams) {
        ReadHandler read = new ReadHandler(vertx, view, control, meter, body);
        table.put("GET liveness", Endpoint.open(read::liveness));
        table.put("GET readiness", Endpoint.open(read::readiness));
        table.put("GET patroni", Endpoint.open(read::status));
        table.put("GET cluster", Endpoint.open(read::cluster).counted());
        table.put("GET history", Endpoint.open(read::history).counted());
        table.put("GET decisions", Endpoint.open(read::decisions));
        table.put("GET events", Endpoint.open(streams::subscribe));
        table.put("GET metrics", Endpoint.open(read::metrics));
        Answer document = openApi();
        table.put("GET openapi.yaml", Endpoint.open(_ -> Future.succeededFuture(document)));

        ConfigHandler config = new ConfigHandler(view, control);
        table.put("GET config", Endpoint.open(config::get).counted());
        table.put("PATCH config", Endpoint.unsafe(Body.REQUIRED, config::patch));
        table.put("PUT config", Endpoint.unsafe(Body.REQUIRED, config::put));

        FailoverHandler failover = new FailoverHandler(vertx, view, control, clock);
        table.put("POST switchover", Endpoint.unsafe(Body.REQUIRED, failover::switchover));
        table.put("DELETE switchover", Endpoint.unsafe(Body.NONE, failover::deleteSwitchover));
        table.put("POST failover", Endpoint.unsafe(Body.REQUIRED, failover::failover));

        RestartHandler restart = new RestartHandler(view, control, clock);
        table.put("POST restart", Endpoint.unsafe(Body.OPTIONAL, restart::post));
        table.put("DELETE restart", Endpoint.unsafe(Body.NONE, restart::delete));

        NodeHandler node = new NodeHandler(view, control);
        table.put("POST reinitialize", Endpoint.unsafe(Body.OPTIONAL, node::reinitialize));
        table.put("POST reload", Endpoint.unsafe(Body.NONE, node::reload).uncounted());
        table.put("POST sigterm", Endpoint.unsafe(Body.NONE, node::sigterm).uncounted());
        table.put("POST citus", Endpoint.unsafe(Body.REQUIRED, node::group));
        table.put("POST mpp", Endpoint.unsafe(Body.REQUIRED, node::group));
        table.put("GET failsafe", Endpoint.open(node::failsafeMembers));
        table.put(
                "POST failsafe",
                new Endpoint(
                        Protection.FAILSAFE,
                        Body.REQUIRED,
                        Load.MEMORY, // never refused for load: a leader's life hangs on it
                        node::failsafeOff,
                        node::failsafe));
        table.forEach((route, endpoint) -> {
            int blank = route.indexOf(' ');
            bySegment
                    .computeIfAbsent(route.substring(blank + 1), _ -> new HashMap<>())
                    .put(route.substring(0, blank), endpoint);
        });
    }

    /** The description of this API, which tests compare with it. */
    private static Answer openApi() {
        return new Answer.Document(
                200, "application/yaml", Buffer.buffer(Resources.read("openapi.yaml")), Map.of());
    }

    /** What health checks and {@code /patroni} share. */
    StatusBody body() {
        return body;
    }

    /** Methods and first path segments, such as {@code GET config}. */
    Set<String> routes() {
        return Collections.unmodifiableSet(table.keySet());
    }

    Optional<Endpoint> find(String method, String segment) {
        Map<String, Endpoint> methods = bySegment.get(segment); // no text is made for a look-up
        return methods == null ? Optional.empty() : Optional.ofNullable(methods.get(method));
    }
}
