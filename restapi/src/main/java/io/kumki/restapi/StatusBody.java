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

    private record Kept(NodeSnapshot node, boolean clusterKnown, boolean failsafe, Buffer bytes) {}

    /** The body of health checks. */
    Buffer of(Probes probes) {
        boolean clusterKnown = probes.cluster().isPresent();
        boolean failsafe = probes.failsafeActive();
        Kept now = kept;
        if (now == null
                || !sameNode(now.node(), probes.node())
                || now.clusterKnown() != clusterKnown
                || now.failsafe() != failsafe) {
            Buffer bytes = Json.write(StatusDocument.of(probes));
            now = new Kept(probes.node(), clusterKnown, failsafe, bytes);
            kept = now;
        }
        return now.bytes();
    }

    /** With the time left of the lease, the one field that changes all the time, at its end. */
    Buffer withLease(Probes probes) {
        Buffer body = of(probes);
        return probes.lease()
                .map(lease ->
                        Buffer.buffer(body.length() + 64)
                                .appendBuffer(body, 0, body.length() - 1)
                                .appendString(", \"lease\": ")
                                .appendBuffer(Json.write(lease.fields()))
                                .appendString("}"))
                .orElse(body);
    }

    /** A snapshot is published whole: another one is another object, and comparing all is slow. */
    @SuppressWarnings("ReferenceEquality")
    private static boolean sameNode(NodeSnapshot a, NodeSnapshot b) {
        return a == b;
    }
}
