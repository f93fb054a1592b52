package io.kumki.agent.config;

import java.util.List;
import java.util.stream.Collectors;

/** The local configuration can't be used; carries everything that was found wrong with it. */
public final class InvalidConfigException extends Exception {

    private static final long serialVersionUID = 1L;

    private final transient List<Problem> problems;

    public InvalidConfigException(String source, List<Problem> problems) {
        super(
                problems.stream()
                        .map(problem -> "\n  " + problem.sentence())
                        .collect(Collectors.joining("", "cannot use " + source + ":", "")));
        this.problems = List.copyOf(problems);
    }

    InvalidConfigException(String source, String path, String message) {
        this(source, List.of(new Problem(path, "", message)));
    }

    /** In the order of the reference of keys. */
    public List<Problem> problems() {
        return problems;
    }
}
