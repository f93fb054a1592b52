package io.kumki.ctl.command;

import io.kumki.ctl.console.CtlException;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Makes a cluster a standby cluster. */
@Command(name = "demote-cluster", description = "Let the cluster follow another one.")
final class DemoteClusterCommand extends ClusterRoleSwitch {

    @Option(names = "--host", paramLabel = "HOST", description = "address of the remote")
    private @Nullable String host;

    @Option(names = "--port", paramLabel = "PORT", description = "port of the remote")
    private @Nullable Integer port;

    @Option(
            names = "--restore-command",
            paramLabel = "COMMAND",
            description = "fetches log segments from the remote's archive")
    private @Nullable String restoreCommand;

    @Option(names = "--primary-slot-name", paramLabel = "SLOT", description = "slot on the remote")
    private @Nullable String primarySlotName;

    @Override
    String verb() {
        return "demote";
    }

    @Override
    String noun() {
        return "demotion";
    }

    @Override
    String wantedRole() {
        return "standby_leader";
    }

    @Override
    boolean formerLeaderComesBack() {
        return true;
    }

    @Override
    Optional<SortedMap<String, Object>> remote() {
        if (missing(host) && port == null && missing(restoreCommand)) {
            throw new CtlException(
                    "At least --host, --port or --restore-command should be specified");
        }
        SortedMap<String, Object> remote = new TreeMap<>();
        put(remote, "host", host);
        put(remote, "port", port);
        put(remote, "restore_command", restoreCommand);
        put(remote, "primary_slot_name", primarySlotName);
        return Optional.of(remote);
    }

    private static boolean missing(@Nullable String text) {
        return text == null || text.isEmpty();
    }

    private static void put(SortedMap<String, Object> remote, String key, @Nullable Object value) {
        if (value != null && !value.equals("")) {
            remote.put(key, value);
        }
    }
}
