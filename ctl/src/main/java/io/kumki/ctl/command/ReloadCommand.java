package io.kumki.ctl.command;

import io.kumki.ctl.members.RoleFilter;
import io.kumki.ctl.rest.ApiAnswer;
import io.kumki.ctl.rest.ApiUnreachableException;
import io.kumki.ctl.rest.MemberApi;
import io.kumki.ctl.session.ClusterAccess;
import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.Member;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Makes agents read their configuration files again. */
@Command(name = "reload", description = "Make members read their configuration again.")
final class ReloadCommand extends ClusterCommand {

    @Parameters(index = "0", paramLabel = "CLUSTER_NAME")
    private String name = "";

    @Parameters(index = "1..*", arity = "0..*", paramLabel = "MEMBER_NAMES")
    private List<String> members = List.of();

    @Option(
            names = {"-r", "--role"},
            paramLabel = "ROLE",
            description = "${COMPLETION-CANDIDATES}")
    private RoleFilter role = RoleFilter.any;

    @Option(names = "--force", description = "don't ask")
    private boolean force;

    @Override
    public Integer call() {
        try (ClusterAccess cluster = open(name, chosenGroup())) {
            ClusterView view = cluster.read();
            List<Member> chosen = new Selection(role, members).choose(this, cluster, view);
            if (!force) {
                Selection.confirm(this, "reload", chosen);
            }
            int exitCode = DONE;
            for (Member member : chosen) {
                exitCode = Math.max(exitCode, reload(member, view));
            }
            return exitCode;
        }
    }

    private int reload(Member member, ClusterView view) {
        try {
            ApiAnswer answer =
                    session().api().send(member, "POST", "reload", null, MemberApi.QUICK);
            print(
                    switch (answer.status()) {
                        case 200 -> "No changes to apply on member " + member.name();
                        case 202 ->
                                "Reload request received for member %s and will be processed within %d seconds"
                                        .formatted(
                                                member.name(),
                                                settings(view).timing().loopWait().toSeconds());
                        default -> failed("reload for member " + member.name(), answer);
                    });
            return DONE;
        } catch (ApiUnreachableException e) {
            print("Failed: reload for member " + member.name() + ", " + e.getMessage());
            return FAILED;
        }
    }
}
