package io.kumki.dcs.etcd;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** A TCP proxy in front of an etcd that can lose answers, delay them, or cut connections. */
final class UnreliableProxy implements AutoCloseable {

    private final ServerSocket server;
    private final InetSocketAddress target;
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();
    private volatile boolean losesAnswers;
    private volatile boolean refuses;
    private volatile long delayMillis;

    UnreliableProxy(URI target) {
        this.target = new InetSocketAddress(target.getHost(), target.getPort());
        try {
            this.server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Thread.ofVirtual().start(this::accept);
    }

    URI endpoint() {
        return URI.create("http://127.0.0.1:" + server.getLocalPort());
    }

    /** Requests arrive, answers are lost; connections stay. */
    void loseAnswers(boolean loses) {
        losesAnswers = loses;
    }

    /** Each piece of an answer comes that much later. */
    void delayAnswers(long millis) {
        delayMillis = millis;
    }

    /** Cuts all connections, and each new one at once. */
    void cut(boolean cuts) {
        refuses = cuts;
        if (cuts) {
            sockets.forEach(UnreliableProxy::closeQuietly);
            sockets.clear();
        }
    }

    private void accept() {
        while (!server.isClosed()) {
            try {
                Socket client = server.accept();
                if (refuses) {
                    closeQuietly(client);
                    continue;
                }
                Socket etcd = new Socket(target.getAddress(), target.getPort());
                sockets.add(client);
                sockets.add(etcd);
                Thread.ofVirtual().start(() -> pump(client, etcd, false));
                Thread.ofVirtual().start(() -> pump(etcd, client, true));
            } catch (IOException closed) {
                if (server.isClosed()) {
                    return;
                }
            }
        }
    }

    private void pump(Socket from, Socket to, boolean answers) {
        byte[] buffer = new byte[16_384];
        try (from;
                to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                if (answers && delayMillis > 0) {
                    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(delayMillis));
                }
                if (!answers || !losesAnswers) {
                    out.write(buffer, 0, count);
                    out.flush();
                }
            }
        } catch (IOException closed) {
            // the other side has gone: so does this one
        }
    }

    private static void closeQuietly(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        cut(true);
        try {
            server.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
