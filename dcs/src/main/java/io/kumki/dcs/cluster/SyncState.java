package io.kumki.dcs.cluster;

import java.util.List;
import java.util.Optional;

/**
 * Which members may take over without losing a commit that synchronous mode acknowledged.
 *
 * @param leader the primary that maintains this state; empty: synchronous replication isn't active
 * @param syncQuorum quorum mode: how many other voters must confirm before a voter may promote
 * @param standbys sorted by name
 * @param modRevision the key's revision, 0 if it has none
 */
public record SyncState(
        Optional<MemberName> leader, int syncQuorum, List<MemberName> standbys, long modRevision) {

    public static final SyncState NONE = new SyncState(Optional.empty(), 0, List.of(), 0);

    public SyncState {
        standbys = standbys.stream().sorted().toList();
    }

    public boolean active() {
        return leader.isPresent();
    }

    /**
     * Whether {@code name} is the leader or a standby of this state; the wire compares names
     * ignoring case.
     */
    public boolean names(MemberName name) {
        return leader.filter(other -> same(other, name)).isPresent() || namesStandby(name);
    }

    public boolean namesStandby(MemberName name) {
        return standbys.stream().anyMatch(other -> same(other, name));
    }

    private static boolean same(MemberName a, MemberName b) {
        return a.value().equalsIgnoreCase(b.value());
    }
}
