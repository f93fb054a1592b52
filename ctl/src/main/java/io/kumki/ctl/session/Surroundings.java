package io.kumki.ctl.session;

import io.kumki.ctl.console.Console;
import java.time.Clock;
import java.util.Map;
import java.util.random.RandomGenerator;

/**
 * All that a command touches outside itself and the configuration.
 *
 * @param clock in the time zone of the operator
 */
public record Surroundings(
        Console console,
        Map<String, String> environment,
        Clock clock,
        Pause pause,
        RandomGenerator random,
        StoreOpener stores) {}
