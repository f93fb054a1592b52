package io.kumki.agent.postgres;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A program to be run.
 *
 * @param command the program and its arguments; never a password among them
 * @param environment added to (or replacing parts of) the agent's own, from which what belongs to
 *     the agent is taken out
 * @param limit ended after this
 * @param cancellation ended when cancelled
 * @param grace between asking it to end (SIGTERM) and killing it
 */
public record ProgramCall(
        List<String> command,
        SortedMap<String, String> environment,
        Duration limit,
        Cancellation cancellation,
        Optional<Path> workingDirectory,
        Duration grace) {

    /** A program that has not ended after a minute has a limit of its own or is stuck. */
    private static final Duration DEFAULT_LIMIT = Duration.ofMinutes(1);

    private static final Duration DEFAULT_GRACE = Duration.ofSeconds(10);

    public ProgramCall {
        command = List.copyOf(command);
        environment = Collections.unmodifiableSortedMap(new TreeMap<>(environment));
    }

    public static ProgramCall of(List<String> command) {
        return new ProgramCall(
                command,
                Collections.emptySortedMap(),
                DEFAULT_LIMIT,
                new Cancellation(),
                Optional.empty(),
                DEFAULT_GRACE);
    }

    public ProgramCall with(String variable, String value) {
        TreeMap<String, String> changed = new TreeMap<>(environment);
        changed.put(variable, value);
        return new ProgramCall(command, changed, limit, cancellation, workingDirectory, grace);
    }

    /** Messages in English, so that they can be read by us. */
    public ProgramCall inEnglish() {
        return with("LANG", "C").with("LC_ALL", "C");
    }

    public ProgramCall within(Duration newLimit) {
        return new ProgramCall(
                command, environment, newLimit, cancellation, workingDirectory, grace);
    }

    /** Killed as soon as it must end: time counts more than its farewell. */
    public ProgramCall withoutGrace() {
        return new ProgramCall(
                command, environment, limit, cancellation, workingDirectory, Duration.ZERO);
    }

    /** Asked to end, it has so long before it is killed. */
    public ProgramCall withGrace(Duration newGrace) {
        return new ProgramCall(
                command, environment, limit, cancellation, workingDirectory, newGrace);
    }

    public ProgramCall cancelledBy(Cancellation by) {
        return new ProgramCall(command, environment, limit, by, workingDirectory, grace);
    }

    public ProgramCall in(Path directory) {
        return new ProgramCall(
                command, environment, limit, cancellation, Optional.of(directory), grace);
    }

    /** The same with more arguments at its end. */
    public ProgramCall plus(List<String> arguments) {
        List<String> longer = new ArrayList<>(command);
        longer.addAll(arguments);
        return new ProgramCall(longer, environment, limit, cancellation, workingDirectory, grace);
    }
}
