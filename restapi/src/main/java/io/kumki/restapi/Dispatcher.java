package io.kumki.restapi;

import io.kumki.dcs.StoreUnavailableException;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import java.time.InstantSource;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds what answers a request: an endpoint by method and first path segment, else, for {@code
 * GET}, {@code HEAD} and {@code OPTIONS} of any path, a health check.
 *
 * <p>Used on one event loop.
 */
final class Dispatcher implements Handler<HttpServerRequest> {

    private static final Logger LOG = LoggerFactory.getLogger(Dispatcher.class);

    private final Vertx vertx;
    private final Context context;
    private final NodeView view;
    private final Endpoints endpoints;
    private final BodyReader bodies;
    private final Responder responder;
    private final Connections connections;
    private final ReplayWaiters waiters;
    private volatile Access access;

    /** Requests in progress; who may only read can't take the places of who may change. */
    private final Map<Endpoint.Protection, Integer> counted =
            new EnumMap<>(Endpoint.Protection.class);

    private long pass = 1;
    private boolean passEnds;
    private final StatusBody body;

    Dispatcher(
            Vertx vertx,
            NodeView view,
            Endpoints endpoints,
            InstantSource clock,
            Connections connections,
            ReplayWaiters waiters,
            Access access) {
        this.vertx = vertx;
        this.context = vertx.getOrCreateContext();
        this.view = view;
        this.endpoints = endpoints;
        this.body = endpoints.body();
        this.bodies = new BodyReader(vertx);
        this.responder = new Responder(vertx, clock);
        this.connections = connections;
        this.waiters = waiters;
        this.access = access;
    }

    /** Later requests follow another configuration. */
    void adopt(Access other) {
        access = other;
    }

    @Override
    public void handle(HttpServerRequest request) {
        long startedNanos = view.nowNanos();
        if (!connections.asked(request.connection(), startedNanos, pass())) {
            return;
        }
        try {
            dispatch(request, startedNanos);
        } catch (RuntimeException e) {
            send(request, failed(request, e), startedNanos);
        }
    }

    /**
     * What answers a request that was recognised by its first bytes, as one that was read in full;
     * given the monotonic time.
     */
    LongFunction<Future<Answer>> answers(ProbeRequest request) {
        String path = request.path();
        Endpoint.Call call = new Endpoint.Call(Query.NONE, Map.of(), request.accept(), "");
        return endpoints
                .find("GET", segment(path))
                .<LongFunction<Future<Answer>>>map(endpoint -> _ -> endpoint.handler().apply(call))
                .orElse(nowNanos -> {
                    Probes probes = new Probes(view.snapshot(), nowNanos);
                    return Future.succeededFuture(
                            probed(HttpMethod.GET, probes, probes.healthy(path, Query.NONE)));
                });
    }

    /** An answer to HTTP/1.1 on a connection that stays open; see {@link Responder#bytes}. */
    ByteBuf bytes(Answer.Document answer) {
        return responder.bytes(answer, access.config());
    }

    /** Whether each request is written to the log: then none may be answered past this. */
    boolean logsRequests() {
        return LOG.isDebugEnabled();
    }

    private static Channel channel(HttpServerRequest request) {
        return ServerSocketGrip.channel(request.connection());
    }

    /** Another number as soon as the event loop has got round to other connections. */
    private long pass() {
        if (!passEnds) {
            passEnds = true;
            context.runOnContext(_ -> {
                passEnds = false;
                pass++;
            });
        }
        return pass;
    }

    private void dispatch(HttpServerRequest request, long startedNanos) {
        String uri = request.uri();
        int question = uri.indexOf('?');
        String path = path(question < 0 ? uri : uri.substring(0, question));
        String query = question < 0 ? "" : uri.substring(question + 1);
        String segment = segment(path);
        Optional<Endpoint> endpoint = endpoints.find(request.method().name(), segment);
        if (segment.equals(Dashboard.SEGMENT) && request.method().equals(HttpMethod.GET)) {
            String known = request.getHeader(HttpHeaders.IF_NONE_MATCH);
            send(request, Dashboard.answer(path, known), startedNanos);
        } else if (endpoint.isPresent()) {
            request.pause();
            serve(request, endpoint.get(), Query.parse(query))
                    .onSuccess(answer -> send(request, answer, startedNanos));
        } else if (ReadYourWrites.asked(query) && Probes.forReading(path)) {
            connections.reading(channel(request), startedNanos);
            Future.succeededFuture()
                    .compose(_ -> probeAtPosition(request, path, query))
                    .otherwise(failure -> failed(request, failure))
                    .onSuccess(answer -> send(request, answer, startedNanos));
        } else {
            send(request, probe(request.method(), path, query), startedNanos);
        }
    }

