package io.kumki.agent.ha;

import io.kumki.dcs.cluster.ClusterSettings;
import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.dcs.cluster.SyncState;
import io.kumki.dcs.cluster.TimelineHistory;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** Which other members could take over, and what keeps each of the rest from it. */
public final class Candidates {

    private Candidates() {}

    /**
     * Everybody who may still be there, whether its key is or not: the members of the last view
     * with a leader, those of this view and, if wanted, those that the key of failsafe mode names;
     * without this member.
     */
    static SortedMap<MemberName, Member> everKnown(Situation s, boolean byFailsafeKey) {
        SortedMap<MemberName, Member> members = new TreeMap<>();
        s.memory().lastLocked().ifPresent(last -> members.putAll(last.members()));
        if (byFailsafeKey) {
            s.cluster()
                    .failsafe()
                    .orElse(new TreeMap<>())
                    .forEach((name, url) -> members.putIfAbsent(name, Member.reachedBy(name, url)));
        }
        members.putAll(s.cluster().members());
        members.remove(s.me());
        return members;
    }

    /**
     * Members to ask before a hand-over: all others with an address; only {@code wanted} if it is
     * given.
     *
     * @param wanted the candidate an operator named
     */
    public static List<Member> toAsk(Situation s, Optional<MemberName> wanted) {
        return s.cluster().members().values().stream()
                .filter(member -> !member.name().equals(s.me()))
                .filter(member -> wanted.isEmpty() || wanted.get().equals(member.name()))
                .filter(member -> member.addresses().apiUrl().isPresent())
                .toList();
    }

    /**
     * Why a member that was asked can't take over; empty if it can.
     *
     * @param required it must have everything up to here; empty: it may lag as far as an automatic
     *     failover allows
     */
    public static Optional<String> refusal(
            PeerAnswer answer,
            Optional<Lsn> required,
            ClusterView cluster,
            ClusterSettings settings) {
        return switch (answer) {
            case PeerAnswer.Unreachable(String why) -> Optional.of("not reachable: " + why);
            case PeerAnswer.NoPosition(String state, String _) ->
                    Optional.of("its server is \"" + state + "\"");
            case PeerAnswer.Reached reached -> refusal(reached, required, cluster, settings);
        };
    }

    private static Optional<String> refusal(
            PeerAnswer.Reached reached,
            Optional<Lsn> required,
            ClusterView cluster,
            ClusterSettings settings) {
        if (reached.tags().nofailover()) {
            return Optional.of("tagged nofailover (or failover_priority 0)");
        }
        if (reached.watchdogFailed()) {
            return Optional.of("its required watchdog is missing");
        }
        if (reached.primary()) {
            return Optional.of("it already is a primary");
        }
        Lsn position = inLine(cluster, settings, reached.timeline(), reached.position());
        if (required.isPresent()) {
            long missing = required.get().bytesBeyond(position);
            if (missing > 0) {
                return Optional.of("it lacks the last " + missing + " bytes of the log");
            }
        } else {
            long lag = lag(cluster, position);
            if (lag > settings.maximumLagOnFailover()) {
                return Optional.of(
                        "it lags "
                                + lag
                                + " bytes, "
                                + (lag - settings.maximumLagOnFailover())
                                + " more than maximum_lag_on_failover");
            }
        }
        int clusterTimeline = cluster.history().clusterTimeline();
        boolean ofRemote = settings.standbyCluster().isPresent();
        if (settings.checkTimeline() && !ofRemote && reached.timeline() < clusterTimeline) {
            return Optional.of(
                    "it is on timeline "
                            + reached.timeline()
                            + ", the cluster on "
                            + clusterTimeline);
        }
        return Optional.empty();
    }

    /** Each asked member that could not take over, with the reason. */
    public static SortedMap<MemberName, String> refusals(
            Situation s, List<Member> asked, Optional<Lsn> required, boolean onlySyncStandbys) {
        SortedMap<MemberName, String> refusals = new TreeMap<>();
        for (Member member : asked) {
            refusal(s, member.name(), required, onlySyncStandbys)
                    .ifPresent(reason -> refusals.put(member.name(), reason));
        }
        return refusals;
    }

