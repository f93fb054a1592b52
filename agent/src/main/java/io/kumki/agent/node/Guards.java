package io.kumki.agent.node;

import io.kumki.agent.watchdog.Watchdog;
import io.kumki.dcs.cluster.ClusterSettings.Timing;
import io.kumki.restapi.WatchdogMetrics;
import java.util.Optional;
import java.util.OptionalLong;

/** The lease guard, which ends the server, and the machine's watchdog, told together. */
public final class Guards implements Guard {

    private final Guard leaseGuard;
    private final Watchdog watchdog;

    public Guards(Guard leaseGuard, Watchdog watchdog) {
        this.leaseGuard = leaseGuard;
        this.watchdog = watchdog;
    }

    @Override
    public void armed(long untilNanos, Timing timing) {
        leaseGuard.armed(untilNanos, timing);
        watchdog.proven(untilNanos, timing.ttl(), timing.loopWait());
    }

    @Override
    public void armedAsReader(long untilNanos, Timing timing) {
        leaseGuard.armedAsReader(untilNanos, timing);
        watchdog.idle();
    }

    @Override
    public void idle() {
        leaseGuard.idle();
        watchdog.idle();
    }

    @Override
    public void end() {
        leaseGuard.end();
        watchdog.idle();
    }

    @Override
    public void timing(Timing timing) {
        watchdog.timesAre(timing.ttl(), timing.loopWait());
    }

    @Override
    public Optional<String> missing() {
        return leaseGuard.missing().or(watchdog::unhealthy);
    }

    @Override
    public Optional<String> unguarded() {
        return watchdog.unhealthy();
    }

    @Override
    public OptionalLong resetAtNanos() {
        return watchdog.resetAtNanos();
    }

    @Override
    public boolean failing() {
        return watchdog.failing();
    }

    @Override
    public Optional<WatchdogMetrics> watchdog() {
        return watchdog.off()
                ? Optional.empty()
                : Optional.of(
                        new WatchdogMetrics(
                                watchdog.armed(),
                                watchdog.timeoutSeconds().orElse(0),
                                watchdog.failures()));
    }
}
