package io.kumki.restapi;

/**
 * The machine's watchdog.
 *
 * @param armed it counts, and the agent keeps it alive
 * @param timeoutSeconds from a keep-alive to the reset; 0 while it isn't armed
 * @param failures keep-alives that failed, and reasons for which it couldn't be armed
 */
public record WatchdogMetrics(boolean armed, long timeoutSeconds, long failures) {}