    /**
     * As {@link #refusals}, when nobody is named to take over: who does needs the votes of others,
     * so enough of them must be there.
     */
    static SortedMap<MemberName, String> refusalsWithVotes(
            Situation s, List<Member> asked, Optional<Lsn> required, boolean onlySyncStandbys) {
        SortedMap<MemberName, String> refusals = refusals(s, asked, required, onlySyncStandbys);
        int quorum = s.cluster().sync().syncQuorum();
        if (!onlySyncStandbys || !syncActive(s) || quorum == 0) {
            return refusals;
        }
        long voters =
                s.peers().orElse(new TreeMap<>()).entrySet().stream()
                        .filter(entry -> s.cluster().sync().namesStandby(entry.getKey()))
                        .filter(entry -> canVote(entry.getValue()))
                        .count();
        if (voters - 1 < quorum) {
            asked.forEach(member ->
                    refusals.putIfAbsent(
                            member.name(),
                            quorum
                                    + " others would have to vote for it, and "
                                    + Math.max(0, voters - 1)
                                    + " can"));
        }
        return refusals;
    }

    private static boolean canVote(PeerAnswer answer) {
        return answer instanceof PeerAnswer.Reached reached
                && !reached.tags().nofailover()
                && !reached.watchdogFailed()
                && !reached.position().isZero()
                && reached.complete();
    }

    private static Optional<String> refusal(
            Situation s, MemberName name, Optional<Lsn> required, boolean onlySyncStandbys) {
        if (onlySyncStandbys && syncActive(s) && !s.cluster().sync().namesStandby(name)) {
            return Optional.of("it is no synchronous standby");
        }
        PeerAnswer answer =
                s.peers()
                        .map(peers -> peers.get(name))
                        .orElse(new PeerAnswer.Unreachable("it was not asked"));
        return refusal(answer, required, s.cluster(), s.settings());
    }

    /** Whether synchronous replication is switched on and some primary maintains its state. */
    static boolean syncActive(Situation s) {
        SyncState sync = s.cluster().sync();
        return s.settings().synchronousMode() != ClusterSettings.SynchronousMode.OFF
                && sync.active()
                && !(s.followsRemote() && SetBackMark.is(sync));
    }

    /**
     * Whether the sync key demands that voters agree. A key of the quorum mode does so until it is
     * rewritten, even if the mode was changed since.
     */
    static boolean votesCount(Situation s) {
        boolean quorum =
                s.synchronousMode() == ClusterSettings.SynchronousMode.QUORUM
                        || s.cluster().sync().syncQuorum() > 0;
        return quorum
                && syncActive(s)
                && !s.cluster().sync().leader().filter(s.me()::equals).isPresent();
    }

    /**
     * How many voters of the sync key must still show that they have nothing beyond the own
     * position; a member that is no voter itself needs one more. 0 where votes don't count.
     */
    static int missingVotes(Situation s) {
        if (!votesCount(s)) {
            return 0;
        }
        Lsn position = inLine(s.cluster(), s.settings(), s.timeline(), s.position());
        int needed = s.cluster().sync().syncQuorum() + (s.cluster().sync().names(s.me()) ? 0 : 1);
        long votes =
                s.peers().orElse(new TreeMap<>()).entrySet().stream()
                        .filter(entry -> s.cluster().sync().names(entry.getKey()))
                        .filter(entry -> canVote(entry.getValue()))
                        .filter(entry ->
                                entry.getValue() instanceof PeerAnswer.Reached reached
                                        && inLine(
                                                                s.cluster(),
                                                                s.settings(),
                                                                reached.timeline(),
                                                                reached.position())
                                                        .compareTo(position)
                                                <= 0)
                        .count();
        return (int) Math.max(0, needed - votes);
    }

    /**
     * How much of a log belongs to the cluster's line: a log that went on where the cluster left
     * its timeline counts only up to there, whatever was written to it since.
     *
     * <p>A standby cluster's timelines are the remote's, of which the own history says nothing.
     *
     * @param timeline 0 if unknown: then the position counts as it is
     */
    static Lsn inLine(ClusterView cluster, ClusterSettings settings, int timeline, Lsn position) {
        if (timeline == 0 || settings.standbyCluster().isPresent()) {
            return position;
        }
        return cluster.history().entries().stream()
                .filter(entry -> entry.timeline() >= timeline)
                .map(TimelineHistory.Entry::switchLsn)
                .filter(left -> left.compareTo(position) < 0)
                .min(Lsn::compareTo)
                .orElse(position);
    }

    /**
     * Bytes by which a position is behind the leader's last published one; 0 if that isn't known.
     */
    static long lag(ClusterView cluster, Lsn position) {
        return cluster.status().leaderLsn().map(leader -> leader.bytesBeyond(position)).orElse(0L);
    }

    /** {@code n2: not reachable; n3: …}, or what there is to say when nobody was asked. */
    public static String describe(SortedMap<MemberName, String> refusals) {
        if (refusals.isEmpty()) {
            return "no other member with a REST address";
        }
        List<String> parts = new ArrayList<>();
        refusals.forEach((name, reason) -> parts.add(name + ": " + reason));
        return String.join("; ", parts);
    }
}
