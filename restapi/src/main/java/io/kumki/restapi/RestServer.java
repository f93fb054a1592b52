package io.kumki.restapi;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.net.BindException;
import java.time.InstantSource;
import java.util.Objects;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The REST API of a node. Its methods may be called from any thread; everything it does runs on the
 * event loop of the context that started it.
 */
public final class RestServer {

    private static final Logger LOG = LoggerFactory.getLogger(RestServer.class);

    private final Ports ports;
    private final Context context;
    private Listener listener;
    private Future<Void> reconfiguring = Future.succeededFuture();

    /** What every listener is made from. */
    record Ports(Vertx vertx, NodeView view, NodeControl control, InstantSource clock) {}

    private RestServer(Ports ports, Context context, Listener listener) {
        this.ports = ports;
        this.context = context;
        this.listener = listener;
    }

    /**
     * Opens the listener.
     *
     * @return fails with {@link IllegalStateException} if the address can't be bound, with {@link
     *     IllegalArgumentException} if a TLS file can't be used; the message says what to do
     */
    public static Future<RestServer> start(
            Vertx vertx, RestConfig config, NodeView view, NodeControl control) {
        return start(new Ports(vertx, view, control, InstantSource.system()), config);
    }

    static Future<RestServer> start(Ports ports, RestConfig config) {
        Context context = ports.vertx().getOrCreateContext();
        Promise<RestServer> started = Promise.promise();
        context.runOnContext(_ ->
                Listener.prepare(ports.vertx(), config)
                        .compose(prepared -> Listener.open(ports, prepared))
                        .map(listener -> new RestServer(ports, context, listener))
                        .recover(failure -> Future.failedFuture(explained(config, failure)))
                        .onComplete(started));
        return started.future();
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
        Promise<Void> done = Promise.promise();
        context.runOnContext(_ -> {
            reconfiguring =
                    reconfiguring
                            .otherwise((Void) null)
                            .compose(_ -> Listener.prepare(ports.vertx(), config))
                            .compose(this::change)
                            .recover(failure -> Future.failedFuture(explained(config, failure)));
            reconfiguring.onComplete(done);
        });
        return done.future();
    }

    private Future<Void> change(Listener.Prepared next) {
        Listener.Prepared now = listener.prepared();
        if (sameSocket(now, next)) {
            listener.adopt(next);
            return Future.succeededFuture();
        }
        return listener.close()
                .compose(_ -> Listener.open(ports, next))
                .recover(failure ->
                        Listener.open(ports, now)
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

    private static boolean sameSocket(Listener.Prepared now, Listener.Prepared next) {
        return now.config().listen().host().equals(next.config().listen().host())
                && now.config().listen().port() == next.config().listen().port()
                && Objects.equals(now.tls(), next.tls());
    }

    /** Closes the listener and all connections. */
    public Future<Void> close() {
        Promise<Void> closed = Promise.promise();
        context.runOnContext(_ -> listener.close().onComplete(closed));
        return closed.future();
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
