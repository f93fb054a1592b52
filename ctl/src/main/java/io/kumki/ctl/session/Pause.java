package io.kumki.ctl.session;

import java.time.Duration;

/** Waits; tests don't. */
@FunctionalInterface
public interface Pause {

    void sleep(Duration time) throws InterruptedException;
}
