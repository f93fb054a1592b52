package io.kumki.agent.ha;

import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.dcs.cluster.Tags;
import io.kumki.dcs.cluster.UrlPlace;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Optional;
import java.util.Set;

/** Whom a standby follows. */
public final class Following {

    private static final int DEFAULT_PORT = 5432;

    /** States of a server that feeds others now, or does so again in a moment. */
    private static final Set<String> UP = Set.of("running", "starting", "restarting");

    private Following() {}

    /**
     * The {@link #feeder} if there is one, else the leader; nobody without a leader, or when it
     * would be this member. With the tag {@code nostream} only the archive; the leader of a standby
     * cluster follows the remote, and so do all its members while none leads.
     */
    public static StandbyTarget target(Situation s) {
        Optional<StandbyTarget.Archive> archive =
                s.settings().standbyCluster().map(RemoteSource::archive);
        if (s.self().tags().nostream()) {
            return new StandbyTarget(StandbyTarget.Source.ARCHIVE, Optional.empty(), archive);
        }
        if (s.followsRemote() && s.iHoldKey()) {
            return RemoteSource.target(s.self(), s.settings().standbyCluster().get());
        }
        if (s.followsRemote() && longWithoutLeader(s)) {
            return RemoteSource.meanwhile(s.self(), s.settings().standbyCluster().get());
        }
        Optional<Upstream> member = cascade(s).or(() -> leader(s.self(), s.cluster()));
        return new StandbyTarget(
                member.isPresent() ? StandbyTarget.Source.MEMBER : StandbyTarget.Source.LAST,
                member,
                archive);
    }

    /**
     * An election takes a moment, and nobody changes its upstream for that. If none succeeds, the
     * members of a standby cluster get from the remote what they may lack to be elected.
     */
    private static boolean longWithoutLeader(Situation s) {
        return s.vacant()
                && !s.paused()
                && s.memory()
                        .vacancy()
                        .map(vacancy -> s.since(vacancy.sinceNanos()))
                        .filter(vacant -> vacant.compareTo(s.settings().timing().loopWait()) > 0)
                        .isPresent();
    }

    /** Nobody yet: a standby that must run before it is known whom it follows. */
    static StandbyTarget nobody(Situation s) {
        return new StandbyTarget(
                StandbyTarget.Source.LAST,
                Optional.empty(),
                s.settings().standbyCluster().map(RemoteSource::archive));
    }

    /**
     * Whose log the own one is compared with and rewound to: the leader's; in a standby cluster the
     * remote's, whoever leads here.
     */
    static Optional<Upstream> reference(Situation s) {
        return s.followsRemote()
                ? RemoteSource.upstream(s.self(), s.settings().standbyCluster().get())
                : leader(s.self(), s.cluster());
    }

    /** The other standby that this one streams from, if it has one. */
    static Optional<Upstream> cascade(Situation s) {
        return feeder(s.me(), s.self().tags(), s.cluster())
                .filter(member -> !s.cluster().leadership().heldBy(member.name()))
                .filter(member -> !avoided(s, member.name()))
                .flatMap(member -> upstream(s.self(), member));
    }

    /**
     * The member that a member's tag {@code replicatefrom} names, while it can feed it: it is
     * there, its server is up or coming up, and the way from it to the leader doesn't lead in a
     * circle. Empty: the leader feeds it.
     */
    static Optional<Member> feeder(MemberName fed, Tags tags, ClusterView cluster) {
        return tags.replicatefrom()
                .filter(name -> !name.equals(fed))
                .flatMap(cluster::member)
                .filter(member -> UP.contains(member.status().state()))
                .filter(member -> !inCircle(fed, member, cluster));
    }

    private static boolean avoided(Situation s, MemberName name) {
        return s.memory()
                .avoided()
                .filter(avoided -> avoided.member().equals(name))
                .filter(avoided -> avoided.untilNanos() - s.nowNanos() > 0)
                .isPresent();
    }

    /** The leader as a source to compare with, rewind to or clone from; see {@link #reference}. */
    public static Optional<Upstream> leader(Self self, ClusterView cluster) {
        return cluster.leaderMember()
                .filter(member -> !member.name().equals(self.name()))
                .flatMap(member -> upstream(self, member));
    }

    /** Where a member's server is reached; empty if it published no usable address. */
    public static Optional<Upstream> upstream(Self self, Member member) {
        return member.addresses()
                .connUrl()
                .flatMap(Following::parse)
                .map(place ->
                        new Upstream(
                                Optional.of(member.name()),
                                place.host(),
                                place.port(),
                                place.database(),
                                self.slots().used()
                                        ? Optional.of(SlotNames.of(self.name()))
                                        : Optional.empty()));
    }

    /**
     * Whether {@code member} gets its log from {@code me}, or from a circle; the leader gets none.
     */
    private static boolean inCircle(MemberName me, Member member, ClusterView cluster) {
        Optional<Member> step = Optional.of(member);
        for (int hops = 0; step.isPresent() && hops <= cluster.members().size(); hops++) {
            if (cluster.leadership().heldBy(step.get().name())) {
                return false;
            }
            Optional<MemberName> next = step.get().tags().replicatefrom();
            if (next.isEmpty()) {
                return false;
            }
            if (next.get().equals(me)) {
                return true;
            }
            step = next.flatMap(cluster::member);
        }
        return step.isPresent();
    }

    /** The database by which this member's server is reached. */
    static String ownDatabase(Self self) {
        return self.addresses()
                .connUrl()
                .flatMap(Following::parse)
                .map(Place::database)
                .orElse("postgres");
    }

    /** What a member's {@code conn_url} says. */
    private record Place(String host, int port, String database) {}

    private static Optional<Place> parse(String url) {
        try {
            URI uri = new URI(url);
            String path = uri.getPath();
            return UrlPlace.of(uri)
                    .map(place ->
                            new Place(
                                    place.host(),
                                    place.port().orElse(DEFAULT_PORT),
                                    path == null || path.length() < 2
                                            ? "postgres"
                                            : path.substring(1)));
        } catch (URISyntaxException _) {
            return Optional.empty();
        }
    }
}
