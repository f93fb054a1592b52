package io.kumki.agent.ha;

import io.kumki.agent.ha.LocalServer.DataDirectory;
import io.kumki.agent.ha.LocalServer.UnfinishedWork;
import io.kumki.dcs.cluster.Member;
import java.util.List;
import java.util.Optional;

/** There is no data directory that could be started. */
final class DataDirectoryRules {

    private DataDirectoryRules() {}

    static Optional<Decision> decide(Situation s) {
        boolean runs = s.server().postmaster() != LocalServer.Postmaster.STOPPED;
        if (runs && !(s.server().data() instanceof DataDirectory.Initialized)) {
            return underServer(s);
        }
        return switch (s.server().data()) {
            case DataDirectory.Initialized _ -> Optional.empty();
            case DataDirectory.Empty() -> Optional.of(empty(s, "the data directory is empty"));
            // a server that runs, or may run unseen, must not lose its key: it would write without
            case DataDirectory.Unreadable(String why) ->
                    s.server().postmaster() == LocalServer.Postmaster.STOPPED
                            ? Optional.of(keyless(s, "data.unreadable", why))
                            : Optional.empty();
            case DataDirectory.Unfinished(UnfinishedWork work) ->
                    Optional.of(
                            switch (work) {
                                case CLONE ->
                                        empty(
                                                s,
                                                "an earlier clone into this directory didn't finish");
                                case REWIND -> halfRewound(s);
                                case BOOTSTRAP -> halfCreated(s);
                            });
        };
    }

    /**
     * A server runs where no data directory is seen. While it answers, the look at the directory is
     * doubted; else it is stopped before anything is given away or begun.
     */
    private static Optional<Decision> underServer(Situation s) {
        boolean unfinished = s.server().data() instanceof DataDirectory.Unfinished;
        if (s.paused() || s.server().answer().isPresent() && !unfinished) {
            return Optional.empty();
        }
        return Optional.of(
                Decision.of(
                                "data.stops-server-without-directory",
                                "a server process runs and doesn't answer, and its data directory is gone or half made",
                                s.memory(),
                                new Action.Fence())
                        .after(java.time.Duration.ofSeconds(1)));
    }

    /**
     * A directory in which a rewind broke off is never started, and removed only where that is
     * allowed.
     */
    private static Decision halfRewound(Situation s) {
        Self.RejoinPolicy policy = s.self().rejoin();
        String found = "pg_rewind broke off in this data directory";
        if (policy.cloneAfterFailedRewind() || policy.cloneWhenDiverged()) {
            return empty(s, found);
        }
        return keyless(
                s,
                "data.half-rewound",
                found
                        + ": it can't be started; clone it anew (\"kumkictl reinit\"), or let the agent do so with"
                        + " postgresql.remove_data_directory_on_rewind_failure");
    }

    /**
     * The agent was killed while it created a cluster. What it made looks like a data directory,
     * but lacks data, roles or what a script was to fill in. The key "initialize" stays: it may be
     * another member's by now.
     */
    private static Decision halfCreated(Situation s) {
        String found = "an earlier agent ended while it created a cluster in this directory";
        if (s.iHoldKey() || s.paused()) {
            return keyless(s, "data.half-created", found);
        }
        if (!s.reached(s.memory().rejoin().retryAtNanos())) {
            return Decision.of(
                    "data.waits-to-set-aside-again",
                    found + ": it couldn't be set aside, see the log; let this user write there",
                    s.memory());
        }
        return Decision.of(
                "data.sets-half-created-aside",
                found + ": it is never started, and set aside with the suffix \".failed\"",
                s.memory(),
                new Action.Start(new Operation.DiscardBootstrap()));
    }

    private static Decision keyless(Situation s, String rule, String reason) {
        return s.iHoldKey()
                ? Decision.of(
                                rule + "-gives-up-lead",
                                reason,
                                s.memory(),
                                new Action.ReleaseLeadership(Optional.empty()))
                        .atOnce()
                : Decision.of(rule, reason, s.memory());
    }