    private void send(HttpServerRequest request, Answer answer, long startedNanos) {
        long nowNanos = view.nowNanos();
        if (answer instanceof Answer.Stream) {
            connections.working(channel(request), nowNanos);
        } else {
            connections.answered(channel(request), nowNanos);
        }
        if (LOG.isDebugEnabled()) {
            LOG.atDebug()
                    .addKeyValue("client", request.remoteAddress())
                    .addKeyValue("method", LogText.of(request.method().name()))
                    .addKeyValue("uri", LogText.of(request.uri()))
                    .addKeyValue("status", answer.status())
                    .addKeyValue("latencyMs", (nowNanos - startedNanos) / 1_000_000)
                    .log("request answered");
        }
        responder
                .send(request, answer, access.config())
                .onFailure(failure ->
                        LOG.atDebug()
                                .addKeyValue("client", request.remoteAddress())
                                .addKeyValue("error", failure.toString())
                                .log("client left before its answer"));
    }

    private Answer probe(HttpMethod method, String path, String query) {
        if (!probing(method)) {
            return Answer.unsupportedMethod(method.name());
        }
        Probes probes = new Probes(view.snapshot(), view.nowNanos());
        return probed(method, probes, probes.healthy(path, Query.parse(query)));
    }

    private static boolean probing(HttpMethod method) {
        return method.equals(HttpMethod.GET)
                || method.equals(HttpMethod.HEAD)
                || method.equals(HttpMethod.OPTIONS);
    }

    private Answer probed(HttpMethod method, Probes probes, boolean healthy) {
        if (method.equals(HttpMethod.GET)) {
            return Answer.json(healthy ? 200 : 503, body.of(probes));
        }
        return healthy ? Answer.Bare.OK : Answer.Bare.UNAVAILABLE;
    }

    /** A health check that waits, if need be, until a position is replayed. */
    private Future<Answer> probeAtPosition(HttpServerRequest request, String path, String query) {
        Answer now = probe(request.method(), path, query);
        if (!probing(request.method())) {
            return Future.succeededFuture(now);
        }
        Optional<ReadYourWrites> wish = ReadYourWrites.parse(query);
        if (wish.isEmpty() || now.status() != 200) {
            return Future.succeededFuture(now);
        }
        return waiters.await(wish.get(), request.response())
                .map(reached ->
                        reached
                                ? probe(request.method(), path, query)
                                : probed(
                                        request.method(),
                                        new Probes(view.snapshot(), view.nowNanos()),
                                        false));
    }

    private Future<Answer> serve(HttpServerRequest request, Endpoint endpoint, Query query) {
        return allowed(request, endpoint)
                .compose(refusal -> {
                    if (refusal.isPresent()) {
                        throw new Refusal(refusal.get());
                    }
                    return bodies.read(request, endpoint.body());
                })
                .compose(body -> {
                    if (endpoint.protection() == Endpoint.Protection.OPEN) {
                        connections.reading(channel(request), view.nowNanos());
                    } else {
                        connections.working(channel(request), view.nowNanos());
                    }
                    return here(limited(endpoint, call(request, query, body)));
                })
                .otherwise(failure -> {
                    BodyReader.discard(request);
                    return failed(request, failure);
                });
    }

    private static Endpoint.Call call(
            HttpServerRequest request, Query query, Map<String, @Nullable Object> body) {
        String accept = request.getHeader(HttpHeaders.ACCEPT);
        String last = request.getHeader("Last-Event-ID");
        return new Endpoint.Call(
                query, body, accept == null ? "" : accept, last == null ? "" : last);
    }

