package io.kumki.agent.ha;

import io.kumki.dcs.cluster.MemberName;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * {@code failsafe_mode}: while etcd is silent, a primary goes on as long as every member that could
 * be promoted agrees.
 *
 * <p>Who may be promoted stands in the key {@code failsafe}, which only a leader writes. Each of
 * them that agrees promises not to run for leader for a {@code ttl}; the leader counts it from
 * before it asked. All and not a majority: the members aren't placed like the etcd servers, so most
 * of them may sit in the half that has no etcd. Only the store's silence is bridged so: a renewal
 * that etcd refused, or a deadline that passed, is not.
 */
final class FailsafeRules {

    /** Enough for a healthy network. */
    private static final Duration ROUND = Duration.ofSeconds(2);

    private static final Duration RETRY = Duration.ofMillis(500);

    private FailsafeRules() {}

    /** A primary with a lease; empty if the mode can't keep it. */
    static Optional<Decision> goesOn(Situation s) {
        Duration left = s.leaseLeft().minus(s.stopMargin());
        if (!applies(s) || !left.isPositive()) {
            return Optional.empty();
        }
        SortedMap<MemberName, String> others = others(s);
        Duration loopWait = s.settings().timing().loopWait();
        boolean due = s.leaseLeft().plus(loopWait).compareTo(s.settings().timing().ttl()) <= 0;
        if (!due) {
            return Optional.of(
                    Decision.of(
                                    "failsafe.goes-on",
                                    "continue to run as a leader because failsafe mode is enabled and all members"
                                            + " are accessible",
                                    s.memory())
                            .after(Durations.shorter(left.dividedBy(2), loopWait)));
        }
        return Optional.of(
                Decision.of(
                                "failsafe.asks-members",
                                s.silence()
                                        + ", "
                                        + s.leaseLeft().toMillis()
                                        + " ms of lease left: "
                                        + (others.isEmpty()
                                                ? "nobody else may be promoted"
                                                : "each of "
                                                        + names(others)
                                                        + " must agree that this member goes on as"
                                                        + " leader"),
                                s.memory(),
                                new Action.AskFailsafe(
                                        others, SlotPlan.status(s).slots(), limit(s, left)))
                        .after(RETRY));
    }

    private static boolean applies(Situation s) {
        return s.settings().failsafeMode()
                && s.onlyStoreSilent()
                && s.server().primary()
                && s.memory().stepDown().isEmpty()
                && s.cluster().failsafe().filter(map -> map.containsKey(s.me())).isPresent();
    }

    /**
     * A slow network must not end what a slow store didn't; what is left of the lease bounds it.
     */
    private static Duration limit(Situation s, Duration left) {
        Duration half = s.settings().timing().retryTimeout().dividedBy(2);
        Duration patient = half.compareTo(ROUND) > 0 ? half : ROUND;
        return Durations.shorter(patient, left);
    }

    private static SortedMap<MemberName, String> others(Situation s) {
        SortedMap<MemberName, String> others = new TreeMap<>(s.cluster().failsafe().orElseThrow());
        others.remove(s.me());
        return others;
    }

    private static String names(SortedMap<MemberName, String> members) {
        return String.join(", ", members.keySet().stream().map(MemberName::value).toList());
    }

    /** Who may be promoted from now on: everybody with a REST address, this leader included. */
    static SortedMap<MemberName, String> members(Situation s) {
        SortedMap<MemberName, String> members = new TreeMap<>();
        s.cluster()
                .members()
                .values()
                .forEach(member ->
                        member.addresses()
                                .apiUrl()
                                .ifPresent(url -> members.put(member.name(), url)));
        members.put(s.me(), s.self().addresses().apiUrl().orElse(""));
        return members;
    }

    /**
     * Why this standby may not take a free key, once the members were asked: a leader may go on
     * without etcd. It would stand in the key {@code failsafe}, so when all who do answer, and none
     * is a primary, there is none. Empty if this member may take it.
     */
    static Optional<Decision> keepsFromLead(Situation s) {
        SortedMap<MemberName, String> map = s.cluster().failsafe().orElse(new TreeMap<>());
        boolean settled =
                !s.settings().failsafeMode()
                        || map.isEmpty()
                        || s.peers().isEmpty()
                        || nobodyElseLeads(s, map);
        if (settled) {
            return Optional.empty();
        }
        if (!map.containsKey(s.me())) {
            return Optional.of(
                    Decision.of(
                                    "election.not-in-failsafe",
                                    "failsafe_mode is on and the key \"failsafe\" doesn't name this member: a leader may"
                                            + " go on without asking it",
                                    s.memory())
                            .after(RETRY));
        }
        Duration runs = s.since(s.memory().begunNanos().orElse(s.nowNanos()));
        Duration ttl = s.settings().timing().ttl();
        if (runs.compareTo(ttl) >= 0) {
            return Optional.empty();
        }
        return Optional.of(
                Decision.of(
                                "election.may-have-promised",
                                "failsafe_mode is on, and before it began this agent may have agreed to a leader"
                                        + " that can't be asked now; waiting for another "
                                        + ttl.minus(runs).toMillis()
                                        + " ms",
                                s.memory())
                        .after(RETRY));
    }

    /** Whether a leader in failsafe mode would ask this member. */
    static boolean names(Situation s, MemberName name) {
        return s.settings().failsafeMode()
                && s.cluster().failsafe().filter(map -> map.containsKey(name)).isPresent();
    }

    private static boolean nobodyElseLeads(Situation s, Map<MemberName, String> map) {
        return map.keySet().stream()
                .filter(name -> !name.equals(s.me()))
                .allMatch(name ->
                        s.peers().orElseThrow().get(name) instanceof PeerAnswer.Reached answer
                                && !answer.primary());
    }
}
