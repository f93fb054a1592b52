package io.kumki.dcs.cluster;

import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What the leader publishes about its log.
 *
 * @param leaderLsn the leader's last position; empty if never written
 * @param slots slot name to position as the leader sees it, with the leader's own slot name at its
 *     current position
 * @param retainSlots physical slots of members that must be kept although the member may be gone
 */
public record ClusterStatus(
        Optional<Lsn> leaderLsn, SortedMap<String, Lsn> slots, List<String> retainSlots) {

    public static final ClusterStatus NONE =
            new ClusterStatus(Optional.empty(), new TreeMap<>(), List.of());

    public ClusterStatus {
        slots = Collections.unmodifiableSortedMap(new TreeMap<>(slots));
        retainSlots = List.copyOf(retainSlots);
    }
}
