package io.kumki.ctl.command;

import io.kumki.ctl.output.YamlText;
import io.kumki.ctl.session.ClusterAccess;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Prints the dynamic configuration. */
@Command(name = "show-config", description = "Show the dynamic configuration.")
final class ShowConfigCommand extends ClusterCommand {

    @Parameters(arity = "0..1", paramLabel = "CLUSTER_NAME")
    private @Nullable String name;

    @Override
    public Integer call() {
        try (ClusterAccess cluster = open(clusterName(name), ownGroup())) {
            cluster.read().config().ifPresent(config -> print(YamlText.block(config.values())));
        }
        return DONE;
    }
}
