package io.kumki.restapi;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.net.BindException;
import java.time.InstantSource;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The REST API of a node. Its methods may be called from any thread. Sockets are opened and closed
 * one after the other; the API calls itself, and opens its socket anew when it gets no answer.
 */
public final class RestServer {

    private static final Logger LOG = LoggerFactory.getLogger(RestServer.class);

    private final Ports ports;
    private final Context home;
    private volatile Listener listener;
    private Future<Void> changes = Future.succeededFuture();
    private boolean closed;
    private boolean reopening;
    private @Nullable SelfProbe probe;

    /**
     * What every listener is made from.
     *
     * @param vertx where files are read, and where the caller's futures complete
     */
    record Ports(
            Vertx vertx,
            NodeView view,
            NodeControl control,
            InstantSource clock,
            RestMeter meter,
            SelfProbe.Pace pace) {

        Ports(Vertx vertx, NodeView view, NodeControl control, InstantSource clock) {
            this(vertx, view, control, clock, new RestMeter(), SelfProbe.Pace.USUAL);
        }
    }

    private RestServer(Ports ports, Context home, Listener listener) {
        this.ports = ports;
        this.home = home;
        this.listener = listener;
    }

    /**
     * Opens the listener.
     *
     * @return completes on the caller's context; fails with {@link IllegalStateException} if the
     *     address can't be bound, with {@link IllegalArgumentException} if a TLS file can't be
     *     used; the message says what to do
     */
    public static Future<RestServer> start(
            Vertx vertx, RestConfig config, NodeView view, NodeControl control) {
        return start(new Ports(vertx, view, control, InstantSource.system()), config);
    }

    static Future<RestServer> start(Ports ports, RestConfig config) {
        Context home = ports.vertx().getOrCreateContext();
        return on(
                home,
                Listener.prepare(ports.vertx(), config)
                        .compose(prepared -> Listener.open(ports, prepared, config.listen().port()))
                        .map(listener -> {
                            RestServer server = new RestServer(ports, home, listener);
                            server.watch();
                            return server;
                        })
                        .recover(failure -> Future.failedFuture(explained(config, failure))));
    }

    private static <T> Future<T> on(Context context, Future<T> future) {
        Promise<T> promise = Promise.promise();
        future.onComplete(result ->
                context.runOnContext(_ -> promise.complete(result.result(), result.cause())));
        return promise.future();
    }

    private synchronized void watch() {
        if (!closed) {
            probe = SelfProbe.start(this::target, ports.pace(), this::reopen);
        }
    }

    private SelfProbe.Target target() {
        Listener now = listener;
        RestConfig config = now.prepared().config();
        return new SelfProbe.Target(
                Listener.bindHost(config.listen().host()), now.port(), config.tls().isPresent());
    }

    /** The port in use. */
    public int port() {
        return listener.port();
    }

    /**
     * Takes over another configuration. The listener is reopened if its address or TLS changed, or
     * a TLS file's content; requests under way end then. If the new one can't be opened, the old
     * one is opened again and the future fails as {@link #start} does.
     */
    public Future<Void> reconfigure(RestConfig config) {
        return on(
                home,
                next(() ->
                        Listener.prepare(ports.vertx(), config)
                                .compose(this::change)
                                .recover(failure ->
                                        Future.failedFuture(explained(config, failure)))));
    }

    /** Changes wait for each other, whoever asks for them; a failed one doesn't stop the next. */
    private synchronized Future<Void> next(Supplier<Future<Void>> change) {
        changes =
                changes.otherwise((Void) null)
                        .compose(_ -> isClosed() ? Future.succeededFuture() : change.get());
        return changes;
    }

    private synchronized boolean isClosed() {
        return closed;
    }

    private Future<Void> change(Listener.Prepared next) {
        Listener.Prepared now = listener.prepared();
        if (sameSocket(now, next)) {
            listener.adopt(next);
            return Future.succeededFuture();
        }
        int oldPort = listener.port();
        return listener.close()
                .compose(_ -> Listener.open(ports, next, next.config().listen().port()))
                .recover(failure ->
                        Listener.open(ports, now, oldPort)
                                .compose(old -> {
                                    listener = old;
                                    return Future.failedFuture(failure);
                                }))
                .map(opened -> {
                    listener = opened;
                    LOG.atInfo()
                            .addKeyValue("address", next.config().listen())
                            .log("REST API reopened");
                    return null;
                });
    }

    /** Nobody answered at the own socket. */
    private synchronized void reopen(String failure) {
        if (reopening) {
            return;
        }
        reopening = true;
        LOG.atError()
                .addKeyValue("address", target())
                .addKeyValue("error", failure)
                .log("REST API gives no answer to itself; its listener is opened anew");
        next(() ->
                        listener.close()
                                .compose(_ ->
                                        Listener.open(ports, listener.prepared(), listener.port()))
                                .map(opened -> {
                                    listener = opened;
                                    ports.meter().reopened();
                                    return (Void) null;
                                }))
                .onComplete(result -> reopened(result.cause()));
    }

    private synchronized void reopened(@Nullable Throwable failure) {
        reopening = false;
        if (failure == null) {
            LOG.atInfo().addKeyValue("address", target()).log("REST API reopened");
        } else {
            LOG.atError()
                    .addKeyValue("address", target())
                    .addKeyValue("error", String.valueOf(failure.getMessage()))
                    .log(
                            "REST API can't be opened anew; it is tried again and again, until then"
                                    + " probes fail here");
        }
    }

    private static boolean sameSocket(Listener.Prepared now, Listener.Prepared next) {
        return now.config().listen().host().equals(next.config().listen().host())
                && now.config().listen().port() == next.config().listen().port()
                && Objects.equals(now.tls(), next.tls());
    }

    /** Closes the listener and all connections, after the change that is under way. */
    public synchronized Future<Void> close() {
        closed = true;
        if (probe != null) {
            probe.close();
        }
        changes = changes.otherwise((Void) null).compose(_ -> listener.close());
        return on(home, changes);
    }

    private static Throwable explained(RestConfig config, Throwable failure) {
        if (failure instanceof IllegalArgumentException) {
            return failure;
        }
        String address = config.listen().host() + ":" + config.listen().port();
        String why =
                Optional.ofNullable(failure.getMessage())
                        .filter(_ -> !(failure instanceof BindException))
                        .orElse("the port is taken, or the address isn't one of this host");
        return new IllegalStateException(
                "Couldn't start a service on '"
                        + address
                        + "', please check your `restapi.listen` configuration ("
                        + why
                        + ")",
                failure);
    }
}
