package io.kumki.agent.ha;

import static io.kumki.agent.ha.RulesTest.row;
import static io.kumki.agent.ha.Situations.leader;
import static io.kumki.agent.ha.Situations.peer;
import static io.kumki.agent.ha.Situations.standby;
import static io.kumki.agent.ha.Situations.standbyAnswer;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;

import io.kumki.agent.ha.LocalServer.ClusterState;
import io.kumki.agent.ha.LocalServer.DataDirectory;
import io.kumki.agent.ha.LocalServer.Postmaster;
import io.kumki.agent.ha.Memory.BootstrapStage;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.Tags;
import io.kumki.dcs.cluster.TimelineHistory;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;

/**
 * The rows of {@link RulesTest} on standby clusters: n1 follows the remote, n2 and n3 follow n1.
 */
final class StandbyClusterRows {

    private static final Divergence FITS = new Divergence.None("its log is a prefix");
    private static final Divergence DIVERGED = new Divergence.Diverged("it has more");
    private static final Divergence UNKNOWN = new Divergence.Unknown("remote doesn't answer");

    private StandbyClusterRows() {}

    static Stream<Arguments> all() {
        return Stream.of(beginning(), leading(), stopped(), following(), electing())
                .flatMap(rows -> rows);
    }

    static Situations of(Situations given) {
        return given.set("standby_cluster", Map.of("host", "remote"))
                .change(
                        "n1",
                        n1 ->
                                new io.kumki.dcs.cluster.Member(
                                        n1.name(),
                                        n1.addresses(),
                                        io.kumki.dcs.cluster.Member.Status.of(
                                                "running", "standby_leader", "4.1.4"),
                                        n1.wal(),
                                        n1.tags(),
                                        n1.leaseId()));
    }

    /** n1 leads the standby cluster and streams from the remote. */
    static Situations leads() {
        return of(leader()).answers(standbyAnswer(1000, true));
    }

    private static Situations stalled(int seconds) {
        return leads().answers(standbyAnswer(1000, false)).stalledFor(ofSeconds(seconds));
    }

    private static Situations compared(Situations given, Divergence verdict) {
        return given.rejoining(
                r -> r.withVerdict(verdict, new Memory.Rejoin.VerdictLeader(Optional.empty(), 0)));
    }

    private static Stream<Arguments> beginning() {
        Situations empty = of(standby()).vacant().without(new DataDirectory.Empty()).noCluster();
        return Stream.of(
                row("no cluster, standby cluster", empty, "bootstrap.races"),
                row(
                        "won, standby cluster",
                        of(standby())
                                .vacant()
                                .without(new DataDirectory.Empty())
                                .initialize("")
                                .stage(new BootstrapStage.Won()),
                        "bootstrap.clones-remote"),
                row(
                        "ready, standby cluster",
                        of(standby()).vacant().initialize("").stage(new BootstrapStage.Ready()),
                        "bootstrap.takes-lead"),
                row(
                        "ready, standby cluster, silent",
                        of(standby())
                                .vacant()
                                .initialize("")
                                .mute(Postmaster.STARTING)
                                .stage(new BootstrapStage.Ready()),
                        "bootstrap.waits-for-server"),
                row(
                        "the standby leader leads",
                        of(standby()).without(new DataDirectory.Empty()),
                        "data.clones"),
                row(
                        "standby, standby cluster unknown to the store",
                        of(standby()).vacant().noCluster(),
                        "identity.introduces-cluster"),
                row(
                        "standby, standby cluster being created",
                        of(standby()).vacant().initialize(""),
                        "identity.standby-waits-for-primary"));
    }

