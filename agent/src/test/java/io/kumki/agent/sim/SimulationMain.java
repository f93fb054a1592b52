package io.kumki.agent.sim;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * {@code --seeds N --from N} runs many seeds, {@code --seed N} one with its trace; {@code --mode M}
 * chooses one of {@link Simulation.Mode}. Exits with 1 when one fails, and prints the command that
 * replays it.
 */
public final class SimulationMain {

    private SimulationMain() {}

    public static void main(String[] args) throws InterruptedException, ExecutionException {
        long seeds = 2_000;
        long from = 1;
        Long single = null;
        Simulation.Mode mode = Simulation.Mode.PLAIN;
        for (int i = 0; i < args.length; i += 2) {
            if (i + 1 < args.length && args[i].equals("--mode")) {
                mode = mode(args[i + 1]);
                continue;
            }
            if (i + 1 >= args.length || !args[i + 1].matches("-?[0-9]{1,18}")) {
                usage("\"" + args[i] + "\" needs a number");
            }
            long value = Long.parseLong(args[i + 1]);
            switch (args[i]) {
                case "--seeds" -> seeds = value;
                case "--from" -> from = value;
                case "--seed" -> single = value;
                default -> usage("unknown option \"" + args[i] + "\"");
            }
        }
        System.exit(single == null ? many(from, seeds, mode) : one(single, mode));
    }

    private static Simulation.Mode mode(String name) {
        for (Simulation.Mode mode : Simulation.Mode.values()) {
            if (mode.name().equalsIgnoreCase(name)) {
                return mode;
            }
        }
        usage("\"" + name + "\" is no mode");
        throw new IllegalStateException();
    }

    private static void usage(String problem) {
        System.err.println(
                problem
                        + "; known are --seeds N, --from N, --seed N, --mode "
                        + Arrays.toString(Simulation.Mode.values()).toLowerCase(Locale.ROOT));
        System.exit(2);
    }

    private static int one(long seed, Simulation.Mode mode) {
        Simulation.Result result = Simulation.run(seed, true, mode);
        result.trace().forEach(System.out::println);
        report(result, mode);
        return result.violation().isPresent() ? 1 : 0;
    }

    private static int many(long from, long seeds, Simulation.Mode mode)
            throws InterruptedException, ExecutionException {
        long begun = System.nanoTime();
        List<Simulation.Result> failed = runAll(from, seeds, mode);
        failed.forEach(result -> report(result, mode));
        System.out.printf(
                "%d seeds from %d: %d failed, %.1f s%n",
                seeds, from, failed.size(), (System.nanoTime() - begun) / 1e9);
        return failed.isEmpty() ? 0 : 1;
    }

    /** The failed ones, in order; on as many threads as there are processors. */
    static List<Simulation.Result> runAll(long from, long seeds, Simulation.Mode mode)
            throws InterruptedException, ExecutionException {
        int threads = Math.max(1, Math.min(4, Runtime.getRuntime().availableProcessors()));
        List<Simulation.Result> failed = new ArrayList<>();
        try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
            List<Future<Simulation.Result>> running = new ArrayList<>();
            for (long seed = from; seed < from + seeds; seed++) {
                long which = seed;
                running.add(pool.submit(() -> Simulation.run(which, false, mode)));
            }
            for (Future<Simulation.Result> result : running) {
                if (result.get().violation().isPresent()) {
                    failed.add(result.get());
                }
            }
        }
        return failed;
    }

    static String replay(Simulation.Result result, Simulation.Mode mode) {
        String which =
                mode == Simulation.Mode.PLAIN
                        ? ""
                        : " MODE=" + mode.name().toLowerCase(Locale.ROOT);
        return "make sim SEED=" + result.seed() + which;
    }

    private static void report(Simulation.Result result, Simulation.Mode mode) {
        System.out.printf(
                "seed %d: %s; %d events in %.0f virtual seconds, %s%s%n",
                result.seed(),
                result.violation().orElse("all held"),
                result.events(),
                result.virtualSeconds(),
                result.summary(),
                result.violation().isPresent() ? "\n    replay: " + replay(result, mode) : "");
    }
}
