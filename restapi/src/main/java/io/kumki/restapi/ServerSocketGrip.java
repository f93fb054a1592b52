package io.kumki.restapi;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.impl.HttpServerConnection;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * The listening socket itself. Vert.x closes it only after the connections' thread has ended them;
 * when that thread hangs, the port would stay taken by a socket that nobody serves.
 */
final class ServerSocketGrip {

    private final AtomicReference<@Nullable Channel> socket = new AtomicReference<>();

    /** Told by the transport, before it is bound. */
    void listening(Channel listening) {
        socket.set(listening);
    }

    /** At once: a polite close waits until the client has taken what it was sent. */
    static void cut(HttpConnection connection) {
        cut(channel(connection));
    }

    static void cut(Channel connection) {
        ChannelFuture _ = connection.close();
    }

    static Channel channel(HttpConnection connection) {
        if (connection instanceof HttpServerConnection accepted) {
            return accepted.channelHandlerContext().channel();
        }
        throw new IllegalStateException("not of Vert.x: " + connection.getClass());
    }

    /** Completes at once if there is none. */
    Future<Void> close() {
        Channel listening = socket.get();
        if (listening == null) {
            return Future.succeededFuture();
        }
        Promise<Void> closed = Promise.promise();
        listening.close().addListener(_ -> closed.tryComplete());
        return closed.future();
    }
}
