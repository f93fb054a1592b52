package io.kumki.dcs.cluster;

import java.util.Optional;

/**
 * An operator's wish for another leader, as stored.
 *
 * @param leader who should step down; present makes it a switchover, absent a manual failover
 * @param candidate who should take over; empty: whoever is best
 * @param scheduledAt ISO 8601 with offset, as entered; switchover only
 * @param modRevision the key's revision, 0 if it has none
 */
public record FailoverRequest(
        Optional<MemberName> leader,
        Optional<MemberName> candidate,
        Optional<String> scheduledAt,
        long modRevision) {

    public static final FailoverRequest NONE =
            new FailoverRequest(Optional.empty(), Optional.empty(), Optional.empty(), 0);

    /**
     * Whether somebody asks for something: an object without leader and candidate is no request.
     */
    public boolean present() {
        return leader.isPresent() || candidate.isPresent();
    }

    /**
     * The word for messages: {@code switchover} if it names a leader, else {@code manual failover}.
     */
    public String actionName() {
        return leader.isPresent() ? "switchover" : "manual failover";
    }
}
