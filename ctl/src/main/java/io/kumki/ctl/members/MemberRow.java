package io.kumki.ctl.members;

import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.ScheduledRestart;
import java.util.Optional;

/** One member with everything the table may show of it. */
record MemberRow(
        Member member,
        Optional<ServerAddress> address,
        ShownRole role,
        String state,
        MemberLag lag) {

    static MemberRow of(Member member, ClusterView view) {
        ShownRole role = ShownRole.of(member, view);
        String state = member.status().state();
        if (role != ShownRole.LEADER) {
            state = member.wal().replicationState().orElse(state);
        }
        boolean owner = view.leadership().heldBy(member.name());
        MemberLag lag = owner ? MemberLag.NONE : MemberLag.of(member, state, view.status());
        return new MemberRow(member, ServerAddress.of(member), role, state, lag);
    }

    String name() {
        return member.name().value();
    }

    Object timeline() {
        return member.wal().timeline() == 0 ? "" : member.wal().timeline();
    }

    boolean restartPending() {
        return member.status().restartPending() || !member.status().pendingRestart().isEmpty();
    }

    /** The restart's time, with its version condition if it has one. */
    String scheduledRestart() {
        return member.status()
                .scheduledRestart()
                .map(restart -> restart.schedule() + condition(restart.conditions()))
                .orElse("");
    }

    private static String condition(ScheduledRestart.Conditions conditions) {
        return conditions.postgresVersion().map(v -> " if version < " + v).orElse("");
    }
}
