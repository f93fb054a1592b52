package io.kumki.agent.ha;

import static io.kumki.agent.ha.RulesTest.row;
import static io.kumki.agent.ha.Situations.leader;
import static io.kumki.agent.ha.Situations.peer;
import static io.kumki.agent.ha.Situations.restartedPeer;
import static io.kumki.agent.ha.Situations.standby;

import io.kumki.agent.ha.LocalServer.ClusterState;
import io.kumki.dcs.cluster.SyncState;
import io.kumki.dcs.cluster.Tags;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;

/** The rows of {@link RulesTest} on an etcd that was restored from a backup. */
final class SetBackRows {

    private SetBackRows() {}

    static Stream<Arguments> all() {
        return Stream.of(leading(), electing(), recovering()).flatMap(rows -> rows);
    }

    private static Situations waited(Situations given) {
        return given.set("synchronous_mode", true).sync(0, "n1", "n2").setBack();
    }

    /** n2 is the one that the backup's key names. */
    private static Situations race() {
        return waited(standby().vacant());
    }

    private static Stream<Arguments> leading() {
        return Stream.of(
                row(
                        "the old key names a standby",
                        standby().held("n2").setBack(),
                        "leader.set-back-gives-up-lead"),
                row(
                        "a failover by hand to it",
                        standby().held("n2").setBack().request("", "n2", "").requestedAt(101),
                        "leader.promotes"),
                row(
                        "an old failover by hand",
                        standby().held("n2").setBack().request("", "n2", ""),
                        "leader.set-back-gives-up-lead"),
                row("a primary that holds the old key", waited(leader()), "leader.holds-lock"),
                row(
                        "an old switchover",
                        leader().setBack().request("n1", "n2", ""),
                        "switchover.older-than-set-back"));
    }

    private static Stream<Arguments> electing() {
        return Stream.of(
                row("asks everybody", race(), "election.set-back-asks"),
                row(
                        "nobody has more",
                        race().heard("n1", peer(1000)).heard("n3", peer(1000)),
                        "election.wins"),
                row(
                        "one doesn't answer",
                        race().heard("n1", peer(1000)),
                        "election.set-back-waits"),
                row(
                        "one has no server",
                        race().heard("n1", new PeerAnswer.NoPosition("stopped", "replica"))
                                .heard("n3", peer(1000)),
                        "election.set-back-waits"),
                row(
                        "one has more",
                        race().heard("n1", peer(1000)).heard("n3", peer(1001)),
                        "election.set-back-waits"),
                row(
                        "one may have more",
                        race().heard("n1", peer(1000)).heard("n3", restartedPeer(900)),
                        "election.set-back-waits"),
                row(
                        "one has a later timeline",
                        race().heard("n1", peer(1000)).heard("n3", peer(false, 600, 3, Tags.NONE)),
                        "election.set-back-waits"),
                row(
                        "one has more of an earlier timeline",
                        race().heard("n1", peer(1000)).heard("n3", peer(false, 9000, 1, Tags.NONE)),
                        "election.wins"),
                row(
                        "one is tagged nofailover, and has more",
                        race().member("n3", "replica", Tags.of(Map.of("nofailover", true)))
                                .heard("n1", peer(1000))
                                .heard("n3", peer(1001)),
                        "election.set-back-waits"),
                row(
                        "a primary lives",
                        race().heard("n1", peer(true, 0, 2, Tags.NONE)).heard("n3", peer(1000)),
                        "election.primary-alive"),
                row(
                        "who was a member before counts",
                        race().ledBy("n1").without("n3").heard("n1", peer(1000)),
                        "election.set-back-waits"),
                row(
                        "the key doesn't name it, and it has most",
                        waited(standby().vacant())
                                .sync(0, "n1", "n3")
                                .heard("n1", peer(1000))
                                .heard("n3", peer(1000)),
                        "election.wins"),
                row(
                        "a failover by hand",
                        race().request("", "n2", "").requestedAt(101),
                        "election.requested"),
                row(
                        "the backup knows of no synchronous mode",
                        standby().vacant().setBack(),
                        "election.set-back-asks"),
                row(
                        "commits never waited",
                        standby().vacant().setBackAsynchronous(),
                        "election.asks-everybody"),
                row(
                        "a member that saw nothing finds the mark",
                        standby()
                                .vacant()
                                .set("synchronous_mode", true)
                                .sync(
                                        new SyncState(
                                                Optional.of(StoreTrust.NOBODY), 0, List.of(), 99)),
                        "election.set-back-asks"));
    }

    private static Stream<Arguments> recovering() {
        return Stream.of(
                row(
                        "the old key names a primary that is down",
                        leader().stopped(ClusterState.IN_PRODUCTION, false).setBack(),
                        "recovery.set-back-gives-up-lead"),
                row(
                        "a new agent",
                        leader().stopped(ClusterState.IN_PRODUCTION, false).newAgent(),
                        "recovery.asks-who-led"),
                row(
                        "a new agent, nobody answers",
                        leader().stopped(ClusterState.IN_PRODUCTION, false)
                                .newAgent()
                                .heardNobody(),
                        "recovery.restarts-crashed-primary"),
                row(
                        "a new agent, others are where it is",
                        leader().stopped(ClusterState.IN_PRODUCTION, false)
                                .newAgent()
                                .heard("n2", peer(false, 1000, 1, Tags.NONE)),
                        "recovery.restarts-crashed-primary"),
                row(
                        "a new agent, another is further",
                        leader().stopped(ClusterState.IN_PRODUCTION, false)
                                .newAgent()
                                .heard("n2", peer(false, 1000, 2, Tags.NONE)),
                        "recovery.newer-timeline-gives-up-lead"));
    }
}
