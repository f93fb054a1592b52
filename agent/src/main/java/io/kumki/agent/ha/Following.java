package io.kumki.agent.ha;

import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.MemberName;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Optional;

/** Whom a standby follows. */
public final class Following {

    private static final int DEFAULT_PORT = 5432;

    private Following() {}

    /**
     * The member named by the own tag {@code replicatefrom} if it is there and isn't fed by this
     * member itself, else the leader; nobody with the tag {@code nostream}, without a leader, or
     * when it would be this member.
     */
    public static StandbyTarget target(Self self, ClusterView cluster) {
        if (self.tags().nostream()) {
            return StandbyTarget.NOBODY;
        }
        Optional<Member> cascade =
                self.tags()
                        .replicatefrom()
                        .filter(name -> !name.equals(self.name()))
                        .flatMap(cluster::member)
                        .filter(member -> !fedBy(self.name(), member, cluster))
                        .filter(member -> upstream(self, member).isPresent());
        Optional<Member> source = cascade.isPresent() ? cascade : cluster.leaderMember();
        return source.filter(member -> !member.name().equals(self.name()))
                .flatMap(member -> upstream(self, member))
                .map(StandbyTarget::of)
                .orElse(StandbyTarget.NOBODY);
    }

    /** The leader as a source to compare with, rewind to or clone from. */
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
                .map(uri ->
                        new Upstream(
                                Optional.of(member.name()),
                                unbracket(uri.getHost()),
                                uri.getPort() < 0 ? DEFAULT_PORT : uri.getPort(),
                                database(uri),
                                self.slots().used()
                                        ? Optional.of(SlotNames.of(self.name()))
                                        : Optional.empty()));
    }

    private static boolean fedBy(MemberName me, Member member, ClusterView cluster) {
        Optional<Member> step = Optional.of(member);
        for (int hops = 0; step.isPresent() && hops <= cluster.members().size(); hops++) {
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

    private static Optional<URI> parse(String url) {
        try {
            URI uri = new URI(url);
            return uri.getHost() == null ? Optional.empty() : Optional.of(uri);
        } catch (URISyntaxException _) {
            return Optional.empty();
        }
    }

    private static String unbracket(String host) {
        return host.startsWith("[") && host.endsWith("]")
                ? host.substring(1, host.length() - 1)
                : host;
    }

    private static String database(URI uri) {
        String path = uri.getPath();
        return path == null || path.length() < 2 ? "postgres" : path.substring(1);
    }
}
