package io.kumki.agent.sim;

import io.kumki.agent.ha.PeerAnswer;
import io.kumki.agent.node.HaLoop;
import io.kumki.agent.node.Peers;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.restapi.NodeSnapshot;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

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
                    answer -> {
                        answers.put(member.name(), answer);
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

    private void ask(String name, java.util.function.Consumer<PeerAnswer> reply) {
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
                    if (loop == null) {
                        return;
                    }
                    loop.fresh(Duration.ofMillis(50))
                            .onSuccess(snapshot ->
                                    network.send(
                                            name,
                                            node.name(),
                                            agent,
                                            () -> reply.accept(answer(snapshot))));
                });
    }

    /** What the status document of such a snapshot tells an election. */
    private static PeerAnswer answer(NodeSnapshot snapshot) {
        NodeSnapshot.ServerStatus server = snapshot.server();
        if (server.answer().isEmpty()) {
            return new PeerAnswer.NoPosition(server.state(), server.role());
        }
        NodeSnapshot.Answer answer = server.answer().get();
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
                                    standby.receivedSinceStart());
        };
    }
}
