package io.kumki.agent.postgres;

import java.util.ArrayList;
import java.util.List;

/**
 * Asks a running piece of work to stop. Thread-safe; a hook registered after the cancel runs at
 * once.
 */
public final class Cancellation {

    private final List<Runnable> hooks = new ArrayList<>();
    private boolean cancelled;

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
