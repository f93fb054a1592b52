package io.kumki.dcs.etcd;

import io.etcd.jetcd.api.LeaseGrantRequest;
import io.etcd.jetcd.api.LeaseGrantResponse;
import io.etcd.jetcd.api.LeaseKeepAliveRequest;
import io.kumki.dcs.LeaseRenewal;
import io.kumki.dcs.etcd.EtcdCalls.Answered;
import io.kumki.dcs.etcd.EtcdCalls.Repeat;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.OptionalLong;

/**
 * The member's lease: refreshed, or granted anew. Repeating either is harmless; a grant whose
 * answer was lost leaves a lease behind that ends by itself. Store's context only.
 */
final class Leases {

    private final EtcdCalls calls;
    private long grantedId;
    private long grantedForSeconds;

    Leases(EtcdCalls calls) {
        this.calls = calls;
    }

    Future<LeaseRenewal> refresh(OptionalLong current, long deadlineNanos) {
        long wanted = calls.timing().ttl().toSeconds();
        boolean otherLength =
                current.isPresent()
                        && current.getAsLong() == grantedId
                        && grantedForSeconds != wanted;
        if (current.isEmpty() || otherLength) {
            return grant(wanted, deadlineNanos);
        }
        LeaseKeepAliveRequest request =
                LeaseKeepAliveRequest.newBuilder().setID(current.getAsLong()).build();
        return calls.call(EtcdApi.KEEP_ALIVE, request, Repeat.FREELY, deadlineNanos)
                .compose(answer -> {
                    long confirmed = answer.message().getTTL();
                    boolean ours = current.getAsLong() == grantedId;
                    // etcd lengthens very short leases, so compare only what others granted
                    return confirmed > 0 && (ours || confirmed == wanted)
                            ? Future.succeededFuture(
                                    new LeaseRenewal(
                                            current.getAsLong(),
                                            answer.sentAtNanos(),
                                            Duration.ofSeconds(confirmed),
                                            false))
                            : grant(wanted, deadlineNanos);
                });
    }

    private Future<LeaseRenewal> grant(long ttlSeconds, long deadlineNanos) {
        LeaseGrantRequest request = LeaseGrantRequest.newBuilder().setTTL(ttlSeconds).build();
        return calls.call(EtcdApi.GRANT, request, Repeat.FREELY, deadlineNanos)
                .map(answer -> granted(answer, ttlSeconds));
    }

    private LeaseRenewal granted(Answered<LeaseGrantResponse> answer, long askedSeconds) {
        LeaseGrantResponse lease = answer.message();
        if (!lease.getError().isEmpty()) {
            throw new EtcdCallException(
                    new Trouble(Trouble.Kind.REFUSED, lease.getError()),
                    "etcd refused to grant a lease: " + lease.getError());
        }
        grantedId = lease.getID();
        grantedForSeconds = askedSeconds;
        return new LeaseRenewal(
                lease.getID(), answer.sentAtNanos(), Duration.ofSeconds(lease.getTTL()), true);
    }
}
