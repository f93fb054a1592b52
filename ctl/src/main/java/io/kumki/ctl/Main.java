package io.kumki.ctl;

import io.kumki.ctl.console.Console;
import io.kumki.ctl.session.EtcdStores;
import io.kumki.ctl.session.Surroundings;
import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;

/** The program {@code kumkictl}. */
public final class Main {

    private static final int INTERRUPTED = 1;

    private Main() {}

    /** Runs the command line and ends the JVM with its exit code. */
    public static void main(String[] arguments) {
        Map<String, String> environment = System.getenv();
        Logging.set(environment);
        PrintStream out = stream(FileDescriptor.out);
        PrintStream err = stream(FileDescriptor.err);
        AtomicBoolean finished = abortOnSignal(err);
        int exitCode;
        try (EtcdStores stores = new EtcdStores()) {
            Console console =
                    new Console(
                            new BufferedReader(
                                    new InputStreamReader(System.in, StandardCharsets.UTF_8)),
                            out,
                            err,
                            onTerminal());
            exitCode =
                    new CommandRunner(
                                    new Surroundings(
                                            console,
                                            environment,
                                            Clock.system(ZoneId.systemDefault()),
                                            Thread::sleep,
                                            new Random(),
                                            stores))
                            .run(List.of(arguments));
        }
        out.flush();
        err.flush();
        finished.set(true);
        // not exit(): nothing of a client needs an orderly end, and it would wait for hooks
        Runtime.getRuntime().halt(exitCode);
    }

    /** Ctrl-C is an answer too: {@code Aborted!}, exit code 1 instead of a signal's. */
    private static AtomicBoolean abortOnSignal(PrintStream err) {
        AtomicBoolean finished = new AtomicBoolean();
        Runtime.getRuntime()
                .addShutdownHook(
                        new Thread(
                                () -> {
                                    if (!finished.get()) {
                                        err.print("Aborted!\n");
                                        err.flush();
                                        Runtime.getRuntime().halt(INTERRUPTED);
                                    }
                                },
                                "aborted"));
        return finished;
    }

    @SuppressWarnings("SystemConsoleNull") // the JDK's and NullAway's ideas of it differ
    private static boolean onTerminal() {
        java.io.Console terminal = System.console();
        return terminal != null && terminal.isTerminal();
    }

    private static PrintStream stream(FileDescriptor descriptor) {
        return new PrintStream(new FileOutputStream(descriptor), false, StandardCharsets.UTF_8);
    }
}
