package io.kumki.agent.sim;

import io.kumki.agent.ha.PeerAnswer;
import io.kumki.agent.node.HaLoop;
import io.kumki.agent.node.Peers;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.restapi.Lease;
import io.kumki.restapi.NodeControl.FailsafeAnswer;
import io.kumki.restapi.NodeControl.FailsafeCall;
import io.kumki.restapi.NodeSnapshot;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Function;

/** Asks the other nodes' loops over the simulated network. */
final class SimPeers implements Peers {

    private final SimNode node;
    private final SimNode.Agent agent;
    private final SimClock clock;

    SimPeers(SimNode node, SimNode.Agent agent, SimClock clock) {
        this.node = node;
        this.agent = agent;
        this.clock = clock;
    }

    @Override
    public Future<SortedMap<MemberName, PeerAnswer>> ask(List<Member> members, Duration limit) {
        SortedMap<MemberName, PeerAnswer> answers = new TreeMap<>();
        Promise<SortedMap<MemberName, PeerAnswer>> promise = Promise.promise();
        for (Member member : members) {
            ask(
                    member.name().value(),
                    loop -> loop.fresh(Duration.ofMillis(50)),
                    snapshot -> {
                        answers.put(member.name(), answer(snapshot));
                        if (answers.size() == members.size()) {
                            promise.tryComplete(new TreeMap<>(answers));
                        }
                    });
        }
        clock.schedule(
                limit,
                () -> {
                    SortedMap<MemberName, PeerAnswer> known = new TreeMap<>(answers);
                    members.forEach(member ->
                            known.putIfAbsent(
                                    member.name(), new PeerAnswer.Unreachable("no answer")));
                    promise.tryComplete(known);
                });
        return promise.future();
    }

    /** Carries a question there and its answer back, if both agents live and the network does. */
    private <T> void ask(String name, Function<HaLoop, Future<T>> question, Consumer<T> reply) {
        SimNode other = node.parts().cluster().node(name);
        SimNode.Agent asked = other == null ? null : other.agent();
        if (other == null || asked == null || asked.gone()) {
            return;
        }
        SimNetwork network = node.parts().network();
        network.send(
                node.name(),
                name,
                asked,
                () -> {
                    HaLoop loop = other.loop();
                    if (loop != null) {
                        question.apply(loop)
                                .onSuccess(answer ->
                                        network.send(
                                                name,
                                                node.name(),
                                                agent,
                                                () -> reply.accept(answer)));
                    }
                });
    }

    /** People look at pages, not at simulations. */
    @Override
    public Future<Optional<Lease>> askLease(Member leader, Duration limit) {
        return Future.succeededFuture(Optional.empty());
    }

    @Override
    public Future<SortedMap<MemberName, FailsafeReply>> askFailsafe(
            SortedMap<MemberName, String> members, FailsafeCall call, Duration limit) {
        SortedMap<MemberName, FailsafeReply> replies = new TreeMap<>();
        Promise<SortedMap<MemberName, FailsafeReply>> promise = Promise.promise();
        if (members.isEmpty()) {
            promise.complete(replies);
        }
        for (MemberName member : members.keySet()) {
            ask(
                    member.value(),
                    loop -> loop.failsafe(call),
                    answer -> {
                        replies.put(member, reply(answer));
                        if (replies.size() == members.size()) {
                            promise.tryComplete(new TreeMap<>(replies));
                        }
                    });
        }
        clock.schedule(limit, () -> promise.tryComplete(new TreeMap<>(replies)));
        long sent = clock.nanos();
        return promise.future().onSuccess(all -> tellGuard(sent, all, members.size()));
    }

    /** All agreed: the deadline moves to where the first promise ends. */
    private void tellGuard(long sent, SortedMap<MemberName, FailsafeReply> replies, int asked) {
        Duration promised = node.parts().scenario().ttl();
        for (FailsafeReply reply : replies.values()) {
            if (!(reply instanceof FailsafeReply.Agreed yes)) {
                return;
            }
            Duration theirs = yes.promised().orElse(promised);
            promised = theirs.compareTo(promised) < 0 ? theirs : promised;
        }
        if (replies.size() == asked && node.guard().withinDeadline()) {
            node.guard().proved(agent, sent + promised.toNanos());
        }
    }

    private static FailsafeReply reply(FailsafeAnswer answer) {
        return answer instanceof FailsafeAnswer.Accepted yes
                ? new FailsafeReply.Agreed(yes.ownLsn(), Optional.of(yes.promised()))
                : new FailsafeReply.Refused(answer.toString());
    }

    /** What the status document of such a snapshot tells an election. */
    private static PeerAnswer answer(NodeSnapshot snapshot) {
        NodeSnapshot.ServerStatus server = snapshot.server();
        if (server.answer().isEmpty()) {
            return new PeerAnswer.NoPosition(server.state(), server.role());
        }
        NodeSnapshot.Answer answer = server.answer().get();
        PeerAnswer told = answer(snapshot, answer);
        return told instanceof PeerAnswer.Reached reached
                        && snapshot.condition().impaired().isPresent()
                ? reached.impairedBy(snapshot.condition().impaired().get())
                : told;
    }

    private static PeerAnswer answer(NodeSnapshot snapshot, NodeSnapshot.Answer answer) {
        NodeSnapshot.ServerStatus server = snapshot.server();
        return switch (answer.wal()) {
            case NodeSnapshot.Wal.Primary _ ->
                    new PeerAnswer.Reached(
                            true,
                            server.state(),
                            Lsn.ZERO,
                            answer.timeline(),
                            snapshot.tags(),
                            snapshot.watchdogFailed());
            case NodeSnapshot.Wal.Standby standby ->
                    standby.received().isEmpty() && standby.replayed().isEmpty()
                            ? new PeerAnswer.NoPosition(server.state(), server.role())
                            : new PeerAnswer.Reached(
                                    false,
                                    server.state(),
                                    standby.received()
                                            .orElse(Lsn.ZERO)
                                            .max(standby.replayed().orElse(Lsn.ZERO)),
                                    answer.timeline(),
                                    snapshot.tags(),
                                    snapshot.watchdogFailed(),
                                    new TreeSet<>(),
                                    standby.receivedSinceStart(),
                                    Optional.empty());
        };
    }
}
