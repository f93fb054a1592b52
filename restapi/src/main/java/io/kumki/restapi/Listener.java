package io.kumki.restapi;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.ServerSSLOptions;
import java.util.Objects;
import java.util.Optional;

/** One open socket with its connections. Used on one event loop. */
final class Listener {

    private static final long SWEEP_MILLIS = 1_000;

    /** Balancers connect in bursts; {@code request_queue_size} limits work, not knocking. */
    private static final int BACKLOG = 256;

    private static final int MAX_REQUEST_LINE = 8 << 10;

    private static final int MAX_HEADERS = 16 << 10;

    private final RestServer.Ports ports;
    private final HttpServer server;
    private final Dispatcher dispatcher;
    private final long sweep;
    private Prepared prepared;

    /** A configuration with everything that had to be read from files and resolved. */
    record Prepared(RestConfig config, Optional<TlsMaterial> tls, Networks allowlist) {}

    private Listener(
            RestServer.Ports ports,
            HttpServer server,
            Dispatcher dispatcher,
            Prepared prepared,
            long sweep) {
        this.ports = ports;
        this.server = server;
        this.dispatcher = dispatcher;
        this.prepared = prepared;
        this.sweep = sweep;
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

    static Future<Listener> open(RestServer.Ports ports, Prepared prepared) {
        Vertx vertx = ports.vertx();
        Connections connections = new Connections();
        HttpServer server = vertx.createHttpServer(options(prepared));
        server.connectionHandler(
                connection -> connections.opened(connection, ports.view().nowNanos()));
        Dispatcher dispatcher =
                new Dispatcher(
                        vertx,
                        ports.view(),
                        ports.control(),
                        ports.clock(),
                        connections,
                        access(prepared));
        server.requestHandler(dispatcher);
        server.invalidRequestHandler(dispatcher::invalid);
        return server.listen()
                .map(listening ->
                        new Listener(
                                ports,
                                listening,
                                dispatcher,
                                prepared,
                                vertx.setPeriodic(
                                        SWEEP_MILLIS,
                                        _ -> connections.closeSilent(ports.view().nowNanos()))));
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
    private static String bindHost(String host) {
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

    Future<Void> close() {
        ports.vertx().cancelTimer(sweep);
        return server.close();
    }
}
