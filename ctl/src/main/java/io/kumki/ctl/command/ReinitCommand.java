package io.kumki.ctl.command;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.kumki.ctl.console.CtlException;
import io.kumki.ctl.members.RoleFilter;
import io.kumki.ctl.rest.ApiAnswer;
import io.kumki.ctl.rest.ApiUnreachableException;
import io.kumki.ctl.rest.MemberApi;
import io.kumki.ctl.session.ClusterAccess;
import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.Member;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Makes standbys throw their data away and copy it anew. */
@Command(name = "reinit", description = "Make standbys copy their data anew.")
final class ReinitCommand extends ClusterCommand {

    private static final Logger LOG = LoggerFactory.getLogger(ReinitCommand.class);

    private static final Duration BETWEEN_LOOKS = Duration.ofSeconds(2);
    private static final String AT_WORK = "creating replica";
    private static final String OTHER_OPERATION = " already in progress";

    @Parameters(index = "0", paramLabel = "CLUSTER_NAME")
    private String name = "";

    @Parameters(index = "1..*", arity = "0..*", paramLabel = "MEMBER_NAMES")
    private List<String> members = List.of();

    @Option(names = "--force", description = "don't ask; end another operation that runs there")
    private boolean force;

    @Option(names = "--from-leader", description = "copy from the leader only")
    private boolean fromLeader;

    @Option(names = "--wait", description = "wait until it is done")
    private boolean wait;

    @Override
    public Integer call() {
        try (ClusterAccess cluster = open(name, chosenGroup())) {
            ClusterView view = cluster.read();
            List<Member> chosen = choose(cluster, view);
            if (!force && !chosen.isEmpty()) {
                Selection.confirm(this, "reinitialize", chosen);
            }
            List<Member> started = new ArrayList<>();
            int exitCode = DONE;
            for (Member member : chosen) {
                try {
                    if (reinitialize(member)) {
                        started.add(member);
                    }
                } catch (ApiUnreachableException e) {
                    print(
                            "Failed: reinitialize for member "
                                    + member.name()
                                    + ", "
                                    + e.getMessage());
                    exitCode = FAILED;
                }
            }
            if (wait) {
                awaitEnd(started);
            }
            return exitCode;
        }
    }

    /**
     * Never all of them by default: whoever names nobody is asked, and with force nothing is done.
     */
    private List<Member> choose(ClusterAccess cluster, ClusterView view) {
        List<Member> standbys =
                new Selection(RoleFilter.replica, members)
                        .choose(this, cluster, view, RoleFilter.replica.toString());
        if (!members.isEmpty()) {
            return standbys;
        }
        if (force) {
            return List.of();
        }
        String answer =
                console()
                        .prompt(
                                "Which member do you want to reinitialize ["
                                        + Selection.list(standbys)
                                        + "]?",
                                "");
        List<Member> named =
                standbys.stream().filter(m -> m.name().value().equals(answer)).toList();
        if (named.isEmpty()) {
            throw new CtlException(answer + " is not a member of cluster");
        }
        return named;
    }

    private boolean reinitialize(Member member) throws ApiUnreachableException {
        ApiAnswer answer = request(member, force);
        if (!accepted(answer)
                && answer.body().endsWith(OTHER_OPERATION)
                && !force
                && console().confirm("Do you want to cancel it and reinitialize anyway?")) {
            answer = request(member, true);
        }
        return accepted(answer);
    }

    private ApiAnswer request(Member member, boolean forced) throws ApiUnreachableException {
        Map<String, Object> body = Map.of("force", forced, "from_leader", fromLeader);
        ApiAnswer answer =
                session().api().send(member, "POST", "reinitialize", body, MemberApi.QUICK);
        print(
                accepted(answer)
                        ? "Success: reinitialize for member " + member.name()
                        : failed("reinitialize for member " + member.name(), answer));
        return answer;
    }

    private static boolean accepted(ApiAnswer answer) {
        return answer.status() < 400;
    }

    private void awaitEnd(List<Member> started) {
        List<Member> waiting = new ArrayList<>(started);
        int announced = 0;
        while (!waiting.isEmpty()) {
            if (waiting.size() != announced) {
                print("Waiting for reinitialize to complete on: " + Selection.list(waiting));
                announced = waiting.size();
            }
            session().sleep(BETWEEN_LOOKS);
            for (Member member : List.copyOf(waiting)) {
                if (done(member)) {
                    print("Reinitialize is completed on: " + member.name());
                    waiting.remove(member);
                }
            }
        }
    }

    private boolean done(Member member) {
        try {
            ApiAnswer answer = session().api().get(member, "patroni");
            JsonNode status = new ObjectMapper().readTree(answer.body());
            return status.has("state") && !status.get("state").asText().equals(AT_WORK);
        } catch (ApiUnreachableException e) {
            LOG.warn("{}", e.getMessage());
            return false;
        } catch (JsonProcessingException e) {
            LOG.warn("{} answered GET /patroni with something else than JSON", member.name());
            return false;
        }
    }
}
