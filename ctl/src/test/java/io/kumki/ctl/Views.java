package io.kumki.ctl;

import io.kumki.dcs.cluster.ClusterStatus;
import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.DynamicConfig;
import io.kumki.dcs.cluster.FailoverRequest;
import io.kumki.dcs.cluster.Leadership;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.dcs.cluster.SyncState;
import io.kumki.dcs.cluster.Tags;
import io.kumki.dcs.cluster.TimelineHistory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;

/** Cluster views for tests: a healthy cluster, and what differs from it. */
public final class Views {

    private final Map<MemberName, Member> members = new TreeMap<>();
    private Leadership leadership = new Leadership.Vacant();
    private Map<String, Object> config = Map.of("ttl", 30, "loop_wait", 10);
    private FailoverRequest failover = FailoverRequest.NONE;
    private SyncState sync = SyncState.NONE;
    private Optional<String> initialize = Optional.of("7277694203142172922");
    private TimelineHistory history = TimelineHistory.EMPTY;

    /** The cluster of the contract's example: a leader and a streaming standby. */
    public static Views batman() {
        return new Views()
                .member(member("postgresql0", 5432, "primary", Optional.empty(), 0))
                .member(
                        member(
                                "postgresql1",
                                5433,
                                "replica",
                                Optional.of("streaming"),
                                0x40004E8L))
                .leader("postgresql0");
    }

    public static Member member(
            String name, int port, String role, Optional<String> replication, long position) {
        Optional<Lsn> lsn = position == 0 ? Optional.empty() : Optional.of(new Lsn(position));
        return new Member(
                new MemberName(name),
                new Member.Addresses(
                        Optional.of("postgres://127.0.0.1:" + port + "/postgres"),
                        Optional.of("http://127.0.0.1:1/patroni"),
                        Optional.empty()),
                Member.Status.of("running", role, "4.1.4"),
                new Member.WalProgress(lsn, lsn, lsn, replication, 5),
                Tags.NONE,
                1);
    }

    public Views member(Member member) {
        members.put(member.name(), member);
        return this;
    }

    public Views standby(String name, int port) {
        return member(member(name, port, "replica", Optional.of("streaming"), 0x40004E8L));
    }

    private Member present(String name) {
        return Objects.requireNonNull(members.get(new MemberName(name)), name);
    }

    public Views tags(String name, Map<String, ?> tags) {
        Member old = present(name);
        return member(
                new Member(old.name(), old.addresses(), old.status(), old.wal(), Tags.of(tags), 1));
    }

    public Views status(String name, Member.Status status) {
        Member old = present(name);
        return member(new Member(old.name(), old.addresses(), status, old.wal(), old.tags(), 1));
    }

    public Views wal(String name, Member.WalProgress wal) {
        Member old = present(name);
        return member(new Member(old.name(), old.addresses(), old.status(), wal, old.tags(), 1));
    }

    public Views api(String url) {
        for (Member old : new ArrayList<>(members.values())) {
            member(
                    new Member(
                            old.name(),
                            new Member.Addresses(
                                    old.addresses().connUrl(),
                                    Optional.of(url + "/" + old.name()),
                                    Optional.empty()),
                            old.status(),
                            old.wal(),
                            old.tags(),
                            1));
        }
        return this;
    }

    public Views leader(String name) {
        leadership = new Leadership.Held(new MemberName(name), 1, 1, 1);
        return this;
    }

    public Views without(String name) {
        members.remove(new MemberName(name));
        return this;
    }

    public Views noLeader() {
        leadership = new Leadership.Vacant();
        return this;
    }

    public Views config(Map<String, Object> values) {
        config = values;
        return this;
    }

    public Views initialize(Optional<String> text) {
        initialize = text;
        return this;
    }

    public Views failover(FailoverRequest request) {
        failover = request;
        return this;
    }

    public Views sync(String leader, String... standbys) {
        sync =
                new SyncState(
                        Optional.of(new MemberName(leader)),
                        0,
                        List.of(standbys).stream().map(MemberName::new).toList(),
                        1);
        return this;
    }

    public Views history(TimelineHistory other) {
        history = other;
        return this;
    }

    public ClusterView build() {
        return new ClusterView(
                initialize,
                leadership,
                new TreeMap<>(members),
                Optional.of(new DynamicConfig(config, 1)),
                failover,
                sync,
                new ClusterStatus(Optional.of(new Lsn(0x40004E8L)), new TreeMap<>(), List.of()),
                history,
                Optional.empty(),
                1);
    }

    static ClusterView withConfig(ClusterView view, DynamicConfig config) {
        return new ClusterView(
                view.initialize(),
                view.leadership(),
                view.members(),
                Optional.of(config),
                view.failover(),
                view.sync(),
                view.status(),
                view.history(),
                view.failsafe(),
                view.revision() + 1);
    }

    static ClusterView withFailover(ClusterView view, FailoverRequest failover) {
        return new ClusterView(
                view.initialize(),
                view.leadership(),
                view.members(),
                view.config(),
                failover,
                view.sync(),
                view.status(),
                view.history(),
                view.failsafe(),
                view.revision() + 1);
    }
}
