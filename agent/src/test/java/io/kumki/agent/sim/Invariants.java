package io.kumki.agent.sim;

import io.kumki.agent.ha.LocalServer.ClusterState;
import io.kumki.dcs.cluster.ClusterSettings.SynchronousMode;
import io.kumki.dcs.cluster.FailoverRequest;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.dcs.cluster.SyncState;
import io.kumki.dcs.cluster.Tags;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What must hold at every moment, looked at from outside with knowledge that no member has.
 *
 * <ol>
 *   <li><b>One writer.</b> A server commits only while the store's leader key is its member's; if
 *       the store broke its promise and revoked the key early, only up to the deadline that its
 *       agent had proved, and not after another took the key. In failsafe mode a free key is
 *       enough, up to the deadline that all members agreed to.
 *   <li><b>One line.</b> A server commits only on the newest branch of the log; a branch is written
 *       by the one server that began it.
 *   <li><b>A switchover loses nothing</b>: who is promoted after a leader stepped down on request
 *       has every commit of that leader.
 *   <li><b>The best wins.</b> None of the members that could take part, and that the winner could
 *       ask, has more of the log that leads to the newest branch than the winner has.
 *   <li><b>Unfinished copies are never started.</b>
 *   <li><b>A standby cluster is not promoted</b> while it is one.
 *   <li><b>No acknowledged commit is lost</b> where commits wait for standbys: who is promoted has
 *       all of them.
 *   <li><b>What a client sees is never lost</b>, in strict mode: a primary lets clients in only
 *       when whoever may take over has what they find.
 *   <li><b>Commits flow</b>, where only standbys fall silent and one at a time.
 *   <li><b>Nobody is sent to another's log.</b> PostgreSQL takes a log for the beginning of another
 *       by number and place alone; so an agent gives its server no other upstream whose log isn't
 *       the continuation of its own. An upstream may become such a one later, when two logs have
 *       one number: {@link #summary} counts what came of that.
 * </ol>
 *
 * <p>PostgreSQL gives a promotion the number after its own timeline, so a member that missed a
 * timeline takes its number again, and from then on nothing that a member can ask tells the twins
 * apart: not their numbers, and not always where they begin. The third and the fourth say nothing
 * about logs on such a number; {@link #summary} counts them. Until a promotion skips the numbers in
 * the published history, {@code check_timeline} is what prevents them.
 *
 * <p>An asynchronous failover may lose what hadn't been streamed; what the winner has is kept, by
 * what a promotion is. Nothing here looks at the rules or at what an agent believes.
 */
final class Invariants {

    /** Who is steady for so long has had time to ask, and to be asked. */
    private static final long STEADY = 8 * SimWorld.SECOND;

    /** Who began to promote before it read that the cluster follows a remote is done by then. */
    private static final long PROMOTION = 15 * SimWorld.SECOND;

    private final Cluster cluster;
    private final SortedMap<String, Commit> lastCommit = new TreeMap<>();
    private final SortedMap<String, Long> releasedAt = new TreeMap<>();
    private @Nullable Branch newest;
    private @Nullable Branch told;
    private @Nullable Commit owed;
    private @Nullable String heir;
    private long mishapsEnded = Long.MIN_VALUE / 2;
    private int mishapsNow;
    private boolean remote;
    private long remoteAt;
    private long requestedAt = Long.MIN_VALUE / 2;
    private int promotions;
    private int commits;
    private int lostCommits;
    private int acknowledged;
    private long flowWithin = Long.MAX_VALUE;
    private long lastAcknowledged;
    private int stranded;
    private int mixed;

    /** The last acknowledged commit of each branch, where commits wait for standbys. */
    private final Map<Branch, Long> relied = new LinkedHashMap<>();

    private int switchovers;

    /** All branches, in the order of their beginnings. */
    private final List<Branch> begun = new ArrayList<>();

    /** Timeline numbers that two branches have. */
    private final SortedSet<Integer> twins = new TreeSet<>();

    /** A commit's place. */
    private record Commit(Branch branch, long at) {}

    Invariants(Cluster cluster) {
        this.cluster = cluster;
    }

    private SimWorld world() {
        return cluster.world();
    }

    // ---- commits

    void committed(SimServer server) {
        commits++;
        flow();
        seen(server);
        lastCommit.put(server.name(), new Commit(server.branch(), server.end()));
        boolean leads = cluster.etcd().leader().filter(server.name()::equals).isPresent();
        boolean revokedEarly =
                cluster.etcd().brokenPromiseTo().filter(server.name()::equals).isPresent()
                        && server.node().guard().withinDeadline();
        boolean nobodyTook =
                cluster.etcd().leader().isEmpty()
                        || cluster.etcd().term() <= cluster.etcd().restoredAt();
        boolean keptByFailsafe =
                nobodyTook
                        && cluster.settings().failsafeMode()
                        && server.node().guard().withinDeadline();
        if (!leads && !revokedEarly && !keptByFailsafe) {
            world().violate(
                            "one writer: "
                                    + server.name()
                                    + " commits, and the leader key is held by "
                                    + cluster.etcd().leader().orElse("nobody"));
        }
        if (newest == null || begun.indexOf(server.branch()) > begun.indexOf(newest)) {
            newest = server.branch();
        } else if (server.branch() != newest) {
            world().violate(
                            "one line: "
                                    + server.name()
                                    + " commits on timeline "
                                    + server.branch()
                                    + ", after "
                                    + newest
                                    + " was begun and written to");
        }
    }

    /** From now on no client waits longer until some commit is confirmed. */
    void commitsFlowWithin(Duration limit) {
        flowWithin = limit.toNanos();
        lastAcknowledged = world().now();
    }

    private void flow() {
        long waited = world().now() - lastAcknowledged;
        if (waited > flowWithin) {
            world().violate("commits flow: none was confirmed for " + waited / 1e9 + " s");
        }
    }

    /** The client was told that its commit is safe. */
    void acknowledged(SimServer server, long at) {
        lastAcknowledged = world().now();
        if (cluster.settings().synchronousMode() != SynchronousMode.OFF) {
            acknowledged++;
            relied.put(server.branch(), Math.max(at, relied.getOrDefault(server.branch(), 0L)));
        }
    }

    /**
     * A client is in: it sees what stood in the log when the server began, whoever has confirmed
     * it. So whoever the sync key lets take over must have that.
     */
    private void seen(SimServer server) {
        if (!cluster.settings().synchronousModeStrict()) {
            return;
        }
        relied.merge(server.branch(), server.recovered(), Math::max);
        SyncState key = cluster.etcd().view().sync();
        if (key.modRevision() <= cluster.etcd().restoredAt()) {
            return; // the members know better
        }
        long lacking =
                key.standbys().stream()
                        .map(name -> cluster.server(name.value()))
                        .filter(other ->
                                other != null
                                        && !other.branch()
                                                .holds(
                                                        other.end(),
                                                        server.branch(),
                                                        server.recovered()))
                        .count();
        if (lacking > key.syncQuorum()) {
            world().violate(
                            "what a client sees is never lost: it is in at "
                                    + describe(server)
                                    + ", which began with the log up to "
                                    + server.recovered()
                                    + ", and by "
                                    + key
                                    + " somebody may take over without that");
        }
    }

    private void keepsWhatWasAcknowledged(SimServer server) {
        relied.forEach((branch, at) -> {
            if (!server.branch().holds(server.end(), branch, at)) {
                world().violate(
                                "no acknowledged commit is lost: "
                                        + describe(server)
                                        + " is promoted without the one at "
                                        + at
                                        + " on "
                                        + branch);
            }
        });
    }

    // ---- servers

    void startOfUnusableData(SimServer server) {
        if (server.unfinished().isPresent()) {
            world().violate(
                            "unfinished copies are never started: "
                                    + server.name()
                                    + " "
                                    + server.unfinished());
        }
    }

    void startedAsPrimary(SimServer server) {
        Branch branch = server.branch();
        if (!branch.writer().equals(server.name())) {
            world().violate(
                            "one line: "
                                    + server.name()
                                    + " starts as a primary on timeline "
                                    + branch
                                    + ", which another began");
        }
        if (branch.timeline() == 1 && !begun.contains(branch)) {
            begun.add(branch);
        }
    }

    void promoted(SimServer server) {
        promotions++;
        Branch branch = server.branch();
        if (begun.stream().anyMatch(other -> other.timeline() == branch.timeline())) {
            twins.add(branch.timeline());
            world().trace(() -> "timeline " + branch.timeline() + " exists twice");
        }
        begun.add(branch);
        keepsWhatWasAcknowledged(server);
        if (remote && world().now() - remoteAt > PROMOTION) {
            world().violate(
                            "a standby cluster is not promoted: "
                                    + server.name()
                                    + " becomes a primary");
        }
        boolean leads = cluster.etcd().leader().filter(server.name()::equals).isPresent();
        if (server.writable()
                && !leads
                && !server.node().guard().withinDeadline()
                && server.node().looksAfterItself()) {
            world().violate(
                            "one writer: "
                                    + server.name()
                                    + " becomes a primary, and the leader key is held by "
                                    + cluster.etcd().leader().orElse("nobody"));
        }
        if (leads) {
            told = branch;
        }
        Commit mustHave = owed;
        owed = null;
        if (mustHave != null && !holds(server, mustHave) && !onTwin(server)) {
            world().violate(
                            "a switchover loses nothing: "
                                    + server.name()
                                    + " is promoted at "
                                    + server.end()
                                    + " without the commit at "
                                    + mustHave.at());
        }
        lastCommit.values().forEach(commit -> lostCommits += holds(server, commit) ? 0 : 1);
    }

    /** Whether a number on the way to the server's branch was given away twice. */
    private boolean onTwin(SimServer server) {
        return twins.contains(server.branch().timeline())
                || server.branch().history().entries().stream()
                        .anyMatch(entry -> twins.contains(entry.timeline()));
    }

    private static boolean holds(SimServer server, Commit commit) {
        return server.branch().holds(server.end(), commit.branch(), commit.at());
    }

    // ---- the leader key

    /** A leader gives its key away, at the store. */
    void released(String name) {
        releasedAt.put(name, world().now());
        SimServer server = cluster.server(name);
        Optional<FailoverRequest> request =
                cluster.etcd().entry("failover").map(e -> (FailoverRequest) e.value());
        SimNode node = cluster.node(name);
        boolean planned =
                server != null
                        && node != null
                        && !node.stopping()
                        && server.state() == ClusterState.SHUT_DOWN
                        && server.plannedStop()
                        && request.flatMap(FailoverRequest::leader)
                                .filter(leader -> leader.value().equals(name))
                                .isPresent();
        if (server != null && planned && !remote) {
            switchovers++;
            Commit last = lastCommit.get(name);
            owed = last != null && holds(server, last) ? last : null;
            heir = null;
        }
    }

    /** A member takes the free key, at the store. */
    void acquired(String name) {
        SimNode winner = cluster.node(name);
        if (heir != null && !heir.equals(name)) {
            owed = null; // the one that was to take over is lost: what follows is a failover
        }
        heir = name;
        if (winner == null || newest == null || remote || winner.server().primary()) {
            owed = null;
            return;
        }
        for (SimNode other : cluster.nodes()) {
            if (other == winner || !couldTakePart(winner, other)) {
                continue;
            }
            // a branch may be begun, and told to the others, without a commit ever: who goes by
            // what was told is right, too
            boolean better =
                    !onTwin(winner.server())
                            && !onTwin(other.server())
                            && has(newest, other, winner)
                            && (told == null || has(told, other, winner));
            if (better) {
                world().violate(
                                "the best wins: "
                                        + describe(winner.server())
                                        + " takes the key, though "
                                        + describe(other.server())
                                        + " could be asked; the newest branch is "
                                        + newest);
            }
        }
    }

    private static String describe(SimServer server) {
        return server.name() + " on " + server.branch() + " at " + server.end();
    }

    /** Whether one has more than the other of the log that leads to a branch. */
    private static boolean has(Branch line, SimNode one, SimNode other) {
        return line.agreesWith(one.server().branch(), one.server().end())
                > line.agreesWith(other.server().branch(), other.server().end());
    }

    private boolean couldTakePart(SimNode winner, SimNode other) {
        long since = world().now() - STEADY;
        SimServer server = other.server();
        SimNetwork network = cluster.network();
        boolean able =
                other.agentWorks()
                        && server.runningStandby()
                        && !cluster.scenario()
                                .tags()
                                .getOrDefault(other.name(), Tags.NONE)
                                .nofailover()
                        && withinLag(server)
                        && releasedAt.getOrDefault(other.name(), Long.MIN_VALUE / 2)
                                < world().now()
                                        - cluster.scenario().ttl().multipliedBy(2).toNanos();
        boolean steady =
                mayTakeOver(other)
                        && other.steadySince() < since
                        && winner.steadySince() < since
                        && server.changedAt() < since
                        && winner.server().changedAt() < since
                        && server.movedAt() < since
                        && winner.server().movedAt() < since;
        boolean connected =
                network.openBothWays(winner.name(), other.name())
                        && network.openBothWays(other.name(), SimNetwork.STORE)
                        && network.stableSince(winner.name(), other.name()) < since
                        && network.stableSince(other.name(), SimNetwork.STORE) < since
                        && network.stableSince(winner.name(), SimNetwork.STORE) < since
                        && !network.disturbed()
                        && cluster.etcd().disturbedAt() < since;
        boolean undirected =
                requestedAt < since
                        && cluster.etcd().view().failover().leader().isEmpty()
                        && cluster.etcd().view().failover().candidate().isEmpty();
        return able && steady && connected && undirected && mishapsNow == 0 && mishapsEnded < since;
    }

    /** By the sync key; without one everybody may. */
    private boolean mayTakeOver(SimNode other) {
        SyncState sync = cluster.etcd().view().sync();
        return !sync.active() || sync.names(new MemberName(other.name()));
    }

    private boolean withinLag(SimServer server) {
        long known = cluster.etcd().view().status().leaderLsn().map(lsn -> lsn.bytes()).orElse(0L);
        return known - server.end() <= cluster.settings().maximumLagOnFailover();
    }

    // ---- what the faults tell

    void mishaps(boolean now) {
        mishapsNow += now ? 1 : -1;
        mishapsEnded = world().now();
    }

    /**
     * Who leads a standby cluster needn't be the best, since the remote has all; and of what a
     * hand-over began before, nothing is owed any more.
     */
    void remote(boolean now) {
        remote = now;
        remoteAt = world().now();
        owed = null;
        requested();
    }

    void requested() {
        requestedAt = world().now();
    }

    // ---- for people

    /** An agent tells its server whom to follow from now on; that one's log is another. */
    void sentTo(SimServer standby, SimServer source) {
        if (remote) {
            return; // the members' logs are the remote's, and that one is asked
        }
        world().violate(
                        "nobody is sent to another's log: "
                                + describe(standby)
                                + " is to follow "
                                + describe(source));
    }

    /** A sender took a standby's log for the beginning of its own, and it is another's. */
    void mixed() {
        mixed++;
    }

    void stranded() {
        stranded++;
    }

    String summary() {
        return commits
                + " commits, "
                + acknowledged
                + " of them acknowledged by standbys, "
                + promotions
                + " promotions, "
                + switchovers
                + " switchovers, "
                + lostCommits
                + " times a last commit lost by failover, "
                + twins.size()
                + " timeline numbers used twice, "
                + mixed
                + " logs mixed by that, "
                + stranded
                + " looks at a standby whose log is gone";
    }
}
