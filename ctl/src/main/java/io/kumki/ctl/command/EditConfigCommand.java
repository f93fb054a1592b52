package io.kumki.ctl.command;

import io.kumki.ctl.config.ConfigTree;
import io.kumki.ctl.console.CtlException;
import io.kumki.ctl.output.UnifiedDiff;
import io.kumki.ctl.output.YamlText;
import io.kumki.ctl.session.ClusterAccess;
import io.kumki.dcs.WriteOutcome;
import io.kumki.dcs.cluster.DynamicConfig;
import io.kumki.dcs.cluster.SettingsCheck;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Changes the dynamic configuration, after showing what changes. */
@Command(name = "edit-config", description = "Change the dynamic configuration.")
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class EditConfigCommand extends ClusterCommand {

    private static final String STANDARD_INPUT = "-";

    @Spec private CommandSpec spec;

    @Parameters(arity = "0..1", paramLabel = "CLUSTER_NAME")
    private @Nullable String name;

    @Option(
            names = {"-s", "--set"},
            paramLabel = "PATH=VALUE",
            description = "set a value, written as YAML; null removes it")
    private List<String> set = List.of();

    @Option(
            names = {"-p", "--pg"},
            paramLabel = "PARAM=VALUE",
            description = "set a parameter of PostgreSQL")
    private List<String> parameters = List.of();

    @Option(names = "--apply", paramLabel = "FILE", description = "merge a YAML file (-: stdin)")
    private @Nullable String apply;

    @Option(names = "--replace", paramLabel = "FILE", description = "replace all by a YAML file")
    private @Nullable String replace;

    @Option(
            names = {"-q", "--quiet"},
            description = "don't show what changes")
    private boolean quiet;

    @Option(names = "--force", description = "don't ask")
    private boolean force;

    @Override
    public Integer call() {
        String clusterName = clusterName(name);
        try (ClusterAccess cluster = open(clusterName, ownGroup())) {
            DynamicConfig config =
                    cluster.read()
                            .config()
                            .orElseThrow(() ->
                                    new CtlException(
                                            "The config key does not exist in the cluster "
                                                    + clusterName));
            edit(cluster, config);
            return DONE;
        }
    }

    private void edit(ClusterAccess cluster, DynamicConfig config) {
        Map<String, @Nullable Object> changed = changed(cluster.name(), config.values());
        if (ConfigTree.same(config.values(), changed)) {
            if (!quiet) {
                print("Not changed");
            }
            return;
        }
        if (!quiet) {
            new DiffView(session())
                    .show(
                            UnifiedDiff.lines(
                                    YamlText.block(config.values()), YamlText.block(changed)));
        }
        // Before the question, so that it can be answered no; written all the same where somebody
        // insists, as upstream does.
        SettingsCheck.findings(changed)
                .forEach(finding -> console().printError("Warning: " + finding));
        boolean inputUsedUp = STANDARD_INPUT.equals(apply) || STANDARD_INPUT.equals(replace);
        if (inputUsedUp && !force) {
            print("Use --force option to apply changes");
            return;
        }
        if (!force && !console().confirm("Apply these changes?")) {
            return;
        }
        write(cluster, changed, config.modRevision());
    }

    @SuppressWarnings("NullAway") // JSON has nulls; the port's type says so in words only
    private void write(ClusterAccess cluster, Map<String, @Nullable Object> values, long revision) {
        WriteOutcome outcome =
                cluster.write(
                        cluster.store()
                                .putConfig(new LinkedHashMap<>(values), OptionalLong.of(revision)));
        if (!outcome.applied()) {
            throw new CtlException("Config modification aborted due to concurrent changes");
        }
        print("Configuration changed");
    }

    private Map<String, @Nullable Object> changed(
            String clusterName, Map<String, ? extends @Nullable Object> before) {
        if (replace == null && apply == null && set.isEmpty() && parameters.isEmpty()) {
            String edited = new Editor(session()).edit(clusterName, YamlText.block(before));
            return YamlText.parseMapping(edited, "the edited configuration");
        }
        Map<String, @Nullable Object> after = ConfigTree.merge(before, Map.of());
        if (replace != null) {
            after = YamlText.parseMapping(read("--replace", replace), replace);
            after.values().removeIf(Objects::isNull);
        }
        if (apply != null) {
            after = ConfigTree.merge(after, YamlText.parseMapping(read("--apply", apply), apply));
        }
        List<String> settings = new ArrayList<>(set);
        parameters.forEach(parameter -> settings.add("postgresql.parameters." + parameter));
        for (String setting : settings) {
            int equals = setting.indexOf('=');
            if (equals < 0) {
                throw new CtlException("Invalid parameter setting " + setting);
            }
            String value = setting.substring(equals + 1);
            after =
                    ConfigTree.set(
                            after,
                            setting.substring(0, equals).strip(),
                            YamlText.parse(value, "the value of " + setting));
        }
        return after;
    }

    private String read(String option, String file) {
        if (file.equals(STANDARD_INPUT)) {
            return console().readAll();
        }
        try {
            return Files.readString(Path.of(file));
        } catch (IOException e) {
            throw new ParameterException(
                    spec.commandLine(),
                    "Invalid value for '%s': '%s': cannot be read (%s)"
                            .formatted(option, file, e.getClass().getSimpleName()),
                    e);
        }
    }
}
