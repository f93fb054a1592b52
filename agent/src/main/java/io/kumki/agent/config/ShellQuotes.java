package io.kumki.agent.config;

/** Options of programs are configured as for a shell, and given to the program without one. */
public final class ShellQuotes {

    private ShellQuotes() {}

    /** The value without one level of quotes around it. */
    public static String removed(String value) {
        int last = value.length() - 1;
        boolean quoted =
                last > 0
                        && (value.charAt(0) == '\'' || value.charAt(0) == '"')
                        && value.charAt(last) == value.charAt(0);
        return quoted ? value.substring(1, last) : value;
    }
}
