package io.kumki.dcs;

/** What became of a write to the store. */
public sealed interface WriteOutcome {

    /**
     * Done.
     *
     * @param revision the store's revision of this write: the key's new modification revision
     */
    record Applied(long revision) implements WriteOutcome {}

    /**
     * The store answered that its condition does not hold, or refused it for good: nothing was
     * written.
     */
    record Rejected(String reason) implements WriteOutcome {

        /** The reason if the lease that the key should hang on is gone: refresh it, then repeat. */
        public static final String LEASE_NOT_FOUND = "lease not found";

        public boolean leaseNotFound() {
            return reason.equals(LEASE_NOT_FOUND);
        }
    }

    /**
     * No (usable) answer: it may have been written, now or a moment later. Read before acting on
     * it.
     */
    record Unknown(String reason) implements WriteOutcome {}

    default boolean applied() {
        return this instanceof Applied;
    }
}
