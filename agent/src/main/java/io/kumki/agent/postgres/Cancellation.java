package io.kumki.agent.postgres;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Says whether work may go on: asks a running piece of work to stop. Thread-safe; a hook registered
 * after the cancel runs at once.
 */
public final class Cancellation {

    private final List<Runnable> hooks = new ArrayList<>();
    private final Supplier<Optional<String>> lost;
    private boolean cancelled;

    public Cancellation() {
        this(Optional::empty);
    }

    /**
     * @param lost why the work has lost its ground; empty while it has it. Asked on any thread
     */
    public Cancellation(Supplier<Optional<String>> lost) {
        this.lost = lost;
    }

    /** Why the next step must not be done if it can't be taken back: ask just before it. */
    public Optional<String> lostGround() {
        return lost.get();
    }

    public synchronized boolean cancelled() {
        return cancelled;
    }

    /** Registers what ends the current step, such as terminating its process. */
    public void onCancel(Runnable hook) {
        synchronized (this) {
            if (!cancelled) {
                hooks.add(hook);
                return;
            }
        }
        hook.run();
    }

    public void cancel() {
        List<Runnable> toRun;
        synchronized (this) {
            if (cancelled) {
                return;
            }
            cancelled = true;
            toRun = List.copyOf(hooks);
            hooks.clear();
        }
        toRun.forEach(Runnable::run);
    }
}
