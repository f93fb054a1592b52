package io.kumki.agent.postgres.socket;

import io.kumki.agent.postgres.Deadline;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Optional;

/**
 * A connection to a unix socket in the form that pgjdbc wants. The JDK has such channels, but gives
 * no {@link Socket} for them; this one has the streams with their time-out, and takes the options
 * of TCP without effect. One thread reads and writes; any may close.
 */
final class UnixSocket extends Socket {

    private static final int BUFFER = 8192;

    private final SocketChannel channel;
    private final Selector ready;
    private volatile int timeoutMillis;

    private UnixSocket(SocketChannel channel, Selector ready) {
        this.channel = channel;
        this.ready = ready;
    }

    static UnixSocket connected(String path) throws IOException {
        SocketChannel channel;
        try {
            channel = SocketChannel.open(UnixDomainSocketAddress.of(path));
        } catch (IOException e) {
            throw new SocketException("cannot connect to \"" + path + "\": " + e.getMessage(), e);
        }
        Selector ready = Selector.open();
        try {
            channel.configureBlocking(false);
            channel.register(ready, SelectionKey.OP_READ);
        } catch (IOException e) {
            ready.close();
            channel.close();
            throw e;
        }
        return new UnixSocket(channel, ready);
    }

    @Override
    public void connect(SocketAddress ignored, int timeout) {
        // it is connected to the only address it has
    }

    @Override
    public InputStream getInputStream() {
        return new InputStream() {
            @Override
            public int read() throws IOException {
                byte[] one = new byte[1];
                return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
            }

            @Override
            public int read(byte[] bytes, int offset, int length) throws IOException {
                return receive(ByteBuffer.wrap(bytes, offset, length));
            }

            @Override
            public void close() throws IOException {
                UnixSocket.this.close();
            }
        };
    }

    private int receive(ByteBuffer into) throws IOException {
        if (!into.hasRemaining()) {
            return 0;
        }
        Optional<Deadline> limit =
                Optional.of(timeoutMillis)
                        .filter(millis -> millis > 0)
                        .map(millis -> Deadline.in(Duration.ofMillis(millis)));
        while (true) {
            int count = channel.read(into);
            if (count != 0) {
                return count;
            }
            await(SelectionKey.OP_READ, limit);
        }
    }

    @Override
    public OutputStream getOutputStream() {
        return new OutputStream() {
            @Override
            public void write(int one) throws IOException {
                write(new byte[] {(byte) one}, 0, 1);
            }

            @Override
            public void write(byte[] bytes, int offset, int length) throws IOException {
                ByteBuffer from = ByteBuffer.wrap(bytes, offset, length);
                while (from.hasRemaining()) {
                    if (channel.write(from) == 0) {
                        await(SelectionKey.OP_WRITE, Optional.empty());
                    }
                }
            }

            @Override
            public void close() throws IOException {
                UnixSocket.this.close();
            }
        };
    }

    private void await(int operation, Optional<Deadline> limit) throws IOException {
        if (limit.filter(Deadline::passed).isPresent()) {
            throw new SocketTimeoutException("Read timed out");
        }
        try {
            channel.keyFor(ready).interestOps(operation);
            // a select of 0 has no limit
            ready.select(limit.map(at -> Math.max(1, at.left().toMillis())).orElse(0L));
            ready.selectedKeys().clear();
        } catch (ClosedSelectorException e) {
            throw new SocketException("socket closed", e);
        }
        if (Thread.currentThread().isInterrupted()) {
            throw new InterruptedIOException("interrupted while waiting for the server");
        }
    }

    @Override
    public void setSoTimeout(int millis) {
        timeoutMillis = millis;
    }

    @Override
    public int getSoTimeout() {
        return timeoutMillis;
    }

    @Override
    public boolean isConnected() {
        return true;
    }

    @Override
    public boolean isClosed() {
        return !channel.isOpen();
    }

    @Override
    public void close() throws IOException {
        ready.close();
        channel.close();
    }

    @Override
    public void setTcpNoDelay(boolean on) {}

    @Override
    public boolean getTcpNoDelay() {
        return true;
    }

    @Override
    public void setKeepAlive(boolean on) {}

    @Override
    public boolean getKeepAlive() {
        return false;
    }

    @Override
    public void setSendBufferSize(int size) {}

    @Override
    public int getSendBufferSize() {
        return BUFFER;
    }

    @Override
    public void setReceiveBufferSize(int size) {}

    @Override
    public int getReceiveBufferSize() {
        return BUFFER;
    }
}
