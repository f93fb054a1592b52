package io.kumki.ctl.session;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The options that stand before the command. */
@Command(
        name = "kumkictl",
        synopsisSubcommandLabel = "COMMAND [ARGS]...",
        description = "The command line for operators of PostgreSQL clusters.")
@SuppressWarnings("NullAway.Init") // picocli sets the fields
public final class Kumkictl implements Runnable {

    private final Surroundings surroundings;

    @Spec private CommandSpec spec;

    @Option(
            names = {"-c", "--config-file"},
            paramLabel = "PATH",
            description = "file or directory; an agent's own will do (PATRONICTL_CONFIG_FILE)")
    private @Nullable String configFile;

    @Option(
            names = {"-d", "--dcs-url", "--dcs"},
            paramLabel = "URL",
            description = "etcd3://HOST:PORT/NAMESPACE instead of the file's store (DCS_URL)")
    private @Nullable String storeUrl;

    @Option(
            names = {"-k", "--insecure"},
            description = "do not verify the certificates of members' REST APIs")
    private boolean insecure;

    @Option(names = "--help", usageHelp = true, description = "show this text")
    @SuppressWarnings("UnusedVariable") // picocli acts on it
    private boolean help;

    private @Nullable Session session;

    public Kumkictl(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    /** What the commands of this call share. */
    public Session session() {
        Session known = session;
        if (known == null) {
            known =
                    new Session(
                            surroundings,
                            given(configFile, "PATRONICTL_CONFIG_FILE"),
                            given(storeUrl, "DCS_URL"),
                            insecure);
            session = known;
        }
        return known;
    }

    private @Nullable String given(@Nullable String option, String variable) {
        String value =
                Objects.requireNonNullElse(
                        option, surroundings.environment().getOrDefault(variable, ""));
        return value.isEmpty() ? null : value;
    }

    /** Without a command the usage is the answer. */
    @Override
    public void run() {
        surroundings.console().print(spec.commandLine().getUsageMessage().stripTrailing());
    }
}
