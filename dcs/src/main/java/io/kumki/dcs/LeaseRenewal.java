package io.kumki.dcs;

import java.time.Duration;

/**
 * A lease that the store granted or refreshed.
 *
 * @param leaseId the store's id; never 0
 * @param sentAtNanos monotonic instant just before the request was sent that the store answered
 * @param ttl the length the store confirmed; the lease lives at least until {@code sentAtNanos +
 *     ttl}
 * @param granted whether it is a new lease: keys that hung on an older one are gone or will go
 */
public record LeaseRenewal(long leaseId, long sentAtNanos, Duration ttl, boolean granted) {

    /** The monotonic instant up to which the lease is certain to live. */
    public long deadlineNanos() {
        return sentAtNanos + ttl.toNanos();
    }
}
