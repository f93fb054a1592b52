package io.kumki.restapi;

import io.vertx.core.buffer.Buffer;
import org.jspecify.annotations.Nullable;

/**
 * The status document's bytes, kept as long as nothing in them changes: probes come by the
 * thousand, snapshots once a turn.
 *
 * <p>Used on one event loop.
 */
final class StatusBody {

    private @Nullable Kept kept;
    private @Nullable WithLease withLease;

    private record Kept(Probes.Moment moment, Buffer bytes) {}

    private record WithLease(Buffer document, long leftMillis, Buffer bytes) {}

    /** The body of health checks. */
    Buffer of(Probes probes) {
        Kept now = kept;
        if (now == null || !now.moment().isStill(probes)) {
            now = new Kept(probes.moment(), Json.write(StatusDocument.of(probes)));
            kept = now;
        }
        return now.bytes();
    }

    /** With the time left of the lease, the one field that changes all the time, at its end. */
    Buffer withLease(Probes probes) {
        Buffer document = of(probes);
        return probes.lease().map(lease -> withLease(document, lease)).orElse(document);
    }

    @SuppressWarnings("ReferenceEquality") // the same document is the same object here
    private Buffer withLease(Buffer document, Lease lease) {
        WithLease now = withLease;
        if (now == null
                || now.document() != document
                || now.leftMillis() != lease.left().toMillis()) {
            Buffer bytes =
                    Buffer.buffer(document.length() + 64)
                            .appendBuffer(document, 0, document.length() - 1)
                            .appendString(", \"lease\": ")
                            .appendBuffer(Json.write(lease.fields()))
                            .appendString("}");
            now = new WithLease(document, lease.left().toMillis(), bytes);
            withLease = now;
        }
        return now.bytes();
    }
}
