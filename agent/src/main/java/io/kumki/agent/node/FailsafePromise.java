package io.kumki.agent.node;

import io.kumki.agent.ha.Situation;
import io.kumki.agent.ha.SlotNames;
import io.kumki.dcs.cluster.ClusterStatus;
import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.Leadership;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.dcs.cluster.Tags;
import io.kumki.restapi.NodeControl.FailsafeAnswer;
import io.kumki.restapi.NodeControl.FailsafeCall;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What this member agreed to in failsafe mode: that another one goes on as leader without etcd, and
 * that it doesn't run for leader itself until the promise ends.
 *
 * <p>Promise and candidacy exclude each other at every moment: both happen on the loop's context,
 * and from the moment a request for the leader key is under way until the store shows who holds it
 * nothing is promised.
 */
final class FailsafePromise {

    private Optional<FailsafeCall> leader = Optional.empty();
    private long untilNanos;
    private boolean mayHoldKey;

    /** Answers a leader that asks. */
    FailsafeAnswer answer(FailsafeCall call, Situation s) {
        if (!s.settings().failsafeMode()) {
            return new FailsafeAnswer.ModeOff();
        }
        boolean leads = mayHoldKey || s.iHoldKey() || s.leadsByClock() || s.couldWrite();
        if (leads || call.name().equals(s.me())) {
            return new FailsafeAnswer.RunningAsLeader();
        }
        Duration ttl = s.settings().timing().ttl();
        leader = Optional.of(call);
        untilNanos = s.nowNanos() + ttl.toNanos();
        return new FailsafeAnswer.Accepted(
                s.position().isZero() ? Optional.empty() : Optional.of(s.position()), ttl);
    }

    /** Whom this member has promised to leave the lead to. */
    Optional<MemberName> leader(long nowNanos) {
        return leader.filter(_ -> untilNanos - nowNanos > 0).map(FailsafeCall::name);
    }

    /** End of the promise, if there is one. */
    OptionalLong until(long nowNanos) {
        return leader(nowNanos).isPresent() ? OptionalLong.of(untilNanos) : OptionalLong.empty();
    }

    /** A request for the leader key goes out. */
    void asksForKey() {
        mayHoldKey = true;
    }

    /** The store answered, and what it shows is known. */
    void storeShown() {
        mayHoldKey = false;
    }

    /** A view whose leader key is free or unknown, with the promised leader's positions. */
    ClusterView complete(ClusterView view, long nowNanos) {
        boolean known = view.leadership() instanceof Leadership.Held;
        if (known || leader(nowNanos).isEmpty()) {
            return view;
        }
        FailsafeCall call = leader.orElseThrow();
        SortedMap<MemberName, Member> members = new TreeMap<>(view.members());
        members.putIfAbsent(call.name(), member(call));
        ClusterView completed = view.withMembers(members).withStatus(status(view, call));
        return view.leadership() instanceof Leadership.Vacant
                ? completed.withLeadership(new Leadership.Held(call.name(), 0, 0, 0))
                : completed;
    }

    private static ClusterStatus status(ClusterView view, FailsafeCall call) {
        if (call.slots().isEmpty()) {
            return view.status();
        }
        SortedMap<String, Lsn> slots = call.slots().get();
        return new ClusterStatus(
                Optional.ofNullable(slots.get(SlotNames.of(call.name())))
                        .or(view.status()::leaderLsn),
                slots,
                view.status().retainSlots());
    }

    private static Member member(FailsafeCall call) {
        return new Member(
                call.name(),
                new Member.Addresses(
                        Optional.of(call.connUrl()).filter(url -> !url.isEmpty()),
                        Optional.of(call.apiUrl()).filter(url -> !url.isEmpty()),
                        Optional.empty()),
                Member.Status.of("running", "primary", ""),
                Member.WalProgress.UNKNOWN,
                Tags.NONE,
                0);
    }
}
