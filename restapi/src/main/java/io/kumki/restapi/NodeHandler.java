package io.kumki.restapi;

import io.kumki.dcs.cluster.LenientValues;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.restapi.NodeControl.FailsafeAnswer;
import io.kumki.restapi.NodeControl.FailsafeCall;
import io.kumki.restapi.NodeControl.ReinitializeResult;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The other commands to this node: reinitialize, reload, failsafe, and those without effect. */
final class NodeHandler {

    private final NodeView view;
    private final NodeControl control;

    NodeHandler(NodeView view, NodeControl control) {
        this.view = view;
        this.control = control;
    }

    Future<Answer> reinitialize(Endpoint.Call call) {
        return control.reinitialize(flag(call, "force"), flag(call, "from_leader"))
                .map(result ->
                        switch (result) {
                            case ReinitializeResult.Started _ ->
                                    Answer.text(200, "reinitialize started");
                            case ReinitializeResult.NoLeader _ ->
                                    Answer.text(503, "Cluster has no leader, can not reinitialize");
                            case ReinitializeResult.IsLeader _ ->
                                    Answer.text(503, "I am the leader, can not reinitialize");
                            case ReinitializeResult.Busy(String what) ->
                                    Answer.text(503, what + " already in progress");
                        });
    }

    private static boolean flag(Endpoint.Call call, String name) {
        return LenientValues.bool(call.body().get(name)).orElse(false);
    }

    Future<Answer> reload(Endpoint.Call call) {
        control.reload();
        return Future.succeededFuture(Answer.text(202, "reload scheduled"));
    }

    /** Without effect, as the contract says: it acted on Windows in tests only. */
    Future<Answer> sigterm(Endpoint.Call call) {
        return Future.succeededFuture(Answer.text(202, "shutdown scheduled"));
    }

    /** {@code /citus} and {@code /mpp}: taken, without effect until we know groups. */
    Future<Answer> group(Endpoint.Call call) {
        return Future.succeededFuture(Answer.text(200, "OK"));
    }

    Future<Answer> failsafeMembers(Endpoint.Call call) {
        SortedMap<String, String> members = new TreeMap<>();
        control.failsafeMembers()
                .orElseThrow(() -> Refusal.page(502, "the failsafe key holds no object"))
                .forEach((name, url) -> members.put(name.value(), url));
        return Future.succeededFuture(Answer.json(200, members));
    }

    /** Whether failsafe calls are taken at all; looked at before the body. */
    Optional<Answer> failsafeOff() {
        return view.snapshot().settings().failsafeMode()
                ? Optional.empty()
                : Optional.of(failsafeModeOff());
    }

    private static Answer failsafeModeOff() {
        return Answer.page(502, "failsafe_mode is off");
    }

    Future<Answer> failsafe(Endpoint.Call call) {
        return control.failsafe(failsafeCall(call.body()))
                .map(answer ->
                        switch (answer) {
                            case FailsafeAnswer.ModeOff _ -> failsafeModeOff();
                            case FailsafeAnswer.RunningAsLeader _ ->
                                    Answer.text(500, "Running as a leader");
                            case FailsafeAnswer.Accepted(Optional<Lsn> lsn, Duration promised) ->
                                    Answer.text(200, "Accepted", headers(lsn, promised));
                        });
    }

    private static Map<String, String> headers(Optional<Lsn> lsn, Duration promised) {
        Map<String, String> headers = new TreeMap<>();
        lsn.ifPresent(known -> headers.put("lsn", Long.toString(known.bytes())));
        headers.put("promised-ms", Long.toString(promised.toMillis()));
        return headers;
    }

    private static FailsafeCall failsafeCall(Map<String, @Nullable Object> body) {
        if (!(body.get("name") instanceof String name)
                || name.isBlank()
                || name.indexOf('/') >= 0) {
            throw Refusal.page(400, "\"name\" must be the name of the leader");
        }
        for (String key : List.of("name", "conn_url", "api_url")) {
            if (!LogText.printable(url(body.get(key)))) {
                throw Refusal.page(
                        400, "\"" + key + "\" has control characters, which no member sends");
            }
        }
        return new FailsafeCall(
                new MemberName(name),
                url(body.get("conn_url")),
                url(body.get("api_url")),
                body.get("slots") instanceof Map<?, ?> slots
                        ? Optional.of(positions(slots))
                        : Optional.empty());
    }

    private static String url(@Nullable Object value) {
        return value instanceof String text ? text : "";
    }

    private static SortedMap<String, Lsn> positions(Map<?, ?> slots) {
        SortedMap<String, Lsn> positions = new TreeMap<>();
        slots.forEach((name, value) -> {
            OptionalLong position = LenientValues.integer(value);
            if (position.isEmpty() || position.getAsLong() < 0) {
                throw Refusal.page(400, "a position in \"slots\" is no positive integer");
            }
            positions.put(String.valueOf(name), new Lsn(position.getAsLong()));
        });
        return positions;
    }
}
