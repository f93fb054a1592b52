package io.kumki.agent.postgres;

import io.kumki.agent.config.PostgresConfig;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Calls the configured callback scripts in the background, one at a time: a newer one ends the
 * running one with its children, and begins when that is gone. {@code on_reload} has a lane of its
 * own.
 *
 * <p>Who decides about roles calls by name; stops and reloads are told where they happen, with the
 * role of the last call. Before the first call, while a cluster is being created, they aren't told.
 */
final class Callbacks implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Callbacks.class);

    /** A callback that runs for a day is stuck. */
    private static final Duration LIMIT = Duration.ofDays(1);

    /** What a callback has to end in when the next one is due; then it is killed. */
    private static final Duration GRACE = Duration.ofMillis(200);

    /** How long the end of the agent waits for a callback. */
    private static final Duration FAREWELL = Duration.ofSeconds(5);

    private static final String RELOAD = "on_reload";

    private final Supplier<PostgresConfig> config;
    private final AtomicReference<Call> running = new AtomicReference<>(Call.ended());
    private final AtomicReference<Call> reloading = new AtomicReference<>(Call.ended());

    /** Of the last call; empty before the first. */
    private volatile String role = "";

    private record Call(Cancellation cancellation, CompletableFuture<Void> end) {
        static Call begin() {
            return new Call(new Cancellation(), new CompletableFuture<>());
        }

        static Call ended() {
            Call call = begin();
            call.end.complete(null);
            return call;
        }
    }

    Callbacks(Supplier<PostgresConfig> config) {
        this.config = config;
    }

    /** Returns at once; does nothing if no such callback is configured. */
    void call(String name, String newRole) {
        role = newRole;
        String command = config.get().scripts().callbacks().get(name);
        if (command == null) {
            return;
        }
        List<String> words = new ArrayList<>(ShellWords.split(command));
        words.addAll(
                List.of(
                        name,
                        newRole.equals("promoted") ? "primary" : newRole,
                        config.get().clusterName()));
        Call mine = Call.begin();
        Call earlier = (name.equals(RELOAD) ? reloading : running).getAndSet(mine);
        Thread.ofVirtual()
                .name("callback-" + name)
                .start(() -> {
                    try {
                        earlier.cancellation().cancel();
                        earlier.end().join();
                        run(name, words, mine.cancellation());
                    } finally {
                        mine.end().complete(null);
                    }
                });
    }

    /** A running server was stopped, and nothing starts it again at once. */
    void stopped() {
        callInRole("on_stop");
    }

    /** A running server was told to reload. */
    void reloaded() {
        callInRole(RELOAD);
    }

    /**
     * A standby was told whom to follow. If that changes its role, the change is all that is told.
     *
     * @param leadsStandbyCluster whether it follows a remote as its cluster's leader now
     */
    void unlessRoleChanges(String name, boolean leadsStandbyCluster) {
        if (role.equals(leadsStandbyCluster ? "standby_leader" : "replica")) {
            callInRole(name);
        }
    }

    private void callInRole(String name) {
        String known = role;
        if (!known.isEmpty()) {
            call(name, known);
        }
    }

    private static void run(String name, List<String> words, Cancellation mine) {
        ProgramRun run =
                Programs.run(
                        ProgramCall.of(words).within(LIMIT).withGrace(GRACE).cancelledBy(mine));
        if (mine.cancelled()) {
            LOG.atInfo().addKeyValue("action", name).log("callback ended for the next one");
        } else if (!run.succeeded()) {
            LOG.atWarn()
                    .addKeyValue("action", name)
                    .addKeyValue("error", run.summary())
                    .log("callback failed");
        }
    }

    /**
     * The agent ends: what runs, such as {@code on_stop} that takes an address away, gets a moment
     * in which its output is still read, and goes on without us after it.
     */
    @Override
    public void close() {
        try {
            CompletableFuture.allOf(running.get().end(), reloading.get().end())
                    .get(FAREWELL.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException _) {
            LOG.atWarn().log("a callback still runs; it is left alone");
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException e) {
            throw new IllegalStateException("the end of a callback never fails", e);
        }
    }
}
