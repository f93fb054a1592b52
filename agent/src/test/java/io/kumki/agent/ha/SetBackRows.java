package io.kumki.agent.ha;

import static io.kumki.agent.ha.RulesTest.row;
import static io.kumki.agent.ha.Situations.leader;
import static io.kumki.agent.ha.Situations.peer;
import static io.kumki.agent.ha.Situations.restartedPeer;
import static io.kumki.agent.ha.Situations.standby;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;

import io.kumki.agent.ha.LocalServer.ClusterState;
import io.kumki.dcs.cluster.Tags;
import java.time.Duration;
import java.util.Map;
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

    /** n2 is the one that the backup's key named. */
    private static Situations race() {
        return waited(standby().vacant()).marked(99, "n1", "n2", "n3");
    }

    /** An agent that wasn't there before. */
    private static Situations unaware() {
        return standby().vacant().set("synchronous_mode", true).marked(99, "n1", "n2", "n3");
    }

    private static final PeerAnswer AWAY = new PeerAnswer.Unreachable("no answer");

    private static Situations asynchronous(Duration since) {
        return standby().vacant().setBackSince(since, false);
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
                row(
                        "first all must be able to know",
                        waited(standby().vacant()),
                        "election.set-back-marks"),
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
                        "election.set-back-waits"),
                row(
                        "a primary lives, and a switchover names this member",
                        race().ledBy("n1")
                                .request("n1", "n2", "")
                                .requestedAt(101)
                                .heard("n1", peer(1000))
                                .heard("n3", peer(true, 0, 2, Tags.NONE)),
                        "election.set-back-waits"),
                row(
                        "who was a member before counts",
                        race().ledBy("n1").without("n3").heard("n1", peer(1000)),
                        "election.set-back-waits"),
                row(
                        "who was a member before counts, for a new agent too",
                        unaware().without("n1").without("n3"),
                        "election.set-back-waits"),
                row(
                        "a new agent that knows nobody",
                        unaware().marked(99, "n2").without("n1").without("n3"),
                        "election.wins"),
                row(
                        "the key didn't name it, and it has most",
                        race().heard("n1", peer(1000)).heard("n3", peer(999)),
                        "election.wins"),
                row(
                        "a failover by hand",
                        race().request("", "n2", "")
                                .requestedAt(101)
                                .heard("n1", peer(1000))
                                .heard("n3", peer(2000)),
                        "election.requested"),
                row(
                        "a failover by hand, and one may lead by the lost etcd's lease",
                        race().request("", "n2", "").requestedAt(101).heard("n1", AWAY),
                        "election.set-back-lease"),
                row(
                        "the backup knows of no synchronous mode",
                        standby().vacant().setBack(),
                        "election.set-back-marks"),
                row("commits never waited", asynchronous(ofSeconds(1)), "election.set-back-asks"),
                row(
                        "commits never waited, one may lead by the lost etcd's lease",
                        asynchronous(ofMillis(29_999)).heard("n1", AWAY).heard("n3", peer(1000)),
                        "election.set-back-lease"),
                row(
                        "commits never waited, one leads by the lost etcd's lease",
                        asynchronous(ofMillis(29_999))
                                .heard("n1", peer(true, 0, 2, Tags.NONE))
                                .heard("n3", peer(1000)),
                        "election.set-back-lease"),
                row(
                        "commits never waited, nobody leads",
                        asynchronous(ofSeconds(1)).heard("n1", peer(900)).heard("n3", peer(1000)),
                        "election.wins"),
                row(
                        "commits never waited, that lease is over",
                        asynchronous(ofSeconds(30)).heard("n1", AWAY).heard("n3", peer(1000)),
                        "election.wins"),
                row(
                        "a standby cluster",
                        StandbyClusterRows.of(race()).heard("n1", AWAY),
                        "election.wins"),
                row("a new agent finds the mark", unaware(), "election.set-back-asks"),
                row(
                        "a primary whose lead lasts meets the mark",
                        leader().vacant()
                                .set("synchronous_mode", true)
                                .marked(99, "n1", "n2", "n3")
                                .heard("n2", peer(1000))
                                .heard("n3", peer(1000)),
                        "election.primary-takes-key-back"),
                row(
                        "a primary whose lead has lapsed meets the mark",
                        leader().vacant()
                                .noLease()
                                .set("synchronous_mode", true)
                                .marked(99, "n1", "n2", "n3")
                                .heard("n2", peer(1000))
                                .heard("n3", peer(1000)),
                        "election.primary-not-synchronous"));
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
                                .heard("n2", peer(false, 1000, 2, Tags.NONE)),
                        "recovery.restarts-crashed-primary"),
                row(
                        "a new agent, another is further",
                        leader().stopped(ClusterState.IN_PRODUCTION, false)
                                .newAgent()
                                .heard("n2", peer(false, 1000, 3, Tags.NONE)),
                        "recovery.newer-timeline-gives-up-lead"));
    }
}
