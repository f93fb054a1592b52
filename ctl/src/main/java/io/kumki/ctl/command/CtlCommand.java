package io.kumki.ctl.command;

import io.kumki.ctl.console.Console;
import io.kumki.ctl.members.MemberTable;
import io.kumki.ctl.output.Timestamps;
import io.kumki.ctl.rest.ApiAnswer;
import io.kumki.ctl.session.ClusterAccess;
import io.kumki.ctl.session.Kumkictl;
import io.kumki.ctl.session.Session;
import io.kumki.dcs.cluster.ClusterSettings;
import io.kumki.dcs.cluster.ClusterView;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** What all commands share; a command returns the exit code. */
@SuppressWarnings("NullAway.Init") // picocli sets the fields
abstract class CtlCommand implements Callable<Integer> {

    static final int DONE = 0;
    static final int FAILED = 1;

    @ParentCommand private Kumkictl root;

    @Spec private CommandSpec spec;

    @Option(names = "--help", usageHelp = true, description = "show this text")
    @SuppressWarnings("UnusedVariable") // picocli acts on it
    private boolean help;

    Session session() {
        return root.session();
    }

    Console console() {
        return session().console();
    }

    void print(String line) {
        console().print(line);
    }

    /** The name given, else the configuration's {@code scope}. */
    String clusterName(@Nullable String given) {
        if (given != null) {
            return given;
        }
        return session()
                .config()
                .scope()
                .orElseThrow(() ->
                        new ParameterException(
                                spec.commandLine(), "Missing argument 'CLUSTER_NAME'."));
    }

    ClusterAccess open(String name, OptionalInt ofGroup) {
        return session().open(name, ofGroup);
    }

    void printMembers(ClusterAccess cluster, ClusterView view) {
        print(MemberTable.pretty(cluster, view));
    }

    /** Now, with five digits of fraction: the start of result lines. */
    String now() {
        return Timestamps.fiveDigits(session().clock());
    }

    static ClusterSettings settings(ClusterView view) {
        return view.config().map(ClusterSettings::of).orElse(ClusterSettings.DEFAULT);
    }

    /** The result line of a request that a member refused. */
    static String failed(String what, ApiAnswer answer) {
        return "Failed: %s, status code=%d, (%s)".formatted(what, answer.status(), answer.body());
    }
}
