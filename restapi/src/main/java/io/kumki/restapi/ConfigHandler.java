package io.kumki.restapi;

import io.kumki.dcs.WriteOutcome;
import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.DynamicConfig;
import io.kumki.dcs.cluster.SettingsCheck;
import io.kumki.dcs.json.ConfigPatch;
import io.vertx.core.Future;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code /config}: the dynamic configuration, read, merged and replaced. The contract lets anything
 * in; what members won't take as written is told in the log and in {@code Warning} headers.
 */
final class ConfigHandler {

    private static final Logger LOG = LoggerFactory.getLogger(ConfigHandler.class);

    /** Clients limit the size of all headers, often to 8 KB. */
    private static final int MAX_WARNING_CHARS = 2000;

    private final NodeView view;
    private final NodeControl control;

    ConfigHandler(NodeView view, NodeControl control) {
        this.view = view;
        this.control = control;
    }

    Future<Answer> get(Endpoint.Call call) {
        Optional<ClusterView> cached = new Probes(view.snapshot(), view.nowNanos()).cluster();
        return cached.map(Future::succeededFuture)
                .orElseGet(control::readCluster)
                .map(cluster ->
                        cluster.config()
                                .map(config -> Answer.json(200, config.values()))
                                .orElseThrow(() -> Refusal.page(502, NO_CONFIG)));
    }

    private static final String NO_CONFIG = "the config key is missing or holds no JSON object";

    Future<Answer> patch(Endpoint.Call call) {
        return control.readCluster()
                .compose(cluster -> {
                    DynamicConfig config =
                            cluster.config().orElseThrow(() -> Refusal.page(503, NO_CONFIG));
                    Map<String, @Nullable Object> merged =
                            ConfigPatch.apply(config.values(), call.body());
                    return ConfigPatch.same(config.values(), merged)
                            ? Future.succeededFuture(merged)
                            : write(merged, config.modRevision());
                })
                .map(merged -> {
                    control.wake();
                    return written(merged);
                });
    }

    private Future<Map<String, @Nullable Object>> write(
            Map<String, @Nullable Object> merged, long revision) {
        return control.writeConfig(values(merged), OptionalLong.of(revision))
                .map(outcome ->
                        switch (outcome) {
                            case WriteOutcome.Applied _ -> merged;
                            case WriteOutcome.Rejected(String reason) ->
                                    throw Refusal.page(
                                            409,
                                            "the configuration was not changed, somebody"
                                                    + " else changed it just now; read it"
                                                    + " and send the patch again ("
                                                    + reason
                                                    + ")");
                            case WriteOutcome.Unknown _ -> throw unknown();
                        });
    }

    Future<Answer> put(Endpoint.Call call) {
        Map<String, @Nullable Object> body = call.body();
        return control.readCluster()
                .compose(cluster ->
                        cluster.config()
                                        .filter(old -> ConfigPatch.same(old.values(), body))
                                        .isPresent()
                                ? Future.succeededFuture(body)
                                : control.writeConfig(values(body), OptionalLong.empty())
                                        .map(outcome -> replaced(body, outcome)))
                .map(ConfigHandler::written);
    }

    private static Map<String, @Nullable Object> replaced(
            Map<String, @Nullable Object> body, WriteOutcome outcome) {
        return switch (outcome) {
            case WriteOutcome.Applied _ -> body;
            case WriteOutcome.Rejected(String reason) ->
                    throw Refusal.page(
                            502, "the configuration could not be written (" + reason + ")");
            case WriteOutcome.Unknown _ -> throw unknown();
        };
    }

    private static Refusal unknown() {
        return Refusal.text(
                503,
                "the store gave no answer to the write: the configuration may have been changed;"
                        + " read it before the next try");
    }

    private static Answer written(Map<String, @Nullable Object> config) {
        List<String> findings = SettingsCheck.findings(config);
        if (findings.isEmpty()) {
            return Answer.json(200, config);
        }
        String text = String.join("; ", findings);
        LOG.atWarn()
                .addKeyValue("reason", LogText.of(text))
                .log("dynamic configuration with values that members do not take as written");
        return new Answer.Document(
                200, Answer.JSON, Json.write(config), Map.of("Warning", warning(text)));
    }

    /** 299: a persistent warning of the service's own (RFC 9111 keeps the header's form). */
    private static String warning(String text) {
        String printable = text.replaceAll("[^ -~]|[\"\\\\]", "?");
        return "299 - \""
                + printable.substring(0, Math.min(printable.length(), MAX_WARNING_CHARS))
                + "\"";
    }

    /** The port's maps hold nulls where JSON does; its type doesn't say so. */
    @SuppressWarnings("NullAway")
    private static Map<String, Object> values(Map<String, @Nullable Object> object) {
        return object;
    }
}
