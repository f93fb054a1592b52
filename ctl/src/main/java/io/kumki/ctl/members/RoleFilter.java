package io.kumki.ctl.members;

import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.MemberName;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Which members {@code --role} means. */
public enum RoleFilter {
    leader,
    primary,
    standbyLeader("standby-leader"),
    replica,
    standby,
    any;

    private final String text;

    RoleFilter() {
        this.text = name();
    }

    RoleFilter(String text) {
        this.text = text;
    }

    /** As on the command line. */
    @Override
    public String toString() {
        return text;
    }

    /** The members of this role, by name. */
    public List<Member> members(ClusterView view) {
        return switch (this) {
            case leader -> owner(view).toList();
            case primary ->
                    owner(view).filter(m -> !m.status().role().equals("standby_leader")).toList();
            case standbyLeader ->
                    owner(view)
                            .filter(m ->
                                    !m.status().role().equals("primary")
                                            && !m.status().role().equals("master"))
                            .toList();
            case replica, standby -> others(view).toList();
            case any -> List.copyOf(view.members().values());
        };
    }

    private static Stream<Member> owner(ClusterView view) {
        return view.leaderMember().stream();
    }

    private static Stream<Member> others(ClusterView view) {
        Optional<MemberName> leader = view.leader();
        return view.members().values().stream()
                .filter(member -> !leader.equals(Optional.of(member.name())));
    }

    /** All members, the leader first: the order in which one of them is asked for the cluster. */
    public static List<Member> leaderFirst(ClusterView view) {
        return Stream.concat(owner(view), others(view)).toList();
    }
}
