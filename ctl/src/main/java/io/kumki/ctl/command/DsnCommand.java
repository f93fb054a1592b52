package io.kumki.ctl.command;

import io.kumki.ctl.console.CtlException;
import io.kumki.ctl.members.RoleFilter;
import io.kumki.ctl.members.ServerAddress;
import io.kumki.ctl.session.ClusterAccess;
import io.kumki.dcs.cluster.ClusterView;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Prints where a member's server is reached. */
@Command(name = "dsn", description = "Print a connection string for a member.")
final class DsnCommand extends ClusterCommand {

    @Parameters(arity = "0..1", paramLabel = "CLUSTER_NAME")
    private @Nullable String name;

    @Option(
            names = {"-r", "--role"},
            paramLabel = "ROLE",
            description = "first member of this role: ${COMPLETION-CANDIDATES} (default: leader)")
    private @Nullable RoleFilter role;

    @Option(
            names = {"-m", "--member"},
            paramLabel = "NAME",
            description = "this member")
    private @Nullable String member;

    @Override
    public Integer call() {
        if (role != null && member != null) {
            throw new CtlException("--role and --member are mutually exclusive options");
        }
        try (ClusterAccess cluster = open(clusterName(name), chosenGroup())) {
            ServerAddress address = find(cluster.read());
            print("host=" + address.host() + " port=" + address.port());
        }
        return DONE;
    }

    private ServerAddress find(ClusterView view) {
        RoleFilter wanted =
                role != null ? role : member != null ? RoleFilter.any : RoleFilter.leader;
        return wanted.members(view).stream()
                .filter(m -> member == null || m.name().value().equals(member))
                .flatMap(m -> ServerAddress.of(m).stream())
                .findFirst()
                .orElseThrow(() -> new CtlException("Can not find a suitable member"));
    }
}
