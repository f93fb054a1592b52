package io.kumki.restapi;

import io.kumki.dcs.cluster.ClusterSettings;
import io.kumki.dcs.cluster.ClusterView;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What can be read: the node, the cluster, decisions, metrics. */
final class ReadHandler {

    /** Age of a status that peers and people get while the cluster has a leader. */
    private static final Duration RECENT = Duration.ofSeconds(1);

    /**
     * A look at the server takes less, unless the loop hangs. Peers don't wait longer than two
     * seconds.
     */
    private static final long LOOK_MILLIS = 3_000;

    private final Vertx vertx;
    private final NodeView view;
    private final NodeControl control;
    private final MetricsBody metrics;
    private final StatusBody body;

    ReadHandler(Vertx vertx, NodeView view, NodeControl control, RestMeter meter, StatusBody body) {
        this.vertx = vertx;
        this.view = view;
        this.control = control;
        this.metrics = new MetricsBody(view, meter);
        this.body = body;
    }

    Probes probes() {
        return new Probes(view.snapshot(), view.nowNanos());
    }

    /** Decides elections: observed anew while there is no leader. */
    Future<Answer> status(Endpoint.Call call) {
        boolean led = probes().cluster().flatMap(ClusterView::leader).isPresent();
        boolean recentIsEnough = led && call.query().get("fresh").isEmpty();
        return lookAtServer(recentIsEnough ? RECENT : Duration.ZERO)
                .map(node -> new Probes(node, view.nowNanos()))
                .map(probes -> Answer.json(200, body.withLease(probes)));
    }

    /**
     * A loop that hangs can't lead: then the short form is given, which keeps this node out of
     * elections.
     */
    private Future<NodeSnapshot> lookAtServer(Duration maxAge) {
        Future<NodeSnapshot> look = view.fresh(maxAge);
        if (look.isComplete()) {
            return look;
        }
        Promise<NodeSnapshot> first = Promise.promise();
        long timer =
                vertx.setTimer(
                        LOOK_MILLIS, _ -> first.tryComplete(view.snapshot().withoutAnswer()));
        look.onComplete(result -> {
            vertx.cancelTimer(timer);
            if (result.succeeded()) {
                first.tryComplete(result.result());
            } else {
                first.tryFail(result.cause());
            }
        });
        return first.future();
    }

    Future<Answer> liveness(Endpoint.Call call) {
        return Future.succeededFuture(probes().live() ? Answer.Bare.OK : Answer.Bare.UNAVAILABLE);
    }

    Future<Answer> readiness(Endpoint.Call call) {
        return Future.succeededFuture(
                probes().ready(call.query()) ? Answer.Bare.OK : Answer.Bare.UNAVAILABLE);
    }

    Future<Answer> cluster(Endpoint.Call call) {
        NodeSnapshot node = view.snapshot();
        boolean withLease = call.query().get("lease").isPresent();
        return control.readCluster()
                .compose(cluster ->
                        (withLease
                                        ? lease(cluster)
                                        : Future.succeededFuture(Optional.<Lease>empty()))
                                .map(lease -> {
                                    Map<String, @Nullable Object> document =
                                            ClusterDocument.of(
                                                    cluster,
                                                    cluster.config()
                                                            .map(ClusterSettings::of)
                                                            .orElse(node.settings()),
                                                    node.scope());
                                    lease.ifPresent(known -> document.put("lease", known.fields()));
                                    return Answer.json(200, document);
                                }));
    }

    /** Only the leader knows; a member that isn't it asks. */
    private Future<Optional<Lease>> lease(ClusterView cluster) {
        Optional<Lease> own = probes().lease();
        return own.isPresent()
                ? Future.succeededFuture(own)
                : cluster.leader()
                        .flatMap(cluster::member)
                        .filter(leader -> !leader.name().value().equals(view.snapshot().name()))
                        .map(control::askLease)
                        .orElse(Future.succeededFuture(Optional.empty()));
    }

    Future<Answer> history(Endpoint.Call call) {
        return probes().cluster()
                .map(Future::succeededFuture)
                .orElseGet(control::readCluster)
                .map(cluster -> Answer.json(200, ClusterDocument.history(cluster.history())));
    }

    Future<Answer> decisions(Endpoint.Call call) {
        return Future.succeededFuture(
                Answer.json(200, view.decisions().stream().map(ReadHandler::decision).toList()));
    }

    private static Map<String, Object> decision(DecisionEntry entry) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("time", entry.time().toString());
        fields.put("rule", entry.rule());
        fields.put("reason", entry.reason());
        fields.put("actions", entry.actions());
        fields.put("outcome", entry.outcome());
        fields.put("repeated", entry.repeated());
        return fields;
    }

    Future<Answer> metrics(Endpoint.Call call) {
        MetricsText.Format format = MetricsFormat.wanted(call.accept());
        return Future.succeededFuture(
                new Answer.Document(
                        200, format.contentType(), metrics.of(probes(), format), Map.of()));
    }
}
