package io.kumki.ctl.command;

import io.kumki.ctl.console.CtlException;
import io.kumki.ctl.output.Timestamps;
import io.kumki.ctl.rest.ApiAnswer;
import io.kumki.ctl.rest.ApiUnreachableException;
import io.kumki.ctl.rest.MemberApi;
import io.kumki.ctl.session.ClusterAccess;
import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.Member;
import java.time.Duration;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * What {@code demote-cluster} and {@code promote-cluster} share: both set {@code standby_cluster}
 * of the dynamic configuration and wait for a leader of the other kind, as long as that takes.
 */
abstract class ClusterRoleSwitch extends CtlCommand {

    private static final String RUNNING = "running";

    @Parameters(arity = "0..1", paramLabel = "CLUSTER_NAME")
    private @Nullable String name;

    @Option(names = "--force", description = "don't ask")
    private boolean force;

    /** {@code demote} or {@code promote}. */
    abstract String verb();

    /** {@code demotion} or {@code promotion}. */
    abstract String noun();

    /** The role of the leader when it is done. */
    abstract String wantedRole();

    /** Whether a former leader is waited for as well. */
    abstract boolean formerLeaderComesBack();

    /**
     * The new {@code standby_cluster}; empty removes it.
     *
     * @throws CtlException if the options don't say enough
     */
    abstract Optional<SortedMap<String, Object>> remote();

    @Override
    public Integer call() {
        Optional<SortedMap<String, Object>> remote = remote();
        try (ClusterAccess cluster = open(clusterName(name), OptionalInt.empty())) {
            ClusterView view = cluster.read();
            Member leader =
                    view.leaderMember()
                            .orElseThrow(() ->
                                    new CtlException(
                                            "Cluster has no leader, "
                                                    + noun()
                                                    + " is not possible"));
            if (leader.status().role().equals(wantedRole())) {
                throw new CtlException("Cluster is already in the required state");
            }
            print("Current cluster topology");
            printMembers(cluster, view);
            if (!force
                    && !console()
                            .confirm(
                                    "Are you sure you want to %s %s cluster?"
                                            .formatted(verb(), cluster.name()))) {
                throw new CtlException("Aborted cluster " + noun());
            }
            send(cluster, leader, remote);
            ClusterView after = await(cluster, leader);
            print(seconds() + " cluster is successfully " + verb() + "d");
            printMembers(cluster, after);
            return DONE;
        }
    }

    private void send(
            ClusterAccess cluster, Member leader, Optional<SortedMap<String, Object>> remote) {
        Map<String, @Nullable Object> body =
                Collections.singletonMap("standby_cluster", remote.orElse(null));
        String failed = "Failed to %s %s cluster: ".formatted(verb(), cluster.name());
        try {
            ApiAnswer answer =
                    session().api().send(leader, "PATCH", "config", body, MemberApi.QUICK);
            if (answer.status() != 200) {
                throw new CtlException(
                        failed + "status code=" + answer.status() + ", (" + answer.body() + ")");
            }
        } catch (ApiUnreachableException e) {
            throw new CtlException(failed + e.getMessage());
        }
    }

    private ClusterView await(ClusterAccess cluster, Member former) {
        while (true) {
            ClusterView view = cluster.read();
            Optional<Member.Status> leader = view.leaderMember().map(Member::status);
            Optional<Member.Status> before =
                    formerLeaderComesBack()
                                    && view.leader()
                                            .filter(name -> !name.equals(former.name()))
                                            .isPresent()
                            ? Optional.of(
                                    view.member(former.name())
                                            .map(Member::status)
                                            .orElse(Member.Status.of("None", "", "")))
                            : Optional.empty();
            boolean leads =
                    leader.filter(status -> status.role().equals(wantedRole()))
                            .filter(status -> status.state().equals(RUNNING))
                            .isPresent();
            if (leads && before.map(Member.Status::state).orElse(RUNNING).equals(RUNNING)) {
                return view;
            }
            print(
                    "%s cluster is unlocked: %s, leader role: %s, leader state: %s%s"
                            .formatted(
                                    seconds(),
                                    view.leader().isPresent() ? "False" : "True",
                                    leader.map(Member.Status::role).orElse("None"),
                                    leader.map(Member.Status::state).orElse("None"),
                                    before.map(status ->
                                                    ", previous leader state: '"
                                                            + status.state()
                                                            + "'")
                                            .orElse("")));
            session().sleep(Duration.ofSeconds(1));
        }
    }

    private String seconds() {
        return Timestamps.seconds(session().clock());
    }
}
