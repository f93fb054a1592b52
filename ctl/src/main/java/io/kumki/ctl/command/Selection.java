package io.kumki.ctl.command;

import io.kumki.ctl.console.CtlException;
import io.kumki.ctl.members.RoleFilter;
import io.kumki.ctl.session.ClusterAccess;
import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.Member;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Which members {@code reload}, {@code restart}, {@code reinit} and {@code flush restart} are
 * about.
 *
 * @param role narrows the members
 * @param names as given; empty: all of the role
 */
record Selection(RoleFilter role, List<String> names) {

    /**
     * Prints the table and picks the members.
     *
     * @throws CtlException if there are none
     */
    List<Member> choose(ClusterCommand command, ClusterAccess cluster, ClusterView view) {
        return choose(command, cluster, view, "'" + role + "'");
    }

    /**
     * @param shownRole the role as an error names it
     */
    List<Member> choose(
            ClusterCommand command, ClusterAccess cluster, ClusterView view, String shownRole) {
        List<Member> members = role.members(view);
        if (members.isEmpty() && names.isEmpty()) {
            throw new CtlException(cluster.name() + " cluster doesn't have any members");
        }
        command.printMembers(cluster, view);
        if (names.isEmpty()) {
            return members;
        }
        List<Member> kept =
                members.stream().filter(member -> names.contains(member.name().value())).toList();
        if (kept.isEmpty()) {
            throw new CtlException("No " + shownRole + " among provided members");
        }
        return kept;
    }

    /** Asks before the action runs. */
    static void confirm(ClusterCommand command, String action, List<Member> members) {
        if (!command.console()
                .confirm(
                        "Are you sure you want to " + action + " members " + list(members) + "?")) {
            throw new CtlException("Aborted " + action);
        }
    }

    static String list(List<Member> members) {
        return members.stream()
                .map(member -> member.name().value())
                .collect(Collectors.joining(", "));
    }
}