    private static Stream<Arguments> leading() {
        return Stream.of(
                row("streams from the remote", leads(), "standby-leader.holds-lock"),
                row("in pause", leads().paused(), "standby-leader.holds-lock"),
                row("just elected", leads().followsAnother(), "standby-leader.follows-remote"),
                row(
                        "just elected, tried",
                        leads().followsAnother()
                                .rejoining(r -> r.withRetryAt(OptionalLong.of(Situations.NOW + 1))),
                        "standby-leader.waits-to-retry"),
                row("the remote is silent for a moment", stalled(6), "standby-leader.holds-lock"),
                row("the remote is silent", stalled(7), "rejoin.compares-logs"),
                row(
                        "the remote is silent, in pause",
                        stalled(7).paused(),
                        "standby-leader.holds-lock"),
                row(
                        "the remote is silent, compared a moment ago",
                        compared(stalled(900), UNKNOWN)
                                .rejoining(
                                        r -> r.withCompareAt(OptionalLong.of(Situations.NOW + 1))),
                        "standby-leader.holds-lock"),
                row(
                        "a standby leader long in start",
                        of(leader())
                                .mute(Postmaster.STARTING)
                                .data(
                                        new DataDirectory.Initialized(
                                                Situations.control(
                                                        ClusterState.IN_ARCHIVE_RECOVERY, true)))
                                .stalledFor(ofSeconds(31)),
                        "rejoin.compares-logs"),
                row(
                        "the remote failed over, and the own log went beyond",
                        compared(stalled(7), DIVERGED),
                        "rejoin.rewinds"),
                row(
                        "diverged, a standby leader is never cloned",
                        compared(stalled(7), DIVERGED).rejoin(false, true, true),
                        "rejoin.needs-hand"),
                row("standby_cluster was set", of(leader()), "standby-leader.demotes-primary"),
                row("standby_cluster was set in pause", of(leader()).paused(), "leader.holds-lock"),
                row(
                        "standby_cluster was removed",
                        leader().answers(standbyAnswer(1000, true)),
                        "leader.promotes"),
                row("switchover, asks", leads().request("n1", "n2", ""), "switchover.asks"),
                row(
                        "switchover, possible",
                        leads().request("n1", "n2", "").heard("n2", peer(1000)),
                        "standby-leader.hands-over"),
                row(
                        "switchover, the candidate lacks a byte yet",
                        leads().request("n1", "n2", "").heard("n2", peer(999)),
                        "switchover.waits-for-stream"),
                row(
                        "switchover, nobody can",
                        leads().request("n1", "n2", "").heardNobody(),
                        "switchover.refused"),
                row(
                        "switchover done",
                        leads().request("n2", "n1", ""),
                        "switchover.names-another-leader"));
    }

    private static Stream<Arguments> stopped() {
        Situations standby = of(leader()).stopped(ClusterState.SHUT_DOWN_IN_RECOVERY, true);
        return Stream.of(
                row("stopped standby leader", standby, "rejoin.starts-standby"),
                row(
                        "standby leader that can't be started, tried",
                        of(leader())
                                .stopped(ClusterState.SHUT_DOWN_IN_RECOVERY, true)
                                .rejoining(
                                        r -> r.withStart(1, OptionalLong.of(Situations.NOW + 1))),
                        "standby-leader.waits-to-start"),
                row(
                        "standby leader that can't be started",
                        of(leader())
                                .stopped(ClusterState.SHUT_DOWN_IN_RECOVERY, true)
                                .rejoining(r -> r.withStart(1, OptionalLong.empty())),
                        "recovery.asks-for-successor"),
                row(
                        "demoted to a standby cluster",
                        of(leader()).stopped(ClusterState.SHUT_DOWN, false),
                        "rejoin.compares-logs"),
                row(
                        "demoted to a standby cluster, fits",
                        compared(of(leader()).stopped(ClusterState.SHUT_DOWN, false), FITS),
                        "rejoin.starts-standby"),
                row(
                        "demoted to a standby cluster, diverged",
                        compared(of(leader()).stopped(ClusterState.SHUT_DOWN, false), DIVERGED),
                        "rejoin.rewinds"),
                row(
                        "demoted to a standby cluster, the remote is away",
                        compared(of(leader()).stopped(ClusterState.SHUT_DOWN, false), UNKNOWN),
                        "rejoin.starts-standby"),
                row(
                        "crashed when demoted to a standby cluster",
                        of(leader()).stopped(ClusterState.IN_PRODUCTION, false),
                        "rejoin.recovers-crash"),
                row(
                        "stopped for a switchover when demoted to a standby cluster",
                        of(leader())
                                .stopped(ClusterState.SHUT_DOWN, false)
                                .steppingDown(Optional.of(ofSeconds(1)), Optional.empty()),
                        "standby-leader.drops-hand-over"),
                row(
                        "demoted, and only an archive to follow",
                        leader().stopped(ClusterState.SHUT_DOWN, false)
                                .set("standby_cluster", Map.of("restore_command", "cp a/%f %p")),
                        "rejoin.starts-standby"));
    }

