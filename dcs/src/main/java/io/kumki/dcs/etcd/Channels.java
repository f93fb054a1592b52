package io.kumki.dcs.etcd;

import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.kumki.dcs.etcd.EtcdConfig.Tls;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.ssl.SslContext;
import io.vertx.core.Vertx;
import io.vertx.core.internal.VertxInternal;
import java.net.URI;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Makes gRPC channels on Vert.x' own event loops, so that no second set of threads is needed. */
final class Channels {

    /** An answer with thousands of members is still far below this. */
    private static final int MAX_ANSWER_BYTES = 64 << 20;

    /** Between two attempts to connect there is always another endpoint, or the same once more. */
    private static final int CONNECT_TIMEOUT_MILLIS = 1_000;

    /** gRPC's minimum; finds a peer that died silently under an idle watch. */
    private static final int PING_SECONDS = 10;

    private static final int PING_TIMEOUT_SECONDS = 3;

    private final EventLoopGroup loops;
    private final Tls tls;
    private @Nullable SslContext sslContext;

    Channels(Vertx vertx, Tls tls) {
        this.loops = ((VertxInternal) vertx).nettyEventLoopGroup();
        this.tls = tls;
    }

    ManagedChannel connect(URI endpoint) {
        int port = endpoint.getPort() < 0 ? EtcdConfig.DEFAULT_PORT : endpoint.getPort();
        NettyChannelBuilder builder =
                NettyChannelBuilder.forAddress(endpoint.getHost(), port)
                        .directExecutor()
                        .disableRetry()
                        .disableServiceConfigLookUp()
                        .maxInboundMessageSize(MAX_ANSWER_BYTES)
                        .keepAliveTime(PING_SECONDS, TimeUnit.SECONDS)
                        .keepAliveTimeout(PING_TIMEOUT_SECONDS, TimeUnit.SECONDS)
                        .withOption(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_TIMEOUT_MILLIS);
        if (loops instanceof IoEventLoopGroup group && group.isIoType(NioIoHandler.class)) {
            builder.eventLoopGroup(loops).channelType(NioSocketChannel.class);
        }
        if ("https".equals(endpoint.getScheme())) {
            builder.sslContext(sslContext());
        } else {
            builder.usePlaintext();
        }
        return builder.build();
    }

    /**
     * Reads the TLS files, once.
     *
     * @throws IllegalArgumentException naming the file that can't be used
     */
    SslContext sslContext() {
        SslContext context = sslContext;
        if (context == null) {
            context = TlsFiles.sslContext(tls);
            sslContext = context;
        }
        return context;
    }
}