    private static Decision empty(Situation s, String found) {
        if (s.iHoldKey()) {
            return keyless(s, "data.nothing-to-lead-with", found);
        }
        if (s.paused()) {
            return Decision.of("data.empty-in-pause", found + "; maintenance mode", s.memory());
        }
        if (!s.reached(s.memory().rejoin().retryAtNanos())) {
            return Decision.of(
                            "data.waits-to-clone-again",
                            s.memory().rejoin().cloneFailures() + " clones failed in a row",
                            s.memory())
                    .after(java.time.Duration.ofSeconds(1));
        }
        if (s.otherLeads()) {
            return SyncLeave.named(s)
                    ? Decision.of(
                                    "data.waits-to-leave-duty",
                                    found
                                            + "; until the leader has taken this member off the key \"sync\" a copy"
                                            + " could be let take over",
                                    s.memory())
                            .after(java.time.Duration.ofMillis(200))
                    : clone(s, found);
        }
        boolean untouched = s.server().data() instanceof DataDirectory.Empty;
        boolean created = s.cluster().initialize().isPresent();
        boolean creates =
                !created && untouched && s.self().mayBootstrap() && !s.self().tags().nofailover();
        boolean clones =
                s.self().clonesWithoutSource() && s.vacant() && !creates && !beingCreated(s);
        if (clones && SyncLeave.named(s) && !Candidates.everKnown(s, false).isEmpty()) {
            return Decision.of(
                    "data.waits-for-synchronous",
                    found
                            + "; what a replica method restores without a leader may lack acknowledged commits, and"
                            + " the key \"sync\" would let this member take over with it: start "
                            + s.cluster().sync().standbys()
                            + ", or fail over by hand, or switch synchronous_mode off",
                    s.memory());
        }
        if (clones) {
            return Decision.of(
                    "data.clones-without-leader",
                    found + " and nobody leads; a replica method needs no leader (no_leader)",
                    s.memory(),
                    new Action.Start(
                            new Operation.Clone(Optional.empty(), Optional.empty(), false, false)));
        }
        return !created && untouched ? bootstrap(s) : waitForLeader(s, found);
    }

    private static Decision clone(Situation s, String found) {
        Optional<Upstream> source = cloneSource(s);
        if (source.isEmpty()) {
            return Decision.of(
                            "data.waits-for-leader-address",
                            found + "; the leader publishes no address yet",
                            s.memory())
                    .after(java.time.Duration.ofMillis(500));
        }
        boolean ready =
                s.cluster()
                        .leaderMember()
                        .filter(leader -> leads(s, leader.status().role()))
                        .filter(leader -> leader.status().state().equals("running"))
                        .isPresent();
        if (!ready) {
            return Decision.of(
                            "data.waits-for-primary",
                            found + "; the leader isn't a running primary yet",
                            s.memory())
                    .after(java.time.Duration.ofMillis(200));
        }
        return Decision.of(
                "data.clones",
                found + "; copying from " + source.get(),
                Lineage.copies(s, s.memory(), source),
                new Action.Start(new Operation.Clone(source, follows(s), false, false)));
    }

    private static boolean leads(Situation s, String role) {
        return role.equals("primary") || s.followsRemote() && role.equals("standby_leader");
    }

    private static Decision bootstrap(Situation s) {
        if (!s.self().mayBootstrap() || s.self().tags().nofailover()) {
            return Decision.of(
                    "data.waits-for-bootstrap",
                    "no cluster exists, and this member "
                            + (s.self().mayBootstrap()
                                    ? "is tagged nofailover"
                                    : "has no bootstrap section"),
                    s.memory());
        }
        return Decision.of(
                        "bootstrap.races",
                        "no cluster exists: trying to win the right to create it",
                        s.memory().withBootstrap(new Memory.BootstrapStage.Won()),
                        new Action.BeginBootstrap())
                .atOnce();
    }

    private static Decision waitForLeader(Situation s, String found) {
        String why =
                beingCreated(s)
                        ? "another member is creating the cluster (if none is, remove the key \"initialize\")"
                        : "the cluster has no leader to copy from";
        return Decision.of("data.waits-for-leader", found + "; " + why, s.memory());
    }

    private static boolean beingCreated(Situation s) {
        return s.cluster().initialize().filter(String::isEmpty).isPresent();
    }

    /** Whom the copy will stream from: there its slot is reserved before the copy starts. */
    static Optional<Upstream> follows(Situation s) {
        return Following.target(s).upstream();
    }

    /**
     * A running member that offers itself ({@code clonefrom}), other than this one and the leader,
     * spread over tries; else the leader.
     */
    static Optional<Upstream> cloneSource(Situation s) {
        List<Member> offering =
                s.cluster().members().values().stream()
                        .filter(member -> member.tags().clonefrom())
                        .filter(member -> member.status().state().equals("running"))
                        .filter(member -> !member.name().equals(s.me()))
                        .filter(member -> !s.cluster().leadership().heldBy(member.name()))
                        .filter(member -> Following.upstream(s.self(), member).isPresent())
                        .toList();
        if (offering.isEmpty() || s.memory().rejoin().cloneFailures() > offering.size()) {
            return Following.leader(s.self(), s.cluster());
        }
        int spread =
                Math.floorMod(
                        s.me().hashCode() + s.memory().rejoin().cloneFailures(), offering.size());
        return Following.upstream(s.self(), offering.get(spread));
    }
}
