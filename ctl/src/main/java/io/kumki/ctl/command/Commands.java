package io.kumki.ctl.command;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;

/** All commands by name. */
public final class Commands {

    private Commands() {}

    /** In the order of the help text; each is made only if it is wanted. */
    public static Map<String, Supplier<Object>> all() {
        Map<String, Supplier<Object>> commands = new LinkedHashMap<>();
        commands.put("list", ListCommand::new);
        commands.put("topology", TopologyCommand::new);
        commands.put("why", WhyCommand::new);
        commands.put("history", HistoryCommand::new);
        commands.put("switchover", SwitchoverCommand::new);
        commands.put("failover", FailoverCommand::new);
        commands.put("pause", PauseCommand::new);
        commands.put("resume", ResumeCommand::new);
        commands.put("show-config", ShowConfigCommand::new);
        commands.put("edit-config", EditConfigCommand::new);
        commands.put("reload", ReloadCommand::new);
        commands.put("restart", RestartCommand::new);
        commands.put("reinit", ReinitCommand::new);
        commands.put("flush", FlushCommand::new);
        commands.put("dsn", DsnCommand::new);
        commands.put("version", VersionCommand::new);
        commands.put("remove", RemoveCommand::new);
        commands.put("demote-cluster", DemoteClusterCommand::new);
        commands.put("promote-cluster", PromoteClusterCommand::new);
        return commands;
    }
}
