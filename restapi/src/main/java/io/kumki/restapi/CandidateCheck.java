package io.kumki.restapi;

import io.kumki.dcs.cluster.ClusterSettings;
import io.kumki.dcs.cluster.ClusterSettings.SynchronousMode;
import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.MemberName;
import io.vertx.core.Future;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** Whether anybody could take over now; the loop looks again, and closer. */
final class CandidateCheck {

    static final String NO_SUCH_CANDIDATE = "candidate does not exists";

    private final NodeControl control;

    CandidateCheck(NodeControl control) {
        this.control = control;
    }

    /** Fails with a {@link Refusal} that names each member and what speaks against it. */
    Future<Void> check(FailoverWish wish, ClusterView cluster, ClusterSettings settings) {
        String action = wish.leader().isPresent() ? "switchover" : "failover";
        if (wish.leader().isPresent() && !wish.leaderName().equals(cluster.leader())) {
            throw Refusal.text(412, "leader name does not match");
        }
        List<MemberName> members =
                wish.candidateName()
                        .map(candidate -> named(candidate, action, cluster, settings))
                        .orElseGet(() -> anybody(action, cluster, settings));
        return control.askCandidates(members)
                .map(answers -> {
                    if (answers.stream().allMatch(one -> one.refusal().isPresent())) {
                        throw Refusal.text(412, nobody(action, answers));
                    }
                    return null;
                });
    }

    private static List<MemberName> named(
            MemberName candidate, String action, ClusterView cluster, ClusterSettings settings) {
        if (action.equals("switchover")
                && settings.synchronousMode() == SynchronousMode.ON
                && !cluster.sync().namesStandby(candidate)) {
            throw Refusal.text(412, "candidate name does not match with sync_standby");
        }
        if (cluster.member(candidate).isEmpty()) {
            throw Refusal.text(412, NO_SUCH_CANDIDATE);
        }
        return List.of(candidate);
    }

    private static List<MemberName> anybody(
            String action, ClusterView cluster, ClusterSettings settings) {
        Optional<MemberName> leader = cluster.leader();
        boolean onlySync = settings.synchronousMode() == SynchronousMode.ON;
        List<Member> others =
                cluster.members().values().stream()
                        .filter(member -> !leader.equals(Optional.of(member.name())))
                        .filter(member -> !onlySync || cluster.sync().namesStandby(member.name()))
                        .toList();
        if (onlySync && others.isEmpty()) {
            throw Refusal.text(412, action + " is not possible: can not find sync_standby");
        }
        List<MemberName> reachable =
                others.stream()
                        .filter(member -> member.addresses().apiUrl().isPresent())
                        .map(Member::name)
                        .toList();
        if (reachable.isEmpty()) {
            throw Refusal.text(
                    412, action + " is not possible: cluster does not have members except leader");
        }
        return reachable;
    }

    private static String nobody(String action, List<NodeControl.Candidacy> answers) {
        String text = action + " is not possible: no good candidates have been found";
        return answers.isEmpty()
                ? text
                : answers.stream()
                        .map(one -> one.name() + ": " + one.refusal().orElse(""))
                        .collect(Collectors.joining("; ", text + " (", ")"));
    }
}
