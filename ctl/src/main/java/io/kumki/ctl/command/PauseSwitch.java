package io.kumki.ctl.command;

import io.kumki.ctl.console.CtlException;
import io.kumki.ctl.members.RoleFilter;
import io.kumki.ctl.rest.ApiAnswer;
import io.kumki.ctl.rest.ApiUnreachableException;
import io.kumki.ctl.rest.MemberApi;
import io.kumki.ctl.session.ClusterAccess;
import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.MemberName;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What {@code pause} and {@code resume} share: both set one key of the dynamic configuration. */
abstract class PauseSwitch extends ClusterCommand {

    private static final Logger LOG = LoggerFactory.getLogger(PauseSwitch.class);

    @Parameters(arity = "0..1", paramLabel = "CLUSTER_NAME")
    private @Nullable String name;

    @Option(names = "--wait", description = "wait until all members know")
    private boolean wait;

    /** Whether the cluster is to be paused. */
    abstract boolean pausing();

    @Override
    public Integer call() {
        try (ClusterAccess cluster = open(clusterName(name), ownGroup())) {
            ClusterView view = cluster.read();
            if (settings(view).pause() == pausing()) {
                throw new CtlException(
                        pausing() ? "Cluster is already paused" : "Cluster is not paused");
            }
            ApiAnswer answer = sendToAnyone(view);
            if (answer.status() != 200) {
                print(
                        "Failed: %s cluster management status code=%d, (%s)"
                                .formatted(verb(), answer.status(), answer.body()));
                return DONE;
            }
            if (wait && !allKnow(cluster, view)) {
                return FAILED;
            }
            print("Success: cluster management is " + (pausing() ? "paused" : "resumed"));
            return DONE;
        }
    }

    private String verb() {
        return pausing() ? "pause" : "resume";
    }

    private ApiAnswer sendToAnyone(ClusterView view) {
        Map<String, @Nullable Boolean> body = new HashMap<>();
        body.put("pause", pausing() ? Boolean.TRUE : null);
        for (Member member : RoleFilter.leaderFirst(view)) {
            if (member.addresses().apiUrl().isEmpty()) {
                continue;
            }
            try {
                return session().api().send(member, "PATCH", "config", body, MemberApi.QUICK);
            } catch (ApiUnreachableException e) {
                LOG.warn("{}", e.getMessage());
            }
        }
        throw new CtlException("Can not find accessible cluster member");
    }

    /**
     * Waits for a turn of every member's loop. Upstream calls it a success when no member wrote its
     * key meanwhile and ends with 0 in either case; who waits before touching a server needs to
     * know for certain, so here only a key that says so counts, and the exit code tells.
     */
    private boolean allKnow(ClusterAccess cluster, ClusterView before) {
        print("'%s' request sent, waiting until it is recognized by all nodes".formatted(verb()));
        long loopWait = settings(before).timing().loopWait().toSeconds();
        List<String> unaware = List.of();
        for (long second = 0; second <= loopWait; second++) {
            session().sleep(Duration.ofSeconds(1));
            unaware = unaware(before, cluster.read().members());
            if (unaware.isEmpty()) {
                return true;
            }
        }
        print(
                "%s members didn't recognized %s state after %d seconds"
                        .formatted(String.join(", ", unaware), verb(), loopWait));
        return false;
    }

    /**
     * The members whose keys have the old state. One whose key has gone is none any more: it reads
     * the configuration before it does anything, should it return.
     */
    private List<String> unaware(ClusterView before, Map<MemberName, Member> now) {
        return before.members().keySet().stream()
                .map(now::get)
                .filter(member -> member != null && member.status().pause() != pausing())
                .map(member -> member.name().value())
                .toList();
    }
}
