package io.kumki.ctl.command;

import io.kumki.ctl.console.CtlException;
import io.kumki.ctl.members.RoleFilter;
import io.kumki.ctl.rest.ApiAnswer;
import io.kumki.ctl.rest.ApiUnreachableException;
import io.kumki.ctl.rest.MemberApi;
import io.kumki.ctl.session.ClusterAccess;
import io.kumki.dcs.WriteOutcome;
import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.FailoverRequest;
import io.kumki.dcs.cluster.Member;
import java.util.List;
import java.util.OptionalLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Discards what was scheduled: restarts, or the switchover. */
@Command(name = "flush", description = "Discard scheduled restarts, or the scheduled switchover.")
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class FlushCommand extends ClusterCommand {

    private static final Logger LOG = LoggerFactory.getLogger(FlushCommand.class);

    @Spec private CommandSpec spec;

    @Parameters(index = "0", paramLabel = "CLUSTER_NAME")
    private String name = "";

    @Parameters(
            index = "1..*",
            arity = "1..*",
            paramLabel = "[MEMBER_NAMES] restart|switchover",
            hideParamSyntax = true,
            description = "what to discard stands last")
    private List<String> arguments = List.of();

    @Option(
            names = {"-r", "--role"},
            paramLabel = "ROLE",
            description = "${COMPLETION-CANDIDATES}")
    private RoleFilter role = RoleFilter.any;

    @Option(names = "--force", description = "don't ask")
    private boolean force;

    @Override
    public Integer call() {
        String target = arguments.getLast();
        List<String> members = arguments.subList(0, arguments.size() - 1);
        return switch (target) {
            case "restart" -> flushRestarts(members);
            case "switchover" -> flushSwitchover();
            default ->
                    throw new ParameterException(
                            spec.commandLine(),
                            "Invalid value for '[restart|switchover]': '"
                                    + target
                                    + "' is not one of 'restart', 'switchover'.");
        };
    }

    private int flushRestarts(List<String> members) {
        try (ClusterAccess cluster = open(name, chosenGroup())) {
            ClusterView view = cluster.read();
            List<Member> chosen = new Selection(role, members).choose(this, cluster, view);
            if (!force) {
                Selection.confirm(this, "flush", chosen);
            }
            int exitCode = DONE;
            for (Member member : chosen) {
                exitCode = Math.max(exitCode, flushRestart(member));
            }
            return exitCode;
        }
    }

    private int flushRestart(Member member) {
        if (member.status().scheduledRestart().isEmpty()) {
            print("No scheduled restart for member " + member.name());
            return DONE;
        }
        try {
            print(
                    deleted(
                            member,
                            session()
                                    .api()
                                    .send(member, "DELETE", "restart", null, MemberApi.QUICK)));
            return DONE;
        } catch (ApiUnreachableException e) {
            print(
                    "Failed: flush scheduled restart for member "
                            + member.name()
                            + ", "
                            + e.getMessage());
            return FAILED;
        }
    }

    static String deleted(Member member, ApiAnswer answer) {
        String what = "flush scheduled restart for member " + member.name();
        return answer.status() == 200 ? "Success: " + what : failed(what, answer);
    }

    private int flushSwitchover() {
        try (ClusterAccess cluster = open(name, chosenGroup())) {
            ClusterView view = cluster.read();
            FailoverRequest request = view.failover();
            if (!request.present() || request.scheduledAt().isEmpty()) {
                print("No pending scheduled switchover");
                return DONE;
            }
            for (Member member : RoleFilter.leaderFirst(view)) {
                if (settledBy(member)) {
                    return DONE;
                }
            }
            print(now() + " Could not find any accessible member of cluster " + name);
            OptionalLong revision =
                    request.modRevision() == 0
                            ? OptionalLong.empty()
                            : OptionalLong.of(request.modRevision());
            WriteOutcome written =
                    cluster.write(cluster.store().putFailover(FailoverRequest.NONE, revision));
            if (written instanceof WriteOutcome.Rejected(String reason)) {
                throw new CtlException(
                        "the scheduled switchover changed meanwhile and was left alone: " + reason);
            }
            return DONE;
        }
    }

    private boolean settledBy(Member member) {
        try {
            ApiAnswer answer =
                    session().api().send(member, "DELETE", "switchover", null, MemberApi.QUICK);
            if (answer.status() == 200 || answer.status() == 404) {
                print((answer.status() == 200 ? "Success: " : "Failed: ") + answer.body());
                return true;
            }
            print(
                    "Failed: member=%s, status_code=%d, (%s)"
                            .formatted(member.name(), answer.status(), answer.body()));
        } catch (ApiUnreachableException e) {
            LOG.warn("{}", e.getMessage());
        }
        return false;
    }
}
