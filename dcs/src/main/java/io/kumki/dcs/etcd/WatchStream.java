package io.kumki.dcs.etcd;

import com.google.protobuf.UnknownFieldSet;
import io.etcd.jetcd.api.WatchCreateRequest;
import io.etcd.jetcd.api.WatchGrpc;
import io.etcd.jetcd.api.WatchProgressRequest;
import io.etcd.jetcd.api.WatchRequest;
import io.etcd.jetcd.api.WatchResponse;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import java.util.Optional;

/** One watch stream on one endpoint; hands everything over, decides nothing. */
final class WatchStream extends ClientCall.Listener<WatchResponse> {

    /** Called on a gRPC thread. */
    interface Receiver {
        void received(WatchStream stream, WatchResponse response);

        void ended(WatchStream stream, String reason);
    }

    private static final WatchRequest PROGRESS =
            WatchRequest.newBuilder()
                    .setProgressRequest(WatchProgressRequest.getDefaultInstance())
                    .build();

    /** {@code fragment = true}: large answers come in pieces. jetcd's API lacks the field. */
    private static final UnknownFieldSet FRAGMENT =
            UnknownFieldSet.newBuilder()
                    .addField(8, UnknownFieldSet.Field.newBuilder().addVarint(1).build())
                    .build();

    private final Endpoint endpoint;
    private final ClientCall<WatchRequest, WatchResponse> call;
    private final Receiver receiver;

    private WatchStream(Endpoint endpoint, Channel channel, Receiver receiver) {
        this.endpoint = endpoint;
        this.call = channel.newCall(WatchGrpc.getWatchMethod(), CallOptions.DEFAULT);
        this.receiver = receiver;
    }

    /** Watches all keys below {@code prefix} from {@code revision} on. */
    static WatchStream open(
            Endpoint endpoint,
            String prefix,
            long revision,
            Optional<String> token,
            Receiver receiver) {
        WatchStream stream = new WatchStream(endpoint, endpoint.channel(), receiver);
        stream.call.start(stream, OneShot.headers(token));
        stream.call.request(1);
        stream.call.sendMessage(
                WatchRequest.newBuilder()
                        .setCreateRequest(
                                WatchCreateRequest.newBuilder()
                                        .setKey(EtcdApi.bytes(prefix))
                                        .setRangeEnd(EtcdApi.endOf(prefix))
                                        .setStartRevision(revision)
                                        .setPrevKv(true)
                                        .setUnknownFields(FRAGMENT))
                        .build());
        return stream;
    }

    Endpoint endpoint() {
        return endpoint;
    }

    /** Asks for a sign of life; the answer comes as a response without events. */
    void askProgress() {
        call.sendMessage(PROGRESS);
    }

    void cancel() {
        call.cancel("watch given up", null);
    }

    @Override
    public void onMessage(WatchResponse response) {
        receiver.received(this, response);
        call.request(1);
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
        receiver.ended(
                this,
                status.getCode() + " " + Optional.ofNullable(status.getDescription()).orElse(""));
    }
}