    private Future<Optional<Answer>> allowed(HttpServerRequest request, Endpoint endpoint) {
        Future<Optional<Answer>> refusal =
                switch (endpoint.protection()) {
                    case OPEN -> Future.succeededFuture(Optional.empty());
                    case PROTECTED -> check(request, Access.Members.AS_CONFIGURED);
                    case FAILSAFE -> check(request, Access.Members.NEVER);
                };
        return refusal.map(found -> found.or(endpoint.before()));
    }

    private Future<Optional<Answer>> check(HttpServerRequest request, Access.Members members) {
        return access.check(
                vertx, request, members, new Probes(view.snapshot(), view.nowNanos()).cluster());
    }

    /** The agent answers on its own thread. */
    private <T> Future<T> here(Future<T> answer) {
        if (answer.isComplete()) {
            return answer;
        }
        Promise<T> promise = Promise.promise();
        answer.onComplete(result ->
                context.runOnContext(_ -> promise.complete(result.result(), result.cause())));
        return promise.future();
    }

    /** Requests that wait for the store or the server can't pile up without end. */
    private Future<Answer> limited(Endpoint endpoint, Endpoint.Call call) {
        if (endpoint.load() == Endpoint.Load.MEMORY) {
            return endpoint.handler().apply(call);
        }
        int limit = access.config().limits().inProgress();
        Endpoint.Protection who = endpoint.protection();
        if (counted.getOrDefault(who, 0) >= limit) {
            return Future.succeededFuture(
                    Answer.text(
                            503,
                            "too many requests in progress ("
                                    + limit
                                    + " = restapi.request_queue_size + restapi.thread_pool_size);"
                                    + " try again later"));
        }
        counted.merge(who, 1, Integer::sum);
        return here(Future.succeededFuture(call).compose(endpoint.handler()))
                .onComplete(_ -> counted.merge(who, -1, Integer::sum));
    }

    private static Answer failed(HttpServerRequest request, Throwable failure) {
        return switch (failure) {
            case Refusal refusal -> refusal.answer();
            case StoreUnavailableException unavailable -> {
                // the loop has said once that the store is silent; whoever asks often fills no log
                LOG.atDebug()
                        .addKeyValue("method", LogText.of(request.method().name()))
                        .addKeyValue("uri", LogText.of(request.uri()))
                        .addKeyValue("error", LogText.of(unavailable.getMessage()))
                        .log("request needs the store, which doesn't answer");
                yield Answer.text(
                        503,
                        "the store (etcd) gives no answer; try again, see the log of this node and"
                                + " \"etcdctl endpoint health\"");
            }
            default -> {
                LOG.atError()
                        .addKeyValue("method", LogText.of(request.method().name()))
                        .addKeyValue("uri", LogText.of(request.uri()))
                        .setCause(failure)
                        .log("request failed");
                yield Answer.text(500, "internal error; see the log of this node");
            }
        };
    }

    /** The HTTP layer couldn't read the request's head. */
    void invalid(HttpServerRequest request) {
        Throwable cause = request.decoderResult().cause();
        Answer answer =
                switch (cause) {
                    case io.netty.handler.codec.http.TooLongHttpLineException _ ->
                            Answer.page(414, "the request line is too long");
                    case io.netty.handler.codec.http.TooLongHttpHeaderException _ ->
                            Answer.page(431, "the request's headers are too long");
                    case null, default -> Answer.page(400, "the request can't be read");
                };
        send(request, answer, view.nowNanos());
    }

    /** Several leading slashes are one; a proxy's {@code http://host} is left out. */
    private static String path(String target) {
        int start = 0;
        if (target.startsWith("http://") || target.startsWith("https://")) {
            start = target.indexOf('/', target.indexOf("//") + 2);
            if (start < 0) {
                return "/";
            }
        }
        while (start + 1 < target.length()
                && target.charAt(start) == '/'
                && target.charAt(start + 1) == '/') {
            start++;
        }
        return start == 0 ? target : target.substring(start);
    }

    private static String segment(String path) {
        int start = path.startsWith("/") ? 1 : 0;
        int end = path.indexOf('/', start);
        return path.substring(start, end < 0 ? path.length() : end);
    }
}
