package io.kumki.ctl.command;

import io.kumki.ctl.console.CtlException;
import io.kumki.ctl.output.Timestamps;
import io.kumki.ctl.rest.ApiAnswer;
import io.kumki.ctl.rest.ApiUnreachableException;
import io.kumki.ctl.rest.MemberApi;
import io.kumki.ctl.session.ClusterAccess;
import io.kumki.dcs.WriteOutcome;
import io.kumki.dcs.cluster.ClusterSettings.SynchronousMode;
import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.FailoverRequest;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.MemberName;
import java.time.OffsetDateTime;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * What {@code switchover} and {@code failover} share: ask for what is missing, confirm, send the
 * request to a member, and if it gives no answer write the request into the store.
 */
abstract class LeaderChange extends ClusterCommand {

    private static final Logger LOG = LoggerFactory.getLogger(LeaderChange.class);

    /** A member that is too old for {@code POST /switchover} says so with this status and text. */
    private static final int NOT_IMPLEMENTED = 501;

    private static final String UNSUPPORTED = "Server does not support this operation";

    @Parameters(arity = "0..1", paramLabel = "CLUSTER_NAME")
    private @Nullable String name;

    @Option(names = "--candidate", paramLabel = "NAME", description = "who takes over")
    private @Nullable String candidate;

    @Option(names = "--force", description = "don't ask")
    boolean force;

    /** The request as far as it is known. */
    record Wish(
            Optional<MemberName> leader,
            Optional<MemberName> candidate,
            Optional<OffsetDateTime> time) {

        Map<String, @Nullable Object> body() {
            Map<String, @Nullable Object> body = new LinkedHashMap<>();
            body.put("candidate", candidate.map(MemberName::value).orElse(null));
            leader.ifPresent(member -> body.put("leader", member.value()));
            time.ifPresent(at -> body.put("scheduled_at", Timestamps.iso(at)));
            return body;
        }

        FailoverRequest request() {
            return new FailoverRequest(leader, candidate, time.map(Timestamps::iso), 0);
        }
    }

    /** {@code switchover} or {@code failover}. */
    abstract String action();

    /** Who is to step down, as given or asked for; empty for a failover. */
    abstract Optional<MemberName> leader(ClusterView view, String clusterName);

    /** When, as given or asked for; empty for now. */
    abstract Optional<OffsetDateTime> time(ClusterView view);

    /** The question before anything happens, and the error if the answer is no. */
    abstract void confirm(ClusterView view, String clusterName, Wish wish);

    /** What a failover asks besides. */
    abstract void checkCandidate(ClusterView view, Optional<MemberName> chosen);

    @Override
    public Integer call() {
        String clusterName = clusterName(name);
        try (ClusterAccess cluster = open(clusterName, chosenGroup())) {
            ClusterView view = cluster.read();
            print("Current cluster topology");
            printMembers(cluster, view);
            if (!groupMissing()) {
                return change(cluster, view);
            }
        }
        try (ClusterAccess cluster = open(clusterName, requiredGroup(!force))) {
            return change(cluster, cluster.read());
        }
    }

    private int change(ClusterAccess cluster, ClusterView view) {
        Optional<MemberName> leader = leader(view, cluster.name());
        Optional<MemberName> chosen = candidate(view, cluster.name());
        checkCandidate(view, chosen);
        Wish wish = new Wish(leader, chosen, time(view));
        if (!force) {
            confirm(view, cluster.name(), wish);
        }
        Member target =
                view.leaderMember()
                        .or(() -> chosen.flatMap(view::member))
                        .orElseThrow(() -> new CtlException("This cluster has no leader"));
        try {
            report(cluster, send(target, wish));
        } catch (ApiUnreachableException e) {
            LOG.warn("{}", e.getMessage());
            print(now() + " Could not " + action() + " using Patroni api, falling back to DCS");
            WriteOutcome written =
                    cluster.write(
                            cluster.store().putFailover(wish.request(), OptionalLong.empty()));
            if (written instanceof WriteOutcome.Rejected(String reason)) {
                throw new CtlException("failed to write failover key into DCS: " + reason);
            }
            printMembers(cluster, view);
        }
        return DONE;
    }

    private ApiAnswer send(Member target, Wish wish) throws ApiUnreachableException {
        MemberApi api = session().api();
        ApiAnswer answer = api.send(target, "POST", action(), wish.body(), MemberApi.WORK);
        boolean tooOld = answer.status() == NOT_IMPLEMENTED && answer.body().contains(UNSUPPORTED);
        return tooOld && !action().equals("failover")
                ? api.send(target, "POST", "failover", wish.body(), MemberApi.WORK)
                : answer;
    }

    private void report(ClusterAccess cluster, ApiAnswer answer) {
        if (answer.status() == 200 || answer.status() == 202) {
            ClusterView after = cluster.read();
            print(now() + " " + answer.body());
            printMembers(cluster, after);
        } else {
            print(
                    "%s failed, details: %d, %s"
                            .formatted(capitalized(), answer.status(), answer.body()));
        }
    }

    private String capitalized() {
        return Character.toUpperCase(action().charAt(0)) + action().substring(1);
    }

    private Optional<MemberName> candidate(ClusterView view, String clusterName) {
        Optional<MemberName> leader = view.leader();
        List<String> names =
                view.members().values().stream()
                        .filter(member -> !leader.equals(Optional.of(member.name())))
                        .filter(member -> !member.tags().nofailover())
                        .map(member -> member.name().value())
                        .toList();
        if (names.isEmpty()) {
            throw new CtlException("No candidates found to " + action() + " to");
        }
        String wanted = candidate;
        if (wanted == null && !force) {
            String quoted =
                    names.stream().map(n -> "'" + n + "'").collect(Collectors.joining(", "));
            wanted = console().prompt("Candidate [" + quoted + "]", "");
        }
        if (wanted == null || wanted.isEmpty()) {
            return Optional.empty();
        }
        if (leader.isPresent() && leader.get().value().equals(wanted)) {
            throw new CtlException(
                    "Member " + wanted + " is already the leader of cluster " + clusterName);
        }
        if (!names.contains(wanted)) {
            throw new CtlException(
                    "Member %s does not exist in cluster %s or is tagged as nofailover"
                            .formatted(wanted, clusterName));
        }
        return Optional.of(new MemberName(wanted));
    }

    static boolean synchronous(ClusterView view) {
        return settings(view).synchronousMode() != SynchronousMode.OFF;
    }
}
