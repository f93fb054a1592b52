package io.kumki.agent.ha;

import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.MemberName;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * An election after the store was set back ({@link StoreTrust}). Where commits waited for standbys
 * the sync key doesn't tell any more who has every acknowledged one. Somebody has: so all that were
 * ever known must answer, and none may have more. A later timeline counts for more than a longer
 * log, which may have gone on beside the cluster. And whoever led by the lost store may go on until
 * its lease ends, which this store doesn't know.
 */
final class SetBackElection {

    private static final Duration SOON = Duration.ofMillis(250);

    private SetBackElection() {}

    /** Why this standby may not run for leader; empty if nothing of this keeps it from that. */
    static Optional<Decision> keepsFromLead(Situation s, LocalServer.Answer.Standby standby) {
        boolean commits = StoreTrust.commitsInDoubt(s) && !SyncTakeover.askedForByHand(s);
        Duration lease = StoreTrust.lostLeaseLeft(s);
        if (!commits && lease.isZero()) {
            return Optional.empty();
        }
        if (commits && !SetBackMark.is(s.cluster().sync())) {
            return waits(
                    s,
                    "election.set-back-marks",
                    "etcd was set back: first the key \"sync\" must say so, and who was a member");
        }
        SortedMap<MemberName, Member> others = others(s);
        List<Member> asked =
                others.values().stream()
                        .filter(member -> member.addresses().apiUrl().isPresent())
                        .toList();
        if (s.peers().isEmpty() && !asked.isEmpty()) {
            return Optional.of(
                    Decision.of(
                            "election.set-back-asks",
                            "etcd was set back: every member is asked what it has",
                            s.memory(),
                            new Action.AskMembers(asked)));
        }
        SortedMap<MemberName, String> reasons = new TreeMap<>();
        for (MemberName name : others.keySet()) {
            mayLead(answer(s, name))
                    .or(() -> commits ? mayHaveMore(standby, answer(s, name)) : Optional.empty())
                    .ifPresent(why -> reasons.put(name, why));
        }
        if (reasons.isEmpty()) {
            return Optional.empty();
        }
        return commits
                ? waits(
                        s,
                        "election.set-back-waits",
                        "etcd was set back (restored from a backup?), so the key \"sync\" may name"
                                + " somebody who lacks acknowledged commits, and others may have more"
                                + " than this member: "
                                + Candidates.describe(reasons)
                                + ". If one is lost for good: kumkictl failover --candidate with the"
                                + " member that has most")
                : waits(
                        s,
                        "election.set-back-lease",
                        "etcd was set back, and somebody may lead for another "
                                + lease.toMillis()
                                + " ms by a lease that it doesn't know: "
                                + Candidates.describe(reasons));
    }

    private static Optional<Decision> waits(Situation s, String rule, String reason) {
        return Optional.of(Decision.of(rule, reason, s.memory()).after(SOON));
    }

    /** Everybody of whom anybody knew before the loss or knows now. */
    private static SortedMap<MemberName, Member> others(Situation s) {
        SortedMap<MemberName, Member> others = new TreeMap<>();
        SetBackMark.voters(s.cluster().sync())
                .forEach(name -> others.put(name, Member.nameOnly(name)));
        s.memory().storeTrust().doubt().ifPresent(doubt -> others.putAll(doubt.known()));
        others.putAll(Candidates.everKnown(s, true));
        others.remove(s.me());
        return others;
    }

    private static PeerAnswer answer(Situation s, MemberName name) {
        return s.peers()
                .orElse(new TreeMap<>())
                .getOrDefault(name, new PeerAnswer.Unreachable("its REST address isn't known"));
    }

    private static Optional<String> mayLead(PeerAnswer answer) {
        return switch (answer) {
            case PeerAnswer.Unreachable(String why) -> Optional.of("not reachable: " + why);
            case PeerAnswer.NoPosition(String state, String _) ->
                    Optional.of("its server is \"" + state + "\"");
            case PeerAnswer.Reached reached ->
                    reached.primary() ? Optional.of("it is a primary") : Optional.empty();
        };
    }

    private static Optional<String> mayHaveMore(LocalServer.Answer.Standby own, PeerAnswer answer) {
        if (!(answer instanceof PeerAnswer.Reached other)
                || !other.complete()
                || other.timeline() == 0) {
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
