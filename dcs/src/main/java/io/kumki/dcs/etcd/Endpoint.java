package io.kumki.dcs.etcd;

import io.grpc.Channel;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import java.net.URI;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** One etcd server with its channel, which is made at the first use. Store's context only. */
final class Endpoint {

    private final URI uri;
    private final Function<URI, ManagedChannel> connector;
    private @Nullable ManagedChannel channel;
    private boolean answered;

    Endpoint(URI uri, Function<URI, ManagedChannel> connector) {
        this.uri = uri;
        this.connector = connector;
    }

    URI uri() {
        return uri;
    }

    /** Whether it ever answered; a first call pays for connecting and for loading classes. */
    boolean answered() {
        return answered;
    }

    void noteAnswer() {
        answered = true;
    }

    /**
     * Its channel, ready to connect at once: gRPC's own pause between attempts grows to two
     * minutes, in which a server that is back would not be tried.
     */
    Channel channel() {
        ManagedChannel open = channel;
        if (open == null) {
            open = connector.apply(uri);
            channel = open;
        } else if (open.getState(false) == ConnectivityState.TRANSIENT_FAILURE) {
            open.resetConnectBackoff();
        }
        return open;
    }

    void close() {
        if (channel != null) {
            channel.shutdownNow();
            channel = null;
        }
    }

    @Override
    public String toString() {
        return uri.toString();
    }
}
