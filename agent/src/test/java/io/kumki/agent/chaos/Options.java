package io.kumki.agent.chaos;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/**
 * The command line.
 *
 * @param time how long faults come
 * @param slot of the namespaces' names
 * @param home for data and logs
 * @param distribution that is run
 */
record Options(Duration time, long seed, Mode mode, int slot, Path home, Path distribution) {

    private static final List<String> KNOWN =
            List.of("--minutes", "--seed", "--mode", "--slot", "--home", "--distribution");

    /**
     * @throws IllegalArgumentException with what is wrong and what is right
     */
    static Options parse(String[] args, Random chance) {
        Map<String, String> values = new HashMap<>();
        for (int i = 0; i < args.length; i += 2) {
            if (!KNOWN.contains(args[i])) {
                throw new IllegalArgumentException(
                        "unknown option \"" + args[i] + "\"; known are " + KNOWN.subList(0, 3));
            }
            if (i + 1 == args.length) {
                throw new IllegalArgumentException("\"" + args[i] + "\" needs a value");
            }
            values.put(args[i], args[i + 1]);
        }
        String minutes = values.getOrDefault("--minutes", "10");
        if (!minutes.matches("[0-9]{1,4}(\\.[0-9]{1,3})?")) {
            throw new IllegalArgumentException(
                    "--minutes \"" + minutes + "\" is no number such as 10 or 0.5");
        }
        String seed =
                Optional.ofNullable(values.get("--seed"))
                        .orElseGet(() -> Integer.toString(chance.nextInt(1, 1_000_000)));
        if (!seed.matches("-?[0-9]{1,18}")) {
            throw new IllegalArgumentException("--seed \"" + seed + "\" is no whole number");
        }
        for (String needed : List.of("--slot", "--home", "--distribution")) {
            if (!values.containsKey(needed)) {
                throw new IllegalArgumentException(needed + " is missing; use tools/run-chaos");
            }
        }
        return new Options(
                Duration.ofMillis((long) (Double.parseDouble(minutes) * 60_000)),
                Long.parseLong(seed),
                mode(values.getOrDefault("--mode", "sync")),
                Integer.parseInt(values.getOrDefault("--slot", "")),
                Path.of(values.getOrDefault("--home", "")),
                Path.of(values.getOrDefault("--distribution", "")));
    }

    private static Mode mode(String name) {
        return Arrays.stream(Mode.values())
                .filter(mode -> mode.name().equalsIgnoreCase(name))
                .findFirst()
                .orElseThrow(() ->
                        new IllegalArgumentException(
                                "--mode \""
                                        + name
                                        + "\" is none of "
                                        + Arrays.toString(Mode.values()).toLowerCase(Locale.ROOT)));
    }
}
