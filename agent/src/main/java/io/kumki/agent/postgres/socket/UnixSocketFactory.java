package io.kumki.agent.postgres.socket;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import javax.net.SocketFactory;

/** Gives pgjdbc connections to one unix socket; the host and port of the URL don't count. */
public final class UnixSocketFactory extends SocketFactory {

    private final String path;

    /**
     * Called by pgjdbc for each connection.
     *
     * @param path of the socket: {@code DIRECTORY/.s.PGSQL.PORT}
     */
    public UnixSocketFactory(String path) {
        this.path = path;
    }

    @Override
    public Socket createSocket() throws IOException {
        return UnixSocket.connected(path);
    }

    @Override
    public Socket createSocket(String host, int port) throws IOException {
        return createSocket();
    }

    @Override
    public Socket createSocket(String host, int port, InetAddress localHost, int localPort)
            throws IOException {
        return createSocket();
    }

    @Override
    public Socket createSocket(InetAddress host, int port) throws IOException {
        return createSocket();
    }

    @Override
    public Socket createSocket(
            InetAddress address, int port, InetAddress localAddress, int localPort)
            throws IOException {
        return createSocket();
    }
}
