package io.kumki.ctl.command;

import io.kumki.ctl.console.CtlException;
import io.kumki.ctl.members.RoleFilter;
import io.kumki.ctl.output.Timestamps;
import io.kumki.ctl.rest.ApiAnswer;
import io.kumki.ctl.rest.ApiUnreachableException;
import io.kumki.ctl.rest.MemberApi;
import io.kumki.ctl.session.ClusterAccess;
import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.Member;
import java.time.OffsetDateTime;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Restarts members' PostgreSQL servers, now or later. */
@Command(name = "restart", description = "Restart members' PostgreSQL servers.")
final class RestartCommand extends ClusterCommand {

    @Parameters(index = "0", paramLabel = "CLUSTER_NAME")
    private String name = "";

    @Parameters(index = "1..*", arity = "0..*", paramLabel = "MEMBER_NAMES")
    private List<String> members = List.of();

    @Option(
            names = {"-r", "--role"},
            paramLabel = "ROLE",
            description = "${COMPLETION-CANDIDATES}")
    private RoleFilter role = RoleFilter.any;

    @Option(names = "--any", description = "only one of the members, by chance")
    private boolean any;

    @Option(names = "--scheduled", paramLabel = "TIME", description = "when, or \"now\"")
    private @Nullable String scheduled;

    @Option(
            names = "--pg-version",
            paramLabel = "VERSION",
            description = "only servers older than this, such as 15.4")
    private @Nullable String version;

    @Option(names = "--pending", description = "only members whose restart is pending")
    private boolean pending;

    @Option(
            names = "--timeout",
            paramLabel = "TIME",
            description =
                    "how long the start may take before a leader gives up, such as 60 or 5min")
    private @Nullable String timeout;

    @Option(names = "--force", description = "don't ask")
    private boolean force;

    @Override
    public Integer call() {
        try (ClusterAccess cluster = open(name, chosenGroup())) {
            ClusterView view = cluster.read();
            List<Member> chosen = new Selection(role, members).choose(this, cluster, view);
            Optional<OffsetDateTime> time =
                    ScheduledTime.ask(session(), scheduled, "restart", force);
            if (pending && time.isEmpty()) {
                chosen = chosen.stream().filter(m -> m.status().restartPending()).toList();
            }
            if (chosen.isEmpty()) {
                print("No members with a pending restart");
                return DONE;
            }
            if (any) {
                chosen =
                        List.of(
                                chosen.get(
                                        session().surroundings().random().nextInt(chosen.size())));
            }
            confirm(chosen, time);
            Map<String, Object> body = body(view, time);
            int exitCode = DONE;
            for (Member member : chosen) {
                exitCode = Math.max(exitCode, restart(member, body, time.isPresent()));
            }
            return exitCode;
        }
    }

    private void confirm(List<Member> chosen, Optional<OffsetDateTime> time) {
        if (force) {
            return;
        }
        if (time.isEmpty()) {
            if (!console()
                    .confirm(
                            "Are you sure you want to restart members "
                                    + Selection.list(chosen)
                                    + "?")) {
                throw new CtlException("Aborted restart");
            }
            return;
        }
        String question =
                "Are you sure you want to schedule restart of members %s at %s?"
                        .formatted(Selection.list(chosen), Timestamps.withOffset(time.get()));
        if (pending) {
            question =
                    question
                            + " Which of them have a pending restart is looked at then;"
                            + " is that fine?";
        }
        if (!console().confirm(question)) {
            throw new CtlException("Aborted scheduled restart");
        }
    }

    private Map<String, Object> body(ClusterView view, Optional<OffsetDateTime> time) {
        Map<String, Object> body = new LinkedHashMap<>();
        if (pending) {
            body.put("restart_pending", true);
        }
        String below = version;
        if (below == null && !force) {
            below =
                    console()
                            .prompt(
                                    "Restart if the PostgreSQL version is less than provided"
                                            + " (e.g. 9.5.2) ",
                                    "");
        }
        if (below != null && !below.isEmpty()) {
            checkVersion(below);
            body.put("postgres_version", below);
        }
        if (time.isPresent()) {
            if (settings(view).pause()) {
                throw ScheduledTime.pausedError("restart");
            }
            body.put("schedule", Timestamps.iso(time.get()));
        }
        if (timeout != null) {
            body.put("timeout", timeout);
        }
        return body;
    }

    static void checkVersion(String version) {
        if (!version.matches("[0-9]+(\\.[0-9]+)*")) {
            throw new CtlException("Invalid PostgreSQL version: " + version);
        }
        if (!version.matches("[0-9]+(\\.[0-9]+){1,2}")) {
            throw new CtlException(
                    "Invalid PostgreSQL version format: X.Y or X.Y.Z is accepted: " + version);
        }
    }

    private int restart(Member member, Map<String, Object> body, boolean later) {
        MemberApi api = session().api();
        try {
            if (force && later && member.status().scheduledRestart().isPresent()) {
                ApiAnswer deleted = api.send(member, "DELETE", "restart", null, MemberApi.QUICK);
                print(FlushCommand.deleted(member, deleted));
            }
            ApiAnswer answer = api.send(member, "POST", "restart", body, MemberApi.WORK);
            print(
                    switch (answer.status()) {
                        case 200 -> "Success: restart on member " + member.name();
                        case 202 -> "Success: restart scheduled on member " + member.name();
                        case 409 ->
                                "Failed: another restart is already scheduled on member "
                                        + member.name();
                        default -> failed("restart for member " + member.name(), answer);
                    });
            return DONE;
        } catch (ApiUnreachableException e) {
            print("Failed: restart for member " + member.name() + ", " + e.getMessage());
            return FAILED;
        }
    }
}
