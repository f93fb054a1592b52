package io.kumki.dcs.cluster;

/** Who may lead, as far as this member knows. */
public sealed interface Leadership {

    /**
     * A member holds the leader key.
     *
     * @param holder the name in the key; it may have no member key of its own
     * @param createRevision etcd revision at which this term of leadership began; it changes with
     *     each new acquisition
     * @param modRevision the key's last revision
     * @param leaseId the etcd lease the key hangs on; 0 if none
     */
    record Held(MemberName holder, long createRevision, long modRevision, long leaseId)
            implements Leadership {}

    /** etcd answered, and there is no leader key. */
    record Vacant() implements Leadership {}

    /**
     * The last holder may still lead. Never the same as {@link Vacant}.
     *
     * @param why what hides it, for the decision log: "etcd silent", or what made the last view
     *     worthless
     * @param storeSilent whether only the store's silence hides it; else the lead itself is in
     *     doubt
     */
    record Unknown(String why, boolean storeSilent) implements Leadership {}

    /** Whether {@code name} holds the leader key for sure. */
    default boolean heldBy(MemberName name) {
        return this instanceof Held held && held.holder().equals(name);
    }
}
