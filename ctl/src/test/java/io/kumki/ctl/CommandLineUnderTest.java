package io.kumki.ctl;

import io.kumki.ctl.console.Console;
import io.kumki.ctl.session.StoreOpener;
import io.kumki.ctl.session.Surroundings;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/** Runs commands in this process, with a fake clock and typed answers. */
public final class CommandLineUnderTest {

    /** What a command printed and how it ended. */
    public record Result(int exitCode, String out, String err) {}

    private static final Instant NOW = Instant.parse("2026-11-21T05:28:05.173456Z");

    private final StoreOpener stores;
    private final Map<String, String> environment = new TreeMap<>();
    private final List<Duration> pauses = new ArrayList<>();
    private int allowedPauses = Integer.MAX_VALUE;
    private String typed = "";

    public CommandLineUnderTest(StoreOpener stores) {
        this.stores = stores;
        environment.put("HOME", "/nonexistent");
        environment.put("PATRONI_SCOPE", "batman");
        environment.put("PATRONI_ETCD3_HOST", "127.0.0.1:2379");
    }

    public CommandLineUnderTest env(String name, String value) {
        environment.put(name, value);
        return this;
    }

    /** Lines for the next command's prompts. */
    public CommandLineUnderTest typing(String... lines) {
        typed = lines.length == 0 ? "" : String.join("\n", lines) + "\n";
        return this;
    }

    /** The next pause after so many is Ctrl-C. */
    public CommandLineUnderTest interruptedAfter(int rounds) {
        allowedPauses = rounds;
        return this;
    }

    public List<Duration> pauses() {
        return pauses;
    }

    public Result run(String... arguments) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Console console =
                new Console(
                        new BufferedReader(new StringReader(typed)),
                        stream(out),
                        stream(err),
                        false);
        typed = "";
        int code =
                new CommandRunner(
                                new Surroundings(
                                        console,
                                        environment,
                                        Clock.fixed(NOW, ZoneOffset.UTC),
                                        this::pause,
                                        new Random(1),
                                        stores))
                        .run(List.of(arguments));
        Thread.interrupted(); // a fake Ctrl-C ends with its command
        return new Result(
                code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    private void pause(Duration time) throws InterruptedException {
        pauses.add(time);
        if (pauses.size() > allowedPauses) {
            throw new InterruptedException("Ctrl-C");
        }
    }

    private static PrintStream stream(ByteArrayOutputStream bytes) {
        return new PrintStream(bytes, true, StandardCharsets.UTF_8);
    }
}
