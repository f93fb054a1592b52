package io.kumki.agent.config;

import java.nio.file.Path;

/**
 * The {@code watchdog} section.
 *
 * @param safetyMarginSeconds the timeout is {@code ttl} less this; -1: half of {@code ttl}
 * @param driver {@code default}; others than that and {@code testing}: no watchdog
 */
public record WatchdogSettings(Mode mode, Path device, int safetyMarginSeconds, String driver) {

    /** Whether a watchdog guards this node. */
    public enum Mode {
        OFF,
        AUTOMATIC,
        REQUIRED
    }
}