    private static Stream<Arguments> following() {
        Situations behind = of(standby()).answers(standbyAnswer(1000, false));
        return Stream.of(
                row("streams from the standby leader", of(standby()), "follower.streams"),
                row(
                        "stalled in a standby cluster",
                        behind.stalledFor(ofMillis(5001)),
                        "rejoin.compares-logs"),
                row(
                        "diverged from the remote: rewound there",
                        compared(of(standby()).answers(standbyAnswer(1000, false)), DIVERGED),
                        "rejoin.rewinds"),
                row(
                        "diverged from the remote: not cloned unless a rewind failed",
                        compared(of(standby()).answers(standbyAnswer(1000, false)), DIVERGED)
                                .rejoin(false, false, true),
                        "rejoin.needs-hand"),
                row(
                        "stalled, and the remote is an archive",
                        standby()
                                .answers(standbyAnswer(1000, false))
                                .set("standby_cluster", Map.of("restore_command", "cp a/%f %p")),
                        "rejoin.remote-is-an-archive"));
    }

    private static Situations unled(int millis) {
        return of(standby())
                .vacant()
                .vacantFor(ofMillis(millis))
                .tagged(Map.of("nofailover", true))
                .followsAnother();
    }

    private static Stream<Arguments> electing() {
        TimelineHistory own =
                new TimelineHistory(
                        true,
                        List.of(
                                new TimelineHistory.Entry(
                                        2, new Lsn(10), "", Optional.empty(), Optional.empty())));
        return Stream.of(
                row(
                        "in a standby cluster the log may flow, and the history is another cluster's",
                        of(standby())
                                .vacant()
                                .answers(standbyAnswer(1001, true))
                                .history(own)
                                .set("check_timeline", true)
                                .heard("n3", peer(1000)),
                        "election.wins"),
                row(
                        "of a standby cluster, tagged nofailover",
                        of(standby()).vacant().tagged(Map.of("nofailover", true)),
                        "election.tagged-nofailover"),
                row(
                        "nobody leads a standby cluster, and this member may not",
                        unled(10_001),
                        "election.follows-remote"),
                row("nobody leads it for a moment", unled(10_000), "election.tagged-nofailover"),
                row(
                        "nobody leads it, in pause",
                        unled(10_001).paused(),
                        "election.tagged-nofailover"),
                row(
                        "nobody leads it, tried a moment ago",
                        unled(10_001)
                                .rejoining(r -> r.withRetryAt(OptionalLong.of(Situations.NOW + 1))),
                        "election.tagged-nofailover"),
                row(
                        "nobody leads it, and this member can",
                        of(standby())
                                .vacant()
                                .vacantFor(ofMillis(10_001))
                                .followsAnother()
                                .heard("n3", peer(1000)),
                        "election.wins"),
                row(
                        "lags too much to lead a standby cluster",
                        of(standby())
                                .vacant()
                                .vacantFor(ofMillis(10_001))
                                .answers(standbyAnswer(1, false))
                                .set("maximum_lag_on_failover", 0)
                                .followsAnother(),
                        "election.follows-remote"),
                row(
                        "asked for by a switchover in a standby cluster, lacks some",
                        of(standby())
                                .vacant()
                                .answers(standbyAnswer(900, true))
                                .request("n1", "n2", "")
                                .heard("n1", peer(false, 1000, 2, Tags.NONE)),
                        "election.requested"));
    }
}
