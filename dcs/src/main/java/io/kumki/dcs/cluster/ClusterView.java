package io.kumki.dcs.cluster;

import java.util.Collections;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * All of a cluster's keys at one moment.
 *
 * @param initialize empty: no cluster yet; empty text: a member is bootstrapping; else the system
 *     identifier
 * @param leadership {@link Leadership.Unknown} if this is an old view because etcd doesn't answer
 * @param members by name; only those whose key exists
 * @param config empty if the key is missing or holds no (valid, non-empty) JSON object
 * @param failover {@link FailoverRequest#NONE} without a request (its revision is then still the
 *     key's, if there is one)
 * @param failsafe member name to REST address, last written by a leader in failsafe mode; empty if
 *     there is no such key
 * @param revision etcd's revision of the read; a watch that continues it starts at the next one
 */
public record ClusterView(
        Optional<String> initialize,
        Leadership leadership,
        SortedMap<MemberName, Member> members,
        Optional<DynamicConfig> config,
        FailoverRequest failover,
        SyncState sync,
        ClusterStatus status,
        TimelineHistory history,
        Optional<SortedMap<MemberName, String>> failsafe,
        long revision) {

    private static final Pattern IDENTIFIER = Pattern.compile("[0-9]{10,}");

    public ClusterView {
        members = Collections.unmodifiableSortedMap(new TreeMap<>(members));
        failsafe = failsafe.map(map -> Collections.unmodifiableSortedMap(new TreeMap<>(map)));
    }

    /** A store in which this cluster has no key. */
    public static final ClusterView EMPTY =
            new ClusterView(
                    Optional.empty(),
                    new Leadership.Vacant(),
                    new TreeMap<>(),
                    Optional.empty(),
                    FailoverRequest.NONE,
                    SyncState.NONE,
                    ClusterStatus.NONE,
                    TimelineHistory.UNKNOWN,
                    Optional.empty(),
                    0);

    /**
     * The same view when the lead itself is in doubt: everything as last seen, but who leads is not
     * known.
     *
     * @param why see {@link Leadership.Unknown}
     */
    public ClusterView unreachable(String why) {
        return withLeadership(new Leadership.Unknown(why, false));
    }

    /** The same view while etcd doesn't answer. */
    public ClusterView silent() {
        return withLeadership(new Leadership.Unknown("etcd silent", true));
    }

    public ClusterView withLeadership(Leadership other) {
        return copy(other, members, status, failsafe);
    }

    public ClusterView withMembers(SortedMap<MemberName, Member> others) {
        return copy(leadership, others, status, failsafe);
    }

    public ClusterView withStatus(ClusterStatus other) {
        return copy(leadership, members, other, failsafe);
    }

    public ClusterView withFailsafe(SortedMap<MemberName, String> other) {
        return copy(leadership, members, status, Optional.of(other));
    }

    private ClusterView copy(
            Leadership leads,
            SortedMap<MemberName, Member> all,
            ClusterStatus positions,
            Optional<SortedMap<MemberName, String>> mayLead) {
        return new ClusterView(
                initialize,
                leads,
                all,
                config,
                failover,
                sync,
                positions,
                history,
                mayLead,
                revision);
    }

    /** The holder of the leader key, if it is known that there is one. */
    public Optional<MemberName> leader() {
        return leadership instanceof Leadership.Held held
                ? Optional.of(held.holder())
                : Optional.empty();
    }

    /** The leader's member entry; one without addresses if it published none. */
    public Optional<Member> leaderMember() {
        return leader().map(name -> members.getOrDefault(name, Member.nameOnly(name)));
    }

    public Optional<Member> member(MemberName name) {
        return Optional.ofNullable(members.get(name));
    }

    /**
     * The cluster's system identifier, if {@link #initialize} holds a valid one: at least 10
     * characters, all digits.
     */
    public Optional<String> systemIdentifier() {
        return initialize.filter(text -> IDENTIFIER.matcher(text).matches());
    }
}
