package io.kumki.dcs.json;

import java.util.List;

/**
 * What could be made of a stored text. Reading never fails: nonsense is left out, and named.
 *
 * @param value as much as could be read
 * @param problems what was left out and why, for the log; empty if all was well
 */
public record Parsed<T>(T value, List<String> problems) {

    public Parsed {
        problems = List.copyOf(problems);
    }

    static <T> Parsed<T> fine(T value) {
        return new Parsed<>(value, List.of());
    }

    static <T> Parsed<T> poor(T value, String problem) {
        return new Parsed<>(value, List.of(problem));
    }
}
