package io.kumki.restapi;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.ServerSSLOptions;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** One open socket with its connections and its thread. */
final class Listener {

    private static final long SWEEP_MILLIS = 1_000;

    /** Balancers connect in bursts; {@code request_queue_size} limits work, not knocking. */
    private static final int BACKLOG = 256;

    private static final int MAX_REQUEST_LINE = 8 << 10;

    private static final int MAX_HEADERS = 16 << 10;

    /** A handshake that takes longer isn't a client's. */
    private static final int HANDSHAKE_SECONDS = 5;

    private static final long LAG_MILLIS = 500;

    /** A socket is closed at once; a thread that hangs isn't waited for. */
    private static final long CLOSE_MILLIS = 2_000;

    private final Vertx own;
    private final HttpServer server;
    private final ServerSocketGrip socket;
    private final Dispatcher dispatcher;
    private final EventStreams streams;
    private volatile Prepared prepared;

    /** A configuration with everything that had to be read from files and resolved. */
    record Prepared(RestConfig config, Optional<TlsMaterial> tls, Networks allowlist) {}

    private Listener(
            Vertx own,
            HttpServer server,
            ServerSocketGrip socket,
            Dispatcher dispatcher,
            EventStreams streams,
            Prepared prepared) {
        this.own = own;
        this.server = server;
        this.socket = socket;
        this.dispatcher = dispatcher;
        this.streams = streams;
        this.prepared = prepared;
    }

    /** Reads files and resolves names, off the event loop. */
    static Future<Prepared> prepare(Vertx vertx, RestConfig config) {
        return vertx.executeBlocking(() ->
                        new Prepared(
                                config,
                                config.tls().map(TlsMaterial::load),
                                Networks.resolve(config.allowlist().entries())))
                .map(prepared -> Objects.requireNonNull(prepared));
    }

    /**
     * Opens the socket, on a thread of its own: whatever keeps the loop busy or hangs, probes are
     * answered.
     *
     * @param port in place of the configured one
     */
    static Future<Listener> open(RestServer.Ports ports, Prepared prepared, int port) {
        Promise<Listener> opened = Promise.promise();
        // making one takes a while: not on the caller's thread, which may be the loop's
        Thread.startVirtualThread(() -> {
            try {
                ServerSocketGrip socket = new ServerSocketGrip();
                Connections connections = new Connections(ports.meter());
                Vertx own =
                        Vertx.builder()
                                .with(small())
                                .withTransport(
                                        new WatchedTransport(
                                                socket::listening, connections::accepted))
                                .build();
                // whatever binding throws fails the future: nobody must wait for ever
                own.runOnContext(_ ->
                        Future.succeededFuture()
                                .compose(_ -> bind(own, ports, prepared, port, socket, connections))
                                .onFailure(_ -> own.close())
                                .onComplete(opened));
            } catch (RuntimeException e) {
                opened.fail(e);
            }
        });
        return opened.future();
    }

    private static VertxOptions small() {
        return new VertxOptions()
                .setEventLoopPoolSize(1)
                .setWorkerPoolSize(2)
                .setInternalBlockingPoolSize(1)
                .setFileSystemOptions(
                        new FileSystemOptions()
                                .setFileCachingEnabled(false)
                                .setClassPathResolvingEnabled(false));
    }

    private static Future<Listener> bind(
            Vertx own,
            RestServer.Ports ports,
            Prepared prepared,
            int port,
            ServerSocketGrip socket,
            Connections connections) {
        NodeView view = ports.view();
        EventStreams streams = new EventStreams(own, view, ports.clock(), ports.meter());
        HttpServer server = own.createHttpServer(options(prepared).setPort(port));
        Dispatcher dispatcher =
                new Dispatcher(
                        own,
                        view,
                        new Endpoints(
                                own, view, ports.control(), ports.clock(), ports.meter(), streams),
                        ports.clock(),
                        connections,
                        new ReplayWaiters(own, view, ports.meter()),
                        access(prepared));
        boolean plain = prepared.tls().isEmpty();
        server.connectionHandler(connection -> {
            connections.opened(connection, view.nowNanos());
            if (plain) {
                ServerSocketGrip.channel(connection)
                        .pipeline()
                        .addFirst(new FastProbes(dispatcher, connections, view, ports.meter()));
            }
        });
        server.requestHandler(dispatcher);
        server.invalidRequestHandler(dispatcher::invalid);
        return server.listen()
                .map(listening -> {
                    own.setPeriodic(SWEEP_MILLIS, _ -> connections.closeSilent(view.nowNanos()));
                    measureLag(own, ports);
                    streams.begin();
                    return new Listener(own, listening, socket, dispatcher, streams, prepared);
                });
    }

    private static void measureLag(Vertx own, RestServer.Ports ports) {
        long dueNanos = ports.view().nowNanos() + LAG_MILLIS * 1_000_000;
        own.setTimer(
                LAG_MILLIS,
                _ -> {
                    ports.meter().lag().record(ports.view().nowNanos() - dueNanos);
                    measureLag(own, ports);
                });
    }

    private static Access access(Prepared prepared) {
        return new Access(prepared.config(), prepared.allowlist());
    }

    private static HttpServerOptions options(Prepared prepared) {
        RestConfig.Listen listen = prepared.config().listen();
        HttpServerOptions options = new HttpServerOptions();
        options.setHost(bindHost(listen.host()))
                .setPort(listen.port())
                .setAcceptBacklog(BACKLOG)
                .setTcpKeepAlive(true)
                .setSslHandshakeTimeout(HANDSHAKE_SECONDS)
                .setMaxInitialLineLength(MAX_REQUEST_LINE)
                .setMaxHeaderSize(MAX_HEADERS)
                .setHttp2ClearTextEnabled(false)
                .setUseAlpn(false);
        prepared.tls().map(TlsMaterial::options).ifPresent(tls -> secure(options, tls));
        return options;
    }

    private static void secure(HttpServerOptions options, ServerSSLOptions tls) {
        options.setSsl(true)
                .setKeyCertOptions(tls.getKeyCertOptions())
                .setClientAuth(tls.getClientAuth());
        if (tls.getTrustOptions() != null) {
            options.setTrustOptions(tls.getTrustOptions());
        }
        tls.getEnabledCipherSuites().forEach(options::addEnabledCipherSuite);
    }

    /** The wildcard takes IPv6 too where the system has it. */
    static String bindHost(String host) {
        if (host.isEmpty() || host.equals("*")) {
            return "0.0.0.0";
        }
        return host.startsWith("[") && host.endsWith("]")
                ? host.substring(1, host.length() - 1)
                : host;
    }

    Prepared prepared() {
        return prepared;
    }

    int port() {
        return server.actualPort();
    }

    /** The next requests follow another configuration, on the same socket. */
    void adopt(Prepared next) {
        prepared = next;
        dispatcher.adopt(access(next));
    }

    /**
     * Closes the socket and all connections; never fails. Nothing of it waits for this listener's
     * thread, which may hang.
     */
    Future<Void> close() {
        streams.end();
        Promise<Void> closed = Promise.promise();
        socket.close().compose(_ -> server.close()).onComplete(_ -> closed.tryComplete());
        CompletableFuture.delayedExecutor(CLOSE_MILLIS, TimeUnit.MILLISECONDS)
                .execute(closed::tryComplete);
        return closed.future().onComplete(_ -> own.close());
    }
}
