package io.kumki.restapi;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.ServerChannel;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.InternetProtocolFamily;
import io.vertx.core.net.SocketAddress;
import io.vertx.core.spi.transport.Transport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The JDK's sockets as Vert.x uses them, with a view of the listening socket: Vert.x tells of a
 * connection only when its TLS handshake is complete, and of the socket itself never.
 */
final class WatchedTransport implements io.vertx.core.transport.Transport {

    private final Transport sockets = NIO.implementation();
    private final Consumer<Channel> listening;
    private final Consumer<Channel> accepted;

    /**
     * @param listening told each listening socket before it is bound
     * @param accepted told each connection before anything is read from it, on its own thread
     */
    WatchedTransport(Consumer<Channel> listening, Consumer<Channel> accepted) {
        this.listening = listening;
        this.accepted = accepted;
    }

    @Override
    public String name() {
        return NIO.name();
    }

    @Override
    public boolean available() {
        return NIO.available();
    }

    @Override
    public @Nullable Throwable unavailabilityCause() {
        return NIO.unavailabilityCause();
    }

    @Override
    public Transport implementation() {
        return new Watched();
    }

    private final class Arrival extends ChannelInitializer<Channel> {
        @Override
        protected void initChannel(Channel connection) {
            accepted.accept(connection);
        }
    }

    private final class Watched implements Transport {

        @Override
        public ChannelFactory<? extends ServerChannel> serverChannelFactory(boolean domainSocket) {
            ChannelFactory<? extends ServerChannel> factory =
                    sockets.serverChannelFactory(domainSocket);
            return () -> {
                ServerChannel channel = factory.newChannel();
                channel.pipeline()
                        .addLast(
                                new ChannelInboundHandlerAdapter() {
                                    @Override
                                    public void channelRead(
                                            ChannelHandlerContext context, Object message)
                                            throws Exception {
                                        if (message instanceof Channel connection) {
                                            connection.pipeline().addLast(new Arrival());
                                        }
                                        super.channelRead(context, message);
                                    }
                                });
                listening.accept(channel);
                return channel;
            };
        }

        @Override
        public ChannelFactory<? extends Channel> channelFactory(boolean domainSocket) {
            return sockets.channelFactory(domainSocket);
        }

        @Override
        public boolean supportsDomainSockets() {
            return sockets.supportsDomainSockets();
        }

        @Override
        public java.net.SocketAddress convert(SocketAddress address) {
            return sockets.convert(address);
        }

        @Override
        public SocketAddress convert(java.net.SocketAddress address) {
            return sockets.convert(address);
        }

        @Override
        public IoHandlerFactory ioHandlerFactory() {
            return sockets.ioHandlerFactory();
        }

        @Override
        @SuppressWarnings("deprecation")
        public DatagramChannel datagramChannel(InternetProtocolFamily family) {
            return sockets.datagramChannel(family);
        }

        @Override
        public ChannelFactory<? extends DatagramChannel> datagramChannelFactory() {
            return sockets.datagramChannelFactory();
        }
    }
}
