package io.kumki.agent;

import io.kumki.agent.config.InvalidConfigException;
import io.kumki.agent.config.LocalConfig;
import io.kumki.agent.config.LocalConfigLoader;
import io.kumki.agent.config.NodeConfigReader;
import io.kumki.agent.config.Problem;
import io.kumki.agent.config.RefusedConfigException;
import io.kumki.agent.config.ResultingConfig;
import io.kumki.agent.config.StrictValidator;
import io.kumki.agent.node.AgentProcess;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The agent's command line: {@code kumki [options] [CONFIG]}. */
public final class Main {

    private static final String USAGE =
            """
            usage: kumki [options] [CONFIG]
                   kumki healthcheck [postgresql|cluster|disk|all] [URL]

            CONFIG is a YAML file or a directory of *.yml and *.yaml files; KUMKI_* and PATRONI_* environment variables
            lie over it. Without it they are the whole configuration.

              --validate-config         check the configuration, name every mistake, exit 0 or 1
              --ignore-listen-port, -i  with the former: ports to listen on may be in use
              --print, -p               with the former: print the merged configuration if it is valid
              --dry-run                 print the whole configuration with the source of each value, secrets masked;
                                        with mistakes: name them all, exit 1; nothing is touched
              --self-test               run a node for a moment without touching anything, exit 0 or 1
              --version                 print the version
              --help, -h                print this text
            """;

    private Main() {}

    public static void main(String[] arguments) {
        List<String> options = new ArrayList<>();
        List<String> paths = new ArrayList<>();
        for (String argument : arguments) {
            (argument.startsWith("-") ? options : paths).add(argument);
        }
        if (options.contains("--help") || options.contains("-h")) {
            System.out.print(USAGE);
            return;
        }
        if (options.contains("--version")) {
            System.out.println("kumki " + version());
            return;
        }
        List<String> known =
                List.of(
                        "--validate-config",
                        "--ignore-listen-port",
                        "-i",
                        "--print",
                        "-p",
                        "--dry-run",
                        "--self-test");
        Optional<String> unknown =
                options.stream().filter(option -> !known.contains(option)).findFirst();
        if (unknown.isPresent() || paths.size() > 1) {
            System.err.println(
                    "kumki: "
                            + unknown.map(option -> "unknown option " + option)
                                    .orElse("more than one CONFIG"));
            System.err.print(USAGE);
            System.exit(2);
        }
        System.exit(
                run(
                        options,
                        paths.isEmpty()
                                ? Optional.empty()
                                : Optional.of(Path.of(paths.getFirst()))));
    }

    private static int run(List<String> options, Optional<Path> path) {
        List<String> warnings = List.of();
        try {
            if (options.contains("--self-test")) {
                return AgentProcess.selfTest();
            }
            LocalConfigLoader loader = new LocalConfigLoader(path, System.getenv());
            LocalConfig local = loader.load();
            warnings = local.warnings();
            if (options.contains("--validate-config")) {
                return validate(options, local);
            }
            if (options.contains("--dry-run")) {
                return dryRun(local);
            }
            return AgentProcess.run(loader, NodeConfigReader.read(local));
        } catch (InvalidConfigException e) {
            // what was left out may be why something is missing
            warnings.forEach(System.err::println);
            System.err.println(e.getMessage());
            return 1;
        } catch (RefusedConfigException | IOException e) {
            System.err.println(e.getMessage());
            return 1;
        }
    }

    private static int dryRun(LocalConfig local)
            throws InvalidConfigException, RefusedConfigException {
        String printed = ResultingConfig.print(local);
        NodeConfigReader.read(local).warnings().forEach(System.err::println);
        System.out.print(printed);
        return 0;
    }

    private static int validate(List<String> options, LocalConfig local) {
        boolean ignorePorts = options.contains("--ignore-listen-port") || options.contains("-i");
        List<String> findings =
                StrictValidator.validate(
                                local, ignorePorts, System.getenv().getOrDefault("PATH", ""))
                        .stream()
                        .map(Problem::line)
                        .toList();
        findings.forEach(System.err::println);
        if (findings.isEmpty() && (options.contains("--print") || options.contains("-p"))) {
            System.out.print(local.toYaml());
        }
        return findings.isEmpty() ? 0 : 1;
    }

    private static String version() {
        String version = Main.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }
}
