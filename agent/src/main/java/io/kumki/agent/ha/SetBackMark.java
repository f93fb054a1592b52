package io.kumki.agent.ha;

import io.kumki.dcs.cluster.ClusterSettings.SynchronousMode;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.dcs.cluster.SyncState;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The sync key of a store that was set back ({@link StoreTrust}), for those who can't know: agents
 * that are started later, and members that slept. Nobody may take over by it, other managers'
 * members neither, for its leader is no member's name; that tells who was a member before the loss.
 */
final class SetBackMark {

    private static final String BEGIN = "(etcd was set back; members before: ";
    private static final String END = ")";

    private SetBackMark() {}

    static boolean is(SyncState sync) {
        return sync.leader().filter(name -> name.value().startsWith(BEGIN)).isPresent();
    }

    /** Whom a sync key names: as leader, as standby, or as a member before the loss. */
    static SortedSet<MemberName> voters(SyncState sync) {
        SortedSet<MemberName> names = new TreeSet<>(sync.standbys());
        sync.leader()
                .ifPresent(leader -> {
                    if (is(sync)) {
                        String list = leader.value().substring(BEGIN.length());
                        Stream.of(
                                        list.substring(
                                                        0,
                                                        list.length()
                                                                - (list.endsWith(END) ? 1 : 0))
                                                .split(","))
                                .filter(name -> !name.isBlank())
                                .forEach(name -> names.add(new MemberName(name)));
                    } else {
                        names.add(leader);
                    }
                });
        return names;
    }

    static SyncState of(SortedSet<MemberName> members) {
        String list = members.stream().map(MemberName::value).collect(Collectors.joining(","));
        return new SyncState(Optional.of(new MemberName(BEGIN + list + END)), 0, List.of(), 0);
    }

    /**
     * Writes it, or adds who is missing in it. Empty if all is written, or somebody leads who will
     * write the key anew or delete it.
     */
    static Optional<Action> due(Situation s) {
        boolean led =
                s.iHoldKey() && s.server().primary()
                        || s.synchronousMode() == SynchronousMode.OFF && !s.vacant();
        if (led || s.memory().storeTrust().doubt().isEmpty() || !StoreTrust.commitsInDoubt(s)) {
            return Optional.empty();
        }
        SyncState sync = s.cluster().sync();
        SortedSet<MemberName> members =
                new TreeSet<>(s.memory().storeTrust().doubt().get().known().keySet());
        members.add(s.me());
        if (is(sync)) {
            SortedSet<MemberName> written = voters(sync);
            if (written.containsAll(members)) {
                return Optional.empty();
            }
            members.addAll(written);
        }
        return Optional.of(new Action.WriteSync(of(members), sync.modRevision()));
    }
}
