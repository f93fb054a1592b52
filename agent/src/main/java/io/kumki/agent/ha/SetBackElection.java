package io.kumki.agent.ha;

import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.MemberName;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * An election where commits waited for standbys and the store was set back ({@link StoreTrust}):
 * the sync key doesn't tell any more who has every acknowledged commit. Somebody has: so all that
 * were ever known must answer, and none may have more. A later timeline counts for more than a
 * longer log, which may have gone on beside the cluster.
 */
final class SetBackElection {

    private static final Duration SOON = Duration.ofMillis(250);

    private SetBackElection() {}

    /** Why this standby may not run for leader; empty if nothing of this keeps it from that. */
    static Optional<Decision> keepsFromLead(Situation s, LocalServer.Answer.Standby standby) {
        if (!StoreTrust.commitsInDoubt(s) || SyncTakeover.askedForByHand(s)) {
            return Optional.empty();
        }
        SortedMap<MemberName, Member> others = Candidates.everKnown(s, true);
        s.memory().storeTrust().doubt().ifPresent(doubt -> others.putAll(doubt.known()));
        others.putAll(s.cluster().members());
        others.remove(s.me());
        if (s.peers().isEmpty() && !others.isEmpty()) {
            List<Member> asked =
                    others.values().stream()
                            .filter(member -> member.addresses().apiUrl().isPresent())
                            .toList();
            return Optional.of(
                    Decision.of(
                            "election.set-back-asks",
                            "etcd was set back: every member is asked what it has",
                            s.memory(),
                            new Action.AskMembers(asked)));
        }
        SortedMap<MemberName, String> more = new TreeMap<>();
        for (MemberName name : others.keySet()) {
            mayHaveMore(standby, answer(s, name)).ifPresent(why -> more.put(name, why));
        }
        return more.isEmpty()
                ? Optional.empty()
                : Optional.of(
                        Decision.of(
                                        "election.set-back-waits",
                                        "etcd was set back (restored from a backup?), so the key \"sync\" may name"
                                                + " somebody who lacks acknowledged commits, and others may have"
                                                + " more than this member: "
                                                + Candidates.describe(more)
                                                + ". If one is lost for good: kumkictl failover --candidate with"
                                                + " the member that has most",
                                        s.memory())
                                .after(SOON));
    }

    private static PeerAnswer answer(Situation s, MemberName name) {
        return s.peers()
                .orElse(new TreeMap<>())
                .getOrDefault(name, new PeerAnswer.Unreachable("it has no REST address"));
    }

    private static Optional<String> mayHaveMore(LocalServer.Answer.Standby own, PeerAnswer answer) {
        return switch (answer) {
            case PeerAnswer.Unreachable(String why) -> Optional.of("not reachable: " + why);
            case PeerAnswer.NoPosition(String state, String _) ->
                    Optional.of("its server is \"" + state + "\"");
            case PeerAnswer.Reached reached -> mayHaveMore(own, reached);
        };
    }

    private static Optional<String> mayHaveMore(
            LocalServer.Answer.Standby own, PeerAnswer.Reached other) {
        if (other.primary()) {
            return Optional.empty(); // the race withdraws from it
        }
        if (!other.complete() || other.timeline() == 0) {
            return Optional.of("it hasn't shown the end of its log");
        }
        boolean ahead =
                other.timeline() == own.timeline()
                        ? other.position().compareTo(own.position()) > 0
                        : other.timeline() > own.timeline();
        return ahead
                ? Optional.of("it has " + other.position() + " of timeline " + other.timeline())
                : Optional.empty();
    }
}
