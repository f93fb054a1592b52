package io.kumki.ctl;

import io.kumki.ctl.command.Commands;
import io.kumki.ctl.console.AbortedException;
import io.kumki.ctl.console.Console;
import io.kumki.ctl.console.CtlException;
import io.kumki.ctl.session.Kumkictl;
import io.kumki.ctl.session.Surroundings;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Runs one command line; errors become texts and exit codes. */
public final class CommandRunner {

    private static final int ERROR = 1;
    private static final int USAGE = 2;

    private final Surroundings surroundings;

    public CommandRunner(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    /** 0: done; 1: {@code Error: …} or {@code Aborted!}; 2: the command line is wrong. */
    public int run(List<String> arguments) {
        CommandLine line = new CommandLine(new Kumkictl(surroundings));
        Map<String, Supplier<Object>> commands = Commands.all();
        // reflection over all commands would be most of the start-up time: only the one that is
        // named is looked at, unless the names are listed
        commands.entrySet().stream()
                .filter(command -> arguments.contains(command.getKey()))
                .forEach(command -> line.addSubcommand(command.getKey(), command.getValue().get()));
        if (line.getSubcommands().isEmpty()) {
            commands.forEach((name, command) -> line.addSubcommand(name, command.get()));
        }
        line.setOut(surroundings.console().writer());
        line.setParameterExceptionHandler((failure, _) -> usage(failure));
        line.setExecutionExceptionHandler((failure, _, _) -> failed(failure));
        return line.execute(arguments.toArray(String[]::new));
    }

    private int usage(ParameterException failure) {
        CommandLine command = failure.getCommandLine();
        String name = command.getCommandSpec().qualifiedName();
        Console console = surroundings.console();
        console.printError(
                "Usage: " + command.getHelp().synopsis(0).strip().replaceAll("\\s+", " "));
        console.printError("Try '" + name + " --help' for help.\n");
        console.printError("Error: " + text(failure));
        return USAGE;
    }

    private static String text(ParameterException failure) {
        if (failure instanceof UnmatchedArgumentException unmatched) {
            String first = unmatched.getUnmatched().getFirst();
            boolean root = failure.getCommandLine().getParent() == null;
            return first.startsWith("-")
                    ? "No such option: " + first
                    : root
                            ? "No such command '" + first + "'."
                            : "Got unexpected extra argument (" + first + ")";
        }
        return String.valueOf(failure.getMessage());
    }

    private int failed(Exception failure) {
        Console console = surroundings.console();
        switch (failure) {
            case CtlException error -> console.printError("Error: " + error.getMessage());
            case AbortedException _ -> console.printError("Aborted!");
            case ParameterException wrong -> {
                return usage(wrong);
            }
            default -> {
                StringWriter trace = new StringWriter();
                failure.printStackTrace(new PrintWriter(trace));
                console.printError(trace.toString().stripTrailing());
            }
        }
        return ERROR;
    }
}
