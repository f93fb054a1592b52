package io.kumki.agent.postgres;

import io.kumki.agent.config.PostgresConfig;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Calls the configured callback scripts in the background, one at a time: a newer one ends the
 * running one with its children. {@code on_reload} has a lane of its own.
 */
final class Callbacks implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Callbacks.class);

    /** A callback that runs for a day is stuck. */
    private static final Duration LIMIT = Duration.ofDays(1);

    private final Supplier<PostgresConfig> config;
    private final AtomicReference<Cancellation> running = new AtomicReference<>(new Cancellation());
    private final AtomicReference<Cancellation> reloading =
            new AtomicReference<>(new Cancellation());

    Callbacks(Supplier<PostgresConfig> config) {
        this.config = config;
    }

    /** Returns at once; does nothing if no such callback is configured. */
    void call(String name, String role) {
        String command = config.get().scripts().callbacks().get(name);
        if (command == null) {
            return;
        }
        List<String> words = new ArrayList<>(ShellWords.split(command));
        words.addAll(
                List.of(
                        name,
                        role.equals("promoted") ? "primary" : role,
                        config.get().clusterName()));
        Cancellation mine = new Cancellation();
        AtomicReference<Cancellation> lane = name.equals("on_reload") ? reloading : running;
        Cancellation earlier = lane.getAndSet(mine);
        Thread.ofVirtual().name("callback-" + name).start(() -> run(name, words, earlier, mine));
    }

    private static void run(
            String name, List<String> words, Cancellation earlier, Cancellation mine) {
        earlier.cancel();
        ProgramRun run = Programs.run(ProgramCall.of(words).within(LIMIT).cancelledBy(mine));
        if (!run.succeeded() && !mine.cancelled()) {
            LOG.atWarn()
                    .addKeyValue("action", name)
                    .addKeyValue("error", run.summary())
                    .log("callback failed");
        }
    }

    /** Ends what runs. */
    @Override
    public void close() {
        running.get().cancel();
        reloading.get().cancel();
    }
}
