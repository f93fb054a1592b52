package io.kumki.agent.config;

/**
 * One thing wrong with a configuration.
 *
 * @param path keys joined by dots, list items by index; or the name of a file
 * @param shown the value as text, secrets masked; empty for a missing key
 * @param message what is wrong with it, what is allowed, what to do
 */
public record Problem(String path, String shown, String message) {

    /** {@code PATH VALUE MESSAGE}, the form that {@code --validate-config} prints. */
    public String line() {
        return path + " " + shown + " " + message;
    }

    /** The form for people: {@code PATH = VALUE: MESSAGE}. */
    public String sentence() {
        return path + (shown.isEmpty() ? "" : " = " + shown) + ": " + message;
    }
}
